package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Records;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LetterLimitTest {
  private static final int MOST = 3;
  private static final int MAX_BYTES = 1_000;
  private static final int MAX_OF_A_RECORD = 2;
  private static final long MINUTE_MS = 60_000;

  private Step<Row, Row> step;

  @BeforeEach
  void open() throws Exception {
    open(MOST);
  }

  private void open(int most) throws Exception {
    step =
        Step.of(
            new LetterLimit(
                Configs.config(
                    "dead_letters_per_minute", most,
                    "dead_letter_bytes_per_minute", MAX_BYTES,
                    "dead_letters_per_record", MAX_OF_A_RECORD)),
            Outputs.KEYED_JSON);
    step.harness.setProcessingTime(7 * MINUTE_MS);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private static Row letter(String payload, String reason, String sequenceNumber, long records) {
    return Row.of("key", Records.utf8(payload), reason, "shard-1", sequenceNumber, records);
  }

  private static Row letter(int number) {
    return letter("{}", "late", "" + number, 1);
  }

  private void feed(int letters) throws Exception {
    for (int number = 1; number <= letters; number++) {
      step.harness.processElement(letter(number), 0);
    }
  }

  private List<String> payloads() {
    return step.drain().stream()
        .map(row -> new String((byte[]) row.getField(1), StandardCharsets.UTF_8))
        .collect(Collectors.toList());
  }

  private JsonNode onlySummary() throws Exception {
    List<Row> rows = step.drain();
    assertEquals(1, rows.size());
    assertEquals(2, rows.get(0).getArity());
    assertEquals("too_many_letters", rows.get(0).getField(0));
    return Step.payload(rows.get(0));
  }

  @Test
  void whatIsWithinTheLimitPassesWithItsKey() throws Exception {
    List<Row> rows = step.process(letter(1));
    assertEquals(1, rows.size());
    assertEquals("key", rows.get(0).getField(0));
    assertEquals(2, rows.get(0).getArity());
    assertEquals(0, step.count("summed_up"));
  }

  @Test
  void theRestOfAMinuteIsOneLetterAtItsEnd() throws Exception {
    feed(MOST + 4);
    assertEquals(List.of("{}", "{}", "{}"), payloads());
    step.harness.setProcessingTime(8 * MINUTE_MS - 1);
    assertEquals(List.of(), payloads());
    step.harness.setProcessingTime(8 * MINUTE_MS);
    JsonNode summary = onlySummary();
    assertEquals(4, summary.get("count").intValue());
    assertEquals("4", summary.at("/ranges/0/first_sequence_number").textValue());
    assertEquals("7", summary.at("/ranges/0/last_sequence_number").textValue());
    assertEquals(4, step.count("summed_up"));
  }

  @Test
  void theNextMinuteBeginsAnew() throws Exception {
    feed(MOST);
    step.harness.setProcessingTime(8 * MINUTE_MS);
    feed(MOST + 1);
    assertEquals(2 * MOST, payloads().size());
  }

  @Test
  void whatExceedsTheBytesOfAMinuteIsWrittenWithoutTheRecord() throws Exception {
    String letter = "{\"reason\":\"late\",\"raw\":\"" + "x".repeat(MAX_BYTES / 2) + "\",\"truncated\":false}";
    assertEquals(letter.length(), ((byte[]) step.process(letter(letter, "late", "1", 1)).get(0).getField(1)).length);
    Row bare = step.process(letter(letter, "late", "2", 1)).get(0);
    assertEquals("key", bare.getField(0));
    assertEquals("", Step.payload(bare).get("raw").textValue());
    assertEquals("late", Step.payload(bare).get("reason").textValue());
    assertTrue(Step.payload(bare).get("truncated").booleanValue());
    step.harness.setProcessingTime(8 * MINUTE_MS);
    JsonNode next = Step.payload(step.process(letter(letter, "late", "3", 1)).get(0));
    assertEquals(MAX_BYTES / 2, next.get("raw").textValue().length());
  }

  /** So that it is never part of saved state: what is read again after a restore counts again. */
  @Test
  void aCheckpointHasTheSummaryBeforeIt() throws Exception {
    feed(MOST + 1);
    step.drain();
    step.harness.prepareSnapshotPreBarrier(1);
    assertEquals(1, onlySummary().get("count").intValue());
    step.harness.prepareSnapshotPreBarrier(2);
    assertEquals(List.of(), payloads());
  }

  @Test
  void theEndOfTheInputHasTheSummaryBeforeIt() throws Exception {
    feed(MOST + 2);
    step.drain();
    step.harness.endInput();
    assertEquals(2, onlySummary().get("count").intValue());
  }

  @Test
  void aSummaryOfOneRecordCountsForAllOfItsParts() throws Exception {
    feed(MOST);
    step.drain();
    step.process(letter("{}", "too_many_parts", "9", 500_000));
    step.process(letter("{}", "late", "10", 1));
    step.harness.endInput();
    JsonNode summary = onlySummary();
    assertEquals(500_001, summary.get("count").intValue());
    assertEquals("{\"late\":1,\"too_many_parts\":500000}", summary.get("reasons").toString());
  }

  @Test
  void aLetterOfNoKnownPlaceIsCounted() throws Exception {
    feed(MOST);
    step.drain();
    step.process(Row.of("late", Records.utf8("{}"), "late", null, null, 1L));
    step.harness.endInput();
    JsonNode summary = onlySummary();
    assertTrue(summary.at("/ranges/0/shard_id").isNull());
    assertEquals(1, summary.at("/ranges/0/count").intValue());
  }

  /** Steps after the parser refuse parts too, as late ones; its own limit knows nothing of them. */
  @Test
  void theLettersOfOneStreamRecordBeyondItsLimitAreSummedUp() throws Exception {
    step.close();
    open(100);
    for (int part = 0; part < 10; part++) {
      step.process(letter("{}", part % 2 == 0 ? "late" : "scoring", "7", 1));
      step.process(letter("{}", "late", "8" + part, 1));
    }
    assertEquals(1, step.process(letter("{}", "too_many_parts", "7", 50)).size());
    step.harness.setProcessingTime(8 * MINUTE_MS);
    JsonNode summary = onlySummary();
    assertEquals(10 - MAX_OF_A_RECORD, summary.get("count").intValue());
    assertEquals("7", summary.at("/ranges/0/first_sequence_number").textValue());
    assertEquals("7", summary.at("/ranges/0/last_sequence_number").textValue());
    assertEquals("{\"late\":4,\"scoring\":4}", summary.get("reasons").toString());
  }

  @Test
  void aRecordKeepsItsCountInTheNextMinute() throws Exception {
    step.close();
    open(100);
    assertEquals(1, step.process(letter("{}", "late", "7", 1)).size());
    step.harness.setProcessingTime(8 * MINUTE_MS);
    assertEquals(1, step.process(letter("{}", "late", "7", 1)).size());
    assertEquals(0, step.process(letter("{}", "late", "7", 1)).size());
  }

  @Test
  void filesHaveNoLimit() throws Exception {
    step.close();
    open(0);
    feed(10 * MOST);
    assertEquals(10 * MOST, payloads().size());
  }
}
