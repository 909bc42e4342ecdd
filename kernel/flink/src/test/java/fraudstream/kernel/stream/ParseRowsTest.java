package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.KplAggregates;
import fraudstream.kernel.record.Records;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.apache.commons.codec.digest.DigestUtils;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParseRowsTest {
  private static final long TOLERANCE_MS = 5;
  private static final long TIME_MS = Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli();
  private static final JobConfig CONFIG = Configs.config("future_tolerance_ms", TOLERANCE_MS);

  private Step<RowData, Event> step;

  private void open(boolean isLabels) throws Exception {
    step = Step.of(new ParseRows(CONFIG, isLabels), EventTypeInfo.EVENT);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  /** A row as emitted by the table source. */
  private static RowData row(byte[] raw, long arrivalMs) {
    return GenericRowData.of(
        raw,
        TimestampData.fromEpochMillis(arrivalMs),
        StringData.fromString("shard-1"),
        StringData.fromString("42"));
  }

  private static RowData bare(byte[] raw) {
    return GenericRowData.of(raw, null, null, null);
  }

  private Event read(RowData row) throws Exception {
    List<Event> events = step.process(row);
    assertEquals(1, events.size());
    return events.get(0);
  }

  /** The only dead letter, a row of key and JSON. */
  private Row onlyDeadLetter() {
    List<Row> letters = step.side(Outputs.DEAD_LETTERS);
    assertEquals(1, letters.size());
    return letters.get(0);
  }

  // ---- transactions ----

  @Test
  void aRowIsATransactionThatKnowsWhenAndWhereItCameFrom() throws Exception {
    open(false);
    byte[] raw = Records.utf8(Records.json());
    Event event = read(row(raw, TIME_MS + 1_234));
    assertEquals(Event.Kind.TRANSACTION, event.kind);
    assertArrayEquals(raw, event.raw);
    assertEquals("T1", event.transactionId);
    assertEquals(TIME_MS, event.timeMs);
    assertEquals(TIME_MS + 1_234, event.arrivalMs);
    assertEquals("shard-1", event.shardId);
    assertEquals("42", event.sequenceNumber);
    assertEquals(10, event.features[0], "Vietnam's hour");
    assertEquals(0, step.count("refused"));
  }

  @Test
  void aRowMayHoldSeveralTransactionsAndABrokenOneSpoilsNoOther() throws Exception {
    open(false);
    String first = Records.json("transaction_id", "\"first\"");
    String last = Records.json("transaction_id", "\"last\"");
    List<Event> events =
        step.process(row(Records.utf8(first + "\n{\"cut\n" + last), TIME_MS + 1_234));
    assertEquals(2, events.size());
    assertEquals("first", events.get(0).transactionId);
    assertArrayEquals(Records.utf8(first), events.get(0).raw);
    assertEquals("last", events.get(1).transactionId);
    for (Event event : events) {
      assertEquals(TIME_MS + 1_234, event.arrivalMs);
      assertEquals("shard-1", event.shardId);
      assertEquals("42", event.sequenceNumber);
    }
    JsonNode letter = Step.payload(onlyDeadLetter());
    assertEquals("{\"cut", letter.get("raw").textValue());
    assertEquals("42", letter.get("sequence_number").textValue());
  }

  @Test
  void theLimitOfARecordIsThatOfEachTransaction() throws Exception {
    open(false);
    String large = "{\"note\":\"" + "x".repeat(1_000) + "\"}";
    String many = (Records.json() + "\n").repeat(4) + large;
    assertEquals(4, step.process(row(Records.utf8(many), TIME_MS)).size());
    assertEquals("oversize", Step.payload(onlyDeadLetter()).get("reason").textValue());
  }

  @Test
  void whatTheSourceCannotTellIsUnknown() throws Exception {
    open(false);
    Event event = read(bare(Records.utf8(Records.json())));
    assertEquals(Event.NO_TIME, event.arrivalMs);
    assertNull(event.shardId);
    assertNull(event.sequenceNumber);
  }

  @ParameterizedTest
  @CsvSource({"0, true", "-5, true", "-6, false"})
  void anEventTimeIsJudgedByTheArrivalInTheStream(long arrivedLaterMs, boolean isRead)
      throws Exception {
    open(false);
    List<Event> events =
        step.process(row(Records.utf8(Records.json()), TIME_MS + arrivedLaterMs));
    assertEquals(isRead ? 1 : 0, events.size());
    if (!isRead) {
      JsonNode letter = Step.payload(onlyDeadLetter());
      assertEquals("future_time", letter.get("reason").textValue());
    }
  }

  @Test
  void withoutAnArrivalAnEventTimeIsJudgedByTheClock() throws Exception {
    open(false);
    long dayMs = 86_400_000;
    long nowMs = System.currentTimeMillis();
    for (long timeMs : new long[] {nowMs - dayMs, nowMs + dayMs}) {
      String time = "\"" + Instant.ofEpochMilli(timeMs) + "\"";
      List<Event> events = step.process(bare(Records.utf8(Records.json("event_time", time))));
      assertEquals(timeMs < nowMs ? 1 : 0, events.size(), time);
    }
    assertEquals(
        "future_time", Step.payload(onlyDeadLetter()).get("reason").textValue());
  }

  // ---- dead letters ----

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRecordOfBadBytesIsADeadLetterKeyedByItsSequenceNumber(boolean isLabels) throws Exception {
    open(isLabels);
    byte[] bad = {(byte) 0xC3, '(', (byte) 0xFF};
    assertEquals(List.of(), step.process(row(bad, 1_000)));
    assertEquals("42", onlyDeadLetter().getField(0));
    JsonNode letter = Step.payload(onlyDeadLetter());
    assertEquals("malformed_json", letter.get("reason").textValue());
    assertEquals("base64", letter.get("encoding").textValue());
    assertArrayEquals(bad, Base64.getDecoder().decode(letter.get("raw").textValue()));
    assertEquals("shard-1", letter.get("shard_id").textValue());
    assertEquals("42", letter.get("sequence_number").textValue());
    assertEquals("1970-01-01T00:00:01.000Z", letter.get("arrival_time").textValue());
    assertEquals(1, step.count("refused"));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void withoutASequenceNumberTheKeyIsTheReason(boolean isLabels) throws Exception {
    open(isLabels);
    step.process(bare(Records.utf8("{}")));
    assertEquals("missing_field", onlyDeadLetter().getField(0));
    JsonNode letter = Step.payload(onlyDeadLetter());
    assertTrue(letter.get("shard_id").isNull());
    assertTrue(letter.get("sequence_number").isNull());
    assertTrue(letter.get("arrival_time").isNull());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRecordOfNoBytesIsADeadLetterToo(boolean isLabels) throws Exception {
    open(isLabels);
    assertEquals(List.of(), step.process(row(null, 1_000)));
    assertEquals("", Step.payload(onlyDeadLetter()).get("raw").textValue());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRecordThatIsTooLargeIsADeadLetterWithoutBeingRead(boolean isLabels) throws Exception {
    open(isLabels);
    String record = isLabels ? Records.label() : Records.json();
    int maxBytes = CONFIG.maxRecordBytes;
    String padded = record + " ".repeat(maxBytes - record.length());
    assertEquals(1, step.process(row(Records.utf8(padded), TIME_MS)).size());
    assertEquals(List.of(), step.process(row(Records.utf8(padded + " "), TIME_MS)));
    assertEquals("oversize", Step.payload(onlyDeadLetter()).get("reason").textValue());
  }

  @Test
  void aBadRecordStopsNoneOfTheOthers() throws Exception {
    open(false);
    byte[] good = Records.utf8(Records.json());
    for (byte[] raw : List.of(good, Records.utf8("{"), good, Records.utf8("[]"), good)) {
      step.process(row(raw, TIME_MS));
    }
    assertEquals(2, step.count("refused"));
    assertEquals(2, step.side(Outputs.DEAD_LETTERS).size());
    read(row(good, TIME_MS));
  }

  // ---- reviews ----

  private List<Row> reviews() {
    return step.side(Outputs.REVIEWS);
  }

  @Test
  void aRefusedTransactionWithIdsIsToBeReviewed() throws Exception {
    open(false);
    byte[] raw = Records.utf8(Records.json("latitude", "999"));
    step.process(row(raw, TIME_MS + 7));
    assertEquals(1, reviews().size());
    Row review = reviews().get(0);
    String detail = Step.payload(onlyDeadLetter()).get("detail").textValue();
    assertEquals(
        Row.of(
            "A1",
            "T1",
            "invalid_value",
            detail,
            TIME_MS,
            TIME_MS + 7,
            1_000.0,
            DigestUtils.sha256Hex(raw)),
        review);
  }

  @Test
  void aTransactionThatIsTooLargeIsToBeReviewedToo() throws Exception {
    open(false);
    String json = Records.json();
    String large = json.substring(0, json.length() - 1) + ",\"note\":\"" + "x".repeat(2_000) + "\"}";
    step.process(row(Records.utf8(large), TIME_MS));
    assertEquals("oversize", reviews().get(0).getField(Outputs.REVIEW_REASON));
    assertEquals("A1", reviews().get(0).getField(Outputs.ACCOUNT));
  }

  @ParameterizedTest
  @ValueSource(strings = {"account_id", "transaction_id"})
  void withoutAnIdThereIsNothingToReview(String id) throws Exception {
    open(false);
    step.process(row(Records.utf8(Records.json(id, null)), TIME_MS));
    assertEquals("missing_field", onlyDeadLetter().getField(Outputs.LETTER_REASON));
    assertEquals(List.of(), reviews());
  }

  @Test
  void whereNobodyReadsAlertsThereAreNoReviews() throws Exception {
    step = Step.of(new ParseRows(Configs.config("with_reviews", false), false), EventTypeInfo.EVENT);
    step.process(row(Records.utf8(Records.json("latitude", "999")), TIME_MS));
    onlyDeadLetter();
    assertEquals(List.of(), reviews());
  }

  @Test
  void aRefusedLabelHasNoReview() throws Exception {
    open(true);
    step.process(row(Records.utf8(Records.label("is_fraud", "7")), TIME_MS));
    onlyDeadLetter();
    assertEquals(List.of(), reviews());
  }

  // ---- records of many parts ----

  private static final int MAX_LETTERS = CONFIG.deadLettersPerRecord;

  /** A megabyte of braces was half a million dead letters. */
  @Test
  void theLettersOfOneRecordAreLimitedAndTheRestIsSummedUp() throws Exception {
    open(false);
    byte[] braces = Records.utf8("{\n".repeat(1 << 19));
    assertEquals(List.of(), step.process(row(braces, TIME_MS)));
    List<Row> letters = step.side(Outputs.DEAD_LETTERS);
    assertEquals(MAX_LETTERS + 1, letters.size());
    Row last = letters.get(MAX_LETTERS);
    long rest = (1 << 19) - MAX_LETTERS;
    assertEquals("42", last.getField(Outputs.KEY));
    assertEquals("too_many_parts", last.getField(Outputs.LETTER_REASON));
    assertEquals(rest, last.getField(Outputs.RECORDS));
    JsonNode summary = Step.payload(last);
    assertEquals("{\"missing_field\":" + rest + "}", summary.get("reasons").toString());
    assertEquals(2 * MAX_LETTERS, summary.get("from_byte").intValue());
    assertEquals(1 << 20, summary.get("to_byte").intValue());
    assertEquals(1 << 19, step.count("refused"));
    step.process(row(Records.utf8("{"), TIME_MS));
    assertEquals(MAX_LETTERS + 2, step.side(Outputs.DEAD_LETTERS).size(), "the next begins anew");
  }

  @Test
  void goodTransactionsAmongThemAreAllReadAndEachRefusedOneIsReviewed() throws Exception {
    open(false);
    StringBuilder record = new StringBuilder();
    for (int i = 0; i < 50; i++) {
      record.append(Records.json("transaction_id", "\"good-" + i + "\"")).append('\n');
      record.append(Records.json("transaction_id", "\"bad-" + i + "\"", "latitude", "91"));
      record.append('\n');
    }
    assertEquals(50, step.process(row(Records.utf8(record.toString()), TIME_MS)).size());
    assertEquals(MAX_LETTERS + 1, step.side(Outputs.DEAD_LETTERS).size());
    assertEquals(50, reviews().size());
  }

  @Test
  void anAggregatedRecordIsItsParts() throws Exception {
    open(false);
    String second = Records.json("transaction_id", "\"T2\"");
    byte[] record = KplAggregates.of(Records.json(), "{", second);
    List<Event> events = step.process(row(record, TIME_MS));
    assertEquals(List.of("T1", "T2"), List.of(events.get(0).transactionId, events.get(1).transactionId));
    assertEquals("42", events.get(1).sequenceNumber);
    assertArrayEquals(Records.utf8(second), events.get(1).raw);
    assertEquals("{", Step.payload(onlyDeadLetter()).get("raw").textValue());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDamagedAggregateIsADeadLetterThatSaysSo(boolean isLabels) throws Exception {
    open(isLabels);
    byte[] record = KplAggregates.of(Records.json());
    record[record.length - 1] ^= 1;
    assertEquals(List.of(), step.process(row(record, TIME_MS)));
    JsonNode letter = Step.payload(onlyDeadLetter());
    assertEquals("aggregation", letter.get("reason").textValue());
    assertTrue(letter.get("detail").textValue().startsWith("aggregated by the Kinesis Producer"));
    assertEquals("42", letter.get("sequence_number").textValue());
    assertArrayEquals(record, Base64.getDecoder().decode(letter.get("raw").textValue()));
    assertEquals(1, step.count("refused"));
    assertEquals(List.of(), reviews());
  }

  @Test
  void anAggregateWithinAnotherIsADeadLetterAndThePartsBesideItAreRead() throws Exception {
    open(false);
    String inner = new String(KplAggregates.of(Records.json()), StandardCharsets.ISO_8859_1);
    byte[] record = KplAggregates.of(StandardCharsets.ISO_8859_1, inner, Records.json());
    assertEquals("T1", read(row(record, TIME_MS)).transactionId);
    JsonNode letter = Step.payload(onlyDeadLetter());
    assertEquals("aggregation", letter.get("reason").textValue());
    byte[] raw = Base64.getDecoder().decode(letter.get("raw").textValue());
    assertEquals(inner, new String(raw, StandardCharsets.ISO_8859_1));
  }

  // ---- labels ----

  @Test
  void aRowOfTheStreamOfLabelsIsALabel() throws Exception {
    open(true);
    Event label = read(row(Records.utf8(Records.label()), 0));
    assertEquals(Event.Kind.LABEL, label.kind);
    assertEquals("T1", label.transactionId);
    assertEquals(TIME_MS, label.timeMs);
    assertTrue(label.isFraud);
    assertEquals(List.of(), step.side(Outputs.DEAD_LETTERS));
  }

  @Test
  void aTransactionInTheStreamOfLabelsIsADeadLetter() throws Exception {
    open(true);
    assertEquals(List.of(), step.process(row(Records.utf8(Records.json()), TIME_MS)));
    assertEquals("missing_field", Step.payload(onlyDeadLetter()).get("reason").textValue());
  }
}
