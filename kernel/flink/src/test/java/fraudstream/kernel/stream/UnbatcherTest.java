package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.json.ScoredJson;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.types.Row;
import org.apache.flink.util.OutputTag;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UnbatcherTest {
  private static final int WIDTH = 4;
  private static final JobConfig CONFIG = Configs.config();
  private static final ScoredJson JSON =
      new ScoredJson(CONFIG.catalogue().features(), "v1", "abc");

  private Step<Row, Row> step;

  @BeforeEach
  void open() throws Exception {
    open(CONFIG, true);
  }

  private void open(JobConfig config, boolean withScored) throws Exception {
    step = Step.of(new Unbatcher(config, withScored), Outputs.KEYED_JSON);
  }

  /** All results are side outputs, so the main output must be empty. */
  @AfterEach
  void close() throws Exception {
    assertEquals(List.of(), step.drain());
    step.close();
  }

  private static Event transaction(String id, String account) {
    Event event = Records.transaction(id, account, 1_000);
    event.features = new double[] {3, 1, 2, 0};
    event.ordinals[Entity.ACCOUNT_ID.ordinal()] = 7;
    event.ordinals[Entity.DEVICE_ID.ordinal()] = 9;
    return event;
  }

  private static Event duplicate(String id, String account) {
    Event event = transaction(id, account);
    event.kind = Event.Kind.DUPLICATE;
    return event;
  }

  /** Processes a scored batch: the scorer's answer, its input, and the events. */
  private void answered(Answer answer, Event... events) throws Exception {
    DataOutputSerializer target = new DataOutputSerializer(16);
    target.writeInt(events.length);
    List<Event> toScore = new ArrayList<>();
    for (Event event : events) {
      EventSerializer.write(event, Event.NO_WORDS, Event.NO_FEATURES, target);
      if (event.kind == Event.Kind.TRANSACTION) {
        toScore.add(event);
      }
    }
    step.process(
        Row.of(answer.bytes(), ScoringBatch.encode(toScore, WIDTH), target.getCopyOfBuffer()));
  }

  private List<Row> scored() {
    return step.side(Outputs.SCORED_TRANSACTIONS);
  }

  /** The rows of an output as key and payload, like "A1 {...}". */
  private List<String> texts(OutputTag<Row> output) {
    List<String> texts = new ArrayList<>();
    for (Row row : step.side(output)) {
      String payload = new String((byte[]) row.getField(1), StandardCharsets.UTF_8);
      texts.add(row.getField(0) + " " + payload);
    }
    return texts;
  }

  /** The id, outcome and score of each record of scored transactions. */
  private List<String> outcomes() throws IOException {
    List<String> outcomes = new ArrayList<>();
    for (Row row : scored()) {
      JsonNode record = Step.payload(row);
      outcomes.add(
          String.join(
              " ",
              record.get("transaction_id").textValue(),
              record.get("outcome").textValue(),
              record.get("score").toString()));
    }
    return outcomes;
  }

  // ---- scores ----

  @Test
  void aScoredTransactionIsWrittenWithItsVersionsOrdinalsAndFeatures() throws Exception {
    Event event = transaction("T1", "A1");
    answered(new Answer(0.25), event);
    Row row = scored().get(0);
    assertEquals("A1", row.getField(0));
    assertArrayEquals(JSON.scored(event, 0.25, 0, List.of()), (byte[]) row.getField(1));
    assertEquals(
        "{\"account_id\":7,\"device_id\":9}", Step.payload(row).get("ordinals").toString());
    assertEquals(1, scored().size());
    assertEquals(List.of(), step.side(Outputs.ALERTS));
    assertEquals(List.of(), step.side(Outputs.DEAD_LETTERS));
  }

  @Test
  void eachTransactionHasItsOwnFeatures() throws Exception {
    Event first = transaction("a", "A1");
    Event second = transaction("b", "A1");
    second.features = new double[] {4, 5, 6, Double.NaN};
    answered(new Answer(0.1, 0.2), duplicate("x", "A1"), first, second);
    assertArrayEquals(JSON.scored(first, 0.1, 0, List.of()), (byte[]) scored().get(1).getField(1));
    assertArrayEquals(JSON.scored(second, 0.2, 0, List.of()), (byte[]) scored().get(2).getField(1));
  }

  @Test
  void itIsScoredWhenTheAnswerCame() throws Exception {
    Event event = transaction("T1", "A1");
    event.arrivalMs = 2_000;
    long beforeMs = System.currentTimeMillis();
    answered(new Answer(0.25), event);
    long afterMs = System.currentTimeMillis();
    String scoredAt = Step.payload(scored().get(0)).get("scored_at").textValue();
    long scoredMs = Instant.parse(scoredAt).toEpochMilli();
    assertTrue(beforeMs <= scoredMs && scoredMs <= afterMs, scoredAt);
  }

  @Test
  void eachTransactionHasItsOwnScoreInTheOrderOfTheBatch() throws Exception {
    answered(
        new Answer(0.1, 0.2, 0.3),
        transaction("c", "A1"),
        transaction("a", "A2"),
        transaction("b", "A1"));
    assertEquals(List.of("c new 0.1", "a new 0.2", "b new 0.3"), outcomes());
    assertEquals("A2", scored().get(1).getField(0));
  }

  @Test
  void aDuplicateIsWrittenAsSuchAndTakesNoScoreOfAnother() throws Exception {
    Event duplicate = duplicate("x", "A1");
    answered(
        new Answer(0.1, 0.2),
        duplicate("w", "A1"),
        transaction("a", "A1"),
        duplicate,
        transaction("b", "A1"));
    assertEquals(
        List.of("w duplicate null", "a new 0.1", "x duplicate null", "b new 0.2"), outcomes());
    assertArrayEquals(JSON.duplicate(duplicate), (byte[]) scored().get(2).getField(1));
    assertEquals("A1", scored().get(2).getField(0));
  }

  @Test
  void aBatchOfDuplicatesAloneNeedsNoScores() throws Exception {
    answered(new Answer(), duplicate("x", "A1"));
    assertEquals(List.of("x duplicate null"), outcomes());
  }

  @Test
  void aBatchOfNothingIsNothing() throws Exception {
    answered(new Answer());
    assertEquals(List.of(), scored());
  }

  @Test
  void anAnswerToAnotherBatchIsNoAnswer() {
    assertThrows(
        RuntimeException.class,
        () -> answered(new Answer(0.1), transaction("a", "A1"), transaction("b", "A1")));
  }

  @Test
  void featuresThatAreTooLargeForTheModelAreNamedWithTheirTransaction() throws Exception {
    Event large = transaction("b", "A1");
    answered(
        new Answer(0.1, 0.2).overflowing(1, "ratio\nlast"), transaction("a", "A1"), large);
    assertFalse(Step.payload(scored().get(0)).has("overflowing_features"));
    assertArrayEquals(
        JSON.scored(large, 0.2, 0, List.of("ratio", "last")), (byte[]) scored().get(1).getField(1));
  }

  // ---- alerts ----

  @Test
  void anAlertGoesOnAsItIsWithItsAccountAsTheKeyAndIsScoredToo() throws Exception {
    answered(
        new Answer(0.1, 0.9).alert(1, "{\"city\":\"Huế\"}"),
        duplicate("x", "A3"),
        transaction("a", "A1"),
        transaction("b", "A2"));
    assertEquals(List.of("A2 {\"city\":\"Huế\"}"), texts(Outputs.ALERTS));
    assertEquals(List.of("x duplicate null", "a new 0.1", "b new 0.9"), outcomes());
  }

  // ---- errors ----

  @Test
  void whatCouldNotBeScoredIsADeadLetterAndNothingElse() throws Exception {
    Event event = transaction("b", "A2");
    event.raw = Records.utf8("{\"the\":\"bytes\"}");
    event.sequenceNumber = "42";
    answered(
        new Answer(0.1, Double.NaN, 0.3).error(1, "the model failed: Huế"),
        transaction("a", "A1"),
        event,
        transaction("c", "A1"));
    Row row = step.side(Outputs.DEAD_LETTERS).get(0);
    assertEquals("A2", row.getField(0));
    JsonNode letter = Step.payload(row);
    assertEquals("scoring", letter.get("reason").textValue());
    assertEquals("the model failed: Huế", letter.get("detail").textValue());
    assertEquals("{\"the\":\"bytes\"}", letter.get("raw").textValue());
    assertEquals("42", letter.get("sequence_number").textValue());
    assertEquals(1, step.side(Outputs.DEAD_LETTERS).size());
    Row review = step.side(Outputs.REVIEWS).get(0);
    assertEquals("A2", review.getField(Outputs.ACCOUNT));
    assertEquals("b", review.getField(Outputs.TRANSACTION));
    assertEquals("scoring", review.getField(Outputs.REVIEW_REASON));
    assertEquals(event.timeMs, review.getField(Outputs.TIME_MS));
    assertEquals(event.amountVnd, review.getField(Outputs.AMOUNT_VND));
    assertEquals(1, step.side(Outputs.REVIEWS).size());
    assertEquals(List.of("a new 0.1", "c new 0.3"), outcomes());
    assertEquals(List.of(), step.side(Outputs.ALERTS));
  }

  @Test
  void anAlertThatCouldNotBeMadeIsADeadLetterThoughThereIsAScore() throws Exception {
    answered(new Answer(0.9).error(0, "why"), transaction("a", "A1"));
    assertEquals(1, step.side(Outputs.DEAD_LETTERS).size());
    assertEquals(List.of(), scored());
  }

  // ---- file output ----

  @Test
  void theScoredTransactionsOfABatchAreLinesOfOneRowInTheirOrder() throws Exception {
    step.close();
    open(Configs.config("writes_files", true), true);
    Event first = transaction("a", "A1");
    Event duplicate = duplicate("x", "A2");
    answered(new Answer(0.1, 0.9).alert(1, "{}"), first, duplicate, transaction("b", "A3"));
    answered(new Answer(), duplicate);
    assertEquals(2, scored().size());
    byte[] lines = (byte[]) scored().get(0).getField(1);
    String[] found = new String(lines, StandardCharsets.UTF_8).split("\n");
    assertEquals(3, found.length);
    assertArrayEquals(JSON.scored(first, 0.1, 0, List.of()), Records.utf8(found[0]));
    assertArrayEquals(JSON.duplicate(duplicate), Records.utf8(found[1]));
    assertArrayEquals(JSON.duplicate(duplicate), (byte[]) scored().get(1).getField(1));
    assertEquals(List.of("A3 {}"), texts(Outputs.ALERTS), "few, so each by itself");
  }

  // ---- without the scored transactions ----

  @Test
  void whereNobodyReadsThemThereAreAlertsAndDeadLettersAlone() throws Exception {
    step.close();
    open(CONFIG, false);
    answered(
        new Answer(0.1, 0.9, Double.NaN).alert(1, "{}").error(2, "why"),
        transaction("a", "A1"),
        duplicate("x", "A1"),
        transaction("b", "A2"),
        transaction("c", "A3"));
    assertEquals(List.of(), scored());
    assertEquals(List.of("A2 {}"), texts(Outputs.ALERTS));
    assertEquals("A3", step.side(Outputs.DEAD_LETTERS).get(0).getField(0));
    assertEquals(1, step.side(Outputs.DEAD_LETTERS).size());
  }
}
