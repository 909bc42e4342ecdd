package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.KplAggregates;
import fraudstream.kernel.record.Records;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParseLinesTest {
  private static final double NULL = Double.NaN;

  /** Tolerance between the wall clock and the monotonic clock that paces the transactions. */
  private static final long CLOCKS_DIFFER_MS = 10;

  private static final long TIME_MS = Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli();

  private Step<byte[], Event> step;

  /** Opens the step without a ramp; event times of a file are not checked against a clock. */
  private void open(boolean isLabelled, double transactionsPerSecond) throws Exception {
    open(isLabelled, transactionsPerSecond, 0);
  }

  private void open(boolean isLabelled, double transactionsPerSecond, long rampMs)
      throws Exception {
    JobConfig config =
        Configs.config(
            "is_labelled", isLabelled,
            "transactions_per_second", transactionsPerSecond,
            "ramp_ms", rampMs,
            "future_tolerance_ms", -1);
    step = Step.of(new ParseLines(config), EventTypeInfo.EVENT);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private Event read(String line) throws Exception {
    List<Event> events = step.process(Records.utf8(line));
    assertEquals(1, events.size(), line);
    return events.get(0);
  }

  private JsonNode onlyDeadLetter() throws Exception {
    List<Row> letters = step.side(Outputs.DEAD_LETTERS);
    assertEquals(1, letters.size());
    return Step.payload(letters.get(0));
  }

  // ---- lines ----

  @Test
  void aLineIsATransactionReadyForTheWindows() throws Exception {
    open(false, 0);
    String line = Records.json("device_id", "\"D1\"", "transaction_amount_vnd", "2500");
    Event event = read(line);
    assertEquals(Event.Kind.TRANSACTION, event.kind);
    assertArrayEquals(Records.utf8(line), event.raw);
    assertEquals("T1", event.transactionId);
    assertEquals(0, event.idHash, "parsers know no key");
    assertTrue(event.contents.length > 0);
    assertEquals(TIME_MS, event.timeMs);
    assertEquals(2_500, event.amountVnd);
    assertEquals("A1", event.ids[Entity.ACCOUNT_ID.ordinal()]);
    assertEquals("D1", event.ids[Entity.DEVICE_ID.ordinal()]);
    assertArrayEquals(new double[] {10, NULL, NULL, NULL}, event.features, "Vietnam's hour");
    assertEquals(Event.NO_TIME, event.arrivalMs);
  }

  @Test
  void aRefusedLineIsToBeReviewedAndEachHasADeadLetter() throws Exception {
    open(false, 0);
    for (int i = 0; i < 10; i++) {
      step.process(Records.utf8(Records.json("latitude", "999")));
    }
    assertEquals(10, step.side(Outputs.DEAD_LETTERS).size());
    assertEquals(10, step.side(Outputs.REVIEWS).size());
    assertEquals(Event.NO_TIME, step.side(Outputs.REVIEWS).get(0).getField(Outputs.ARRIVAL_MS));
  }

  @Test
  void blankLinesAreNoRecords() throws Exception {
    open(true, 0);
    for (String blank : new String[] {"T", "T ", "T\t\r", "L"}) {
      assertEquals(List.of(), step.process(Records.utf8(blank)));
    }
    assertEquals(List.of(), step.side(Outputs.DEAD_LETTERS));
    assertEquals(0, step.counted("transactions") + step.counted("labels"));
    step.process(Records.utf8("T{\"record_base64\":\"\"}"));
    assertEquals("malformed_json", onlyDeadLetter().get("reason").textValue(), "of a stream");
  }

  @Test
  void whatIsReadAndRefusedIsCountedByKindAndReason() throws Exception {
    open(true, 0);
    String good = Records.json();
    for (String line : new String[] {good, good, "{", Records.json("latitude", "999")}) {
      step.process(Records.utf8("T" + line));
    }
    for (String line : new String[] {Records.label(), Records.label("is_fraud", "null")}) {
      step.process(Records.utf8("L" + line));
    }
    assertEquals(4, step.counted("transactions"));
    assertEquals(1, step.counted("refused:malformed_json"));
    assertEquals(1, step.counted("refused:invalid_value"));
    assertEquals(2, step.counted("labels"));
    assertEquals(1, step.counted("refused_labels:missing_field"));
  }

  @Test
  void aTransactionTakesNothingOverFromTheOneBefore() throws Exception {
    open(false, 0);
    read(Records.json("device_id", "\"D1\""));
    assertEquals(null, read(Records.json()).ids[Entity.DEVICE_ID.ordinal()]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{", "Huế 😀", "\u00a0"})
  void whatIsNoRecordIsADeadLetterKeyedByTheReason(String line) throws Exception {
    open(false, 0);
    assertEquals(List.of(), step.process(Records.utf8(line)));
    assertEquals(line, onlyDeadLetter().get("raw").textValue());
    assertEquals("malformed_json", onlyDeadLetter().get("reason").textValue());
    assertTrue(onlyDeadLetter().get("arrival_time").isNull());
    assertEquals("malformed_json", step.side(Outputs.DEAD_LETTERS).get(0).getField(0));
    assertEquals(1, step.count("refused"));
    read(Records.json());
    assertEquals(1, step.count("refused"), "the next one is read again");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "T", "L"})
  void anEscapedLineIsRefusedAsItsBytesAreInTheStream(String letter) throws Exception {
    open(!letter.isEmpty(), 0);
    byte[] damaged = KplAggregates.of("{}\n{}");
    damaged[damaged.length - 1] ^= 1;
    String base64 = Base64.getEncoder().encodeToString(damaged);
    step.process(Records.utf8(letter + "{\"record_base64\":\"" + base64 + "\"}"));
    assertEquals("aggregation", onlyDeadLetter().get("reason").textValue());
    assertTrue(onlyDeadLetter().get("detail").textValue().contains("MD5 does not match"));
    assertEquals(base64, onlyDeadLetter().get("raw").textValue());
  }

  // ---- lines with a kind letter ----

  @Test
  void theLetterSaysWhetherALineIsATransactionOrALabel() throws Exception {
    open(true, 0);
    Event transaction = read("T" + Records.json());
    assertEquals(Event.Kind.TRANSACTION, transaction.kind);
    assertArrayEquals(Records.utf8(Records.json()), transaction.raw, "without the letter");
    Event label = read("L" + Records.label());
    assertEquals(Event.Kind.LABEL, label.kind);
    assertEquals("T1", label.transactionId);
    assertEquals(TIME_MS, label.timeMs);
    assertEquals(
        Instant.parse("2026-02-02T03:04:05.678Z").toEpochMilli(), label.availableAtMs);
    assertTrue(label.isFraud);
    assertEquals(0, step.count("refused"));
  }

  @ParameterizedTest
  @CsvSource({"T, {}, transaction", "L, {}, label", "T, [], ''", "L, 1, ''", "T, T{}, ''"})
  void whatIsNoRecordBehindItsLetterIsADeadLetterWithoutTheLetter(
      String letter, String record, String whose) throws Exception {
    open(true, 0);
    assertEquals(List.of(), step.process(Records.utf8(letter + record)));
    assertEquals(record, onlyDeadLetter().get("raw").textValue());
    String detail = onlyDeadLetter().get("detail").textValue();
    assertTrue(detail.contains(whose), detail);
    assertEquals(1, step.count("refused"));
  }

  @Test
  void aLabelIsNotReadAsATransactionOrTheOtherWayRound() throws Exception {
    open(true, 0);
    assertEquals(List.of(), step.process(Records.utf8("L" + Records.json())));
    assertEquals(List.of(), step.process(Records.utf8("T" + Records.label())));
    assertEquals(2, step.count("refused"));
  }

  // ---- pace ----

  @ParameterizedTest
  @CsvSource({"1000, 0 1 2 3 4", "500, 0 2 4 6 8", "2000, 0 0 1 1 2", "37.5, 0 26 53 80 106"})
  void transactionIArrivesAtTheStartPlusIByTheRate(double rate, String arrivals) throws Exception {
    open(false, rate);
    long beforeMs = System.currentTimeMillis();
    List<Long> read = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      read.add(read(Records.json()).arrivalMs);
    }
    long startMs = read.get(0);
    assertTrue(beforeMs <= startMs && startMs <= System.currentTimeMillis());
    for (int i = 0; i < 5; i++) {
      assertEquals(Long.parseLong(arrivals.split(" ")[i]), read.get(i) - startMs, "number " + i);
    }
  }

  /** The rate of 1,000/s is reached after 8 ms; 4 come before that, the n-th at 8 √(n/4) ms. */
  @Test
  void onTheRampTransactionsComeFasterAndFasterAndThenAtTheRate() throws Exception {
    open(false, 1_000, 8);
    long startMs = read(Records.json()).arrivalMs;
    List<Long> arrivals = new ArrayList<>();
    for (int i = 1; i < 8; i++) {
      arrivals.add(read(Records.json()).arrivalMs - startMs);
    }
    assertEquals(List.of(4L, 5L, 6L, 8L, 9L, 10L, 11L), arrivals);
  }

  @Test
  void aTransactionIsLetThroughNoEarlierThanItArrives() throws Exception {
    open(false, 100);
    read(Records.json());
    // If the first transaction took long, some later ones are due immediately.
    long dueMs = System.currentTimeMillis() + 50;
    long arrivalMs;
    do {
      arrivalMs = read(Records.json()).arrivalMs;
    } while (arrivalMs < dueMs);
    long earlyMs = arrivalMs - System.currentTimeMillis();
    assertTrue(earlyMs <= CLOCKS_DIFFER_MS, earlyMs + " ms");
  }

  @Test
  void whereTheJobDoesNotKeepUpTransactionsArriveNoLaterForIt() throws Exception {
    open(false, 1_000);
    long startMs = read(Records.json()).arrivalMs;
    Thread.sleep(20);
    assertEquals(startMs + 1, read(Records.json()).arrivalMs);
  }

  @Test
  void aRefusedTransactionTakesItsTimeToo() throws Exception {
    open(true, 1_000);
    long startMs = read("T" + Records.json()).arrivalMs;
    step.process(Records.utf8("T{"));
    assertEquals(startMs + 2, read("T" + Records.json()).arrivalMs);
    String arrival = onlyDeadLetter().get("arrival_time").textValue();
    assertEquals(startMs + 1, Instant.parse(arrival).toEpochMilli());
  }

  @Test
  void labelsTakeNoTimeAndDoNotArrive() throws Exception {
    open(true, 1_000);
    read("L" + Records.label());
    long startMs = read("T" + Records.json()).arrivalMs;
    assertEquals(Event.NO_TIME, read("L" + Records.label()).arrivalMs);
    step.process(Records.utf8("L{"));
    assertTrue(onlyDeadLetter().get("arrival_time").isNull());
    assertEquals(startMs + 1, read("T" + Records.json()).arrivalMs);
  }
}
