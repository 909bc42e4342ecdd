package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.Catalogues;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests of the step together with the windows: duplicates, and labels that arrive later. */
class EntityStepWindowsTest {
  private static final JobConfig CONFIG =
      Configs.config(
          "catalogue",
          Catalogues.json(
              Catalogues.window("count", "account_id", "count", "'window':'50ms'"),
              Catalogues.window("frauds", "account_id", "fraud_rate", "'window':'50ms'")));
  private static final int ACCOUNT = Entity.ACCOUNT_ID.ordinal();
  private static final int FRAUDS_PLACE = 1;

  private Step<Event, Event> step;

  @BeforeEach
  void open() throws Exception {
    step = Step.windows(CONFIG, Entity.ACCOUNT_ID, null);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private static Event transaction(String id, String account, long timeMs) {
    Event event = Records.transaction(id, account, timeMs);
    event.features = new double[] {Double.NaN, Double.NaN};
    return event;
  }

  /** The outcome of a transaction: "new 2" (2 is the count), "duplicate" or "late". */
  private String arrives(String id, long timeMs) throws Exception {
    List<Event> out = step.process(transaction(id, "A1", timeMs));
    if (out.isEmpty()) {
      return "late";
    }
    Event event = out.get(0);
    if (event.kind == Event.Kind.DUPLICATE) {
      assertEquals(0, event.ordinals[ACCOUNT]);
      assertTrue(Double.isNaN(event.features[0]));
      return "duplicate";
    }
    return "new " + (int) event.features[0];
  }

  // ---- duplicates ----

  @Test
  void aTransactionIdIsCountedOnceHoweverLateItsCopyIs() throws Exception {
    long latenessMs = Configs.LATENESS_MS;
    assertEquals("new 1", arrives("a", 1_000));
    assertEquals("duplicate", arrives("a", 1_000));
    assertEquals("duplicate", arrives("a", 1_000), "however often");
    assertEquals("new 2", arrives("b", 1_010));
    assertEquals("new 1", arrives("c", 1_000 + latenessMs));
    assertEquals("duplicate", arrives("a", 1_000), "exactly the allowed lateness behind");
    assertEquals("new 2", arrives("d", 1_000 + latenessMs + 1));
    assertEquals("duplicate", arrives("a", 1_000), "scored before, so not late");
    assertEquals("late", arrives("e", 1_000));
    assertEquals(4, step.count("duplicates"));
    assertEquals(1, step.count("late"));
    assertEquals(1, step.side(Outputs.DEAD_LETTERS).size());
  }

  @Test
  void theSameIdInAnotherAccountIsAnotherTransaction() throws Exception {
    step.process(transaction("a", "A1", 1_000));
    Event other = step.process(transaction("a", "A2", 1_000)).get(0);
    assertEquals(Event.Kind.TRANSACTION, other.kind);
    assertEquals(1, other.ordinals[ACCOUNT]);
  }

  @Test
  void aRestoredStepStillKnowsTheIds() throws Exception {
    arrives("a", 1_000);
    OperatorSubtaskState saved = step.harness.snapshot(1, 1);
    step.close();
    step = Step.windows(CONFIG, Entity.ACCOUNT_ID, saved);
    assertEquals("duplicate", arrives("a", 1_000));
    assertEquals("new 2", arrives("b", 1_000));
  }

  // ---- labels ----

  private double fraudRate(String id, long timeMs) throws Exception {
    return step.process(transaction(id, "A1", timeMs)).get(0).features[FRAUDS_PLACE];
  }

  @Test
  void aFraudIsKnownToThoseThatHappenWhenItsLabelIsAvailable() throws Exception {
    Event fraud = transaction("a", "A1", 1_000);
    step.process(fraud);
    step.process(Records.labelOf(fraud, 1_010));
    assertEquals(0, fraudRate("b", 1_009));
    assertEquals(1 / 3.0, fraudRate("c", 1_010));
  }

  @Test
  void aLabelMayComeBeforeItsTransaction() throws Exception {
    Event fraud = transaction("a", "A1", 1_000);
    step.process(Records.labelOf(fraud, 1_005));
    step.process(fraud);
    assertEquals(0.5, fraudRate("b", 1_010));
  }

  @Test
  void theLabelOfADoubleCountsOnce() throws Exception {
    Event fraud = transaction("a", "A1", 1_000);
    step.process(fraud);
    step.process(transaction("a", "A1", 1_000));
    step.process(Records.labelOf(fraud, 1_000));
    step.process(Records.labelOf(fraud, 1_000));
    assertEquals(0.5, fraudRate("b", 1_010));
  }

  @Test
  void labelsAreInTheSavedState() throws Exception {
    Event fraud = transaction("a", "A1", 1_000);
    step.process(fraud);
    step.process(Records.labelOf(fraud, 1_000));
    OperatorSubtaskState saved = step.harness.snapshot(1, 1);
    step.close();
    step = Step.windows(CONFIG, Entity.ACCOUNT_ID, saved);
    assertEquals(0.5, fraudRate("b", 1_010));
  }
}
