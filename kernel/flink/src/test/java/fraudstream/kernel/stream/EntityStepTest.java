package fraudstream.kernel.stream;

import static fraudstream.kernel.stream.EventSerializerTest.assertSameEvent;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.heap.CopyOnWriteStateMap;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests of an entity's step, except for the windows, which have their own tests. */
class EntityStepTest {
  private static final int ACCOUNT = Entity.ACCOUNT_ID.ordinal();
  private static final int DEVICE = Entity.DEVICE_ID.ordinal();
  private static final int COUNT_PLACE = 1;
  private static final long LATENESS_MS = Configs.LATENESS_MS;
  private static final long TTL_MS =
      Configs.WINDOW_MS
          + Configs.LATENESS_MS
          + Configs.TOLERANCE_MS
          + Configs.TTL_MARGIN_MS;

  private Step<Event, Event> step;

  private Step<Event, Event> open(Entity entity) throws Exception {
    step = Step.windows(Configs.config(), entity, null);
    return step;
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private static Event transaction(String id, String account, String device, long timeMs) {
    Event event = Records.transaction(id, account, timeMs);
    event.ids[DEVICE] = device;
    event.features = new double[] {Double.NaN, Double.NaN, Double.NaN, Double.NaN};
    return event;
  }

  private static Event transaction(String id, long timeMs) {
    return transaction(id, "A1", "D1", timeMs);
  }

  /** Processes an event and returns the only output. */
  private Event passed(Event event) throws Exception {
    List<Event> out = step.process(event);
    assertEquals(1, out.size());
    return out.get(0);
  }

  private void assertUntouched(Event event) throws Exception {
    Event before = EventSerializer.INSTANCE.copy(event);
    assertSameEvent(before, passed(event));
    assertEquals(0, step.keys(), "no state is made");
    assertEquals(List.of(), step.side(Outputs.DEAD_LETTERS));
  }

  // ---- events that pass through ----

  @Test
  void whatHasNoIdPassesUntouchedAndMakesNoState() throws Exception {
    open(Entity.DEVICE_ID);
    Event withoutDevice = transaction("a", "A1", null, 1_000);
    assertUntouched(withoutDevice);
    assertUntouched(Records.labelOf(withoutDevice, 2_000));
    assertUntouched(transaction("a", "A1", null, 1_000));
  }

  @ParameterizedTest
  @EnumSource(names = {"ACCOUNT_ID", "DEVICE_ID"})
  void aDuplicatePassesUntouchedAndMakesNoState(Entity entity) throws Exception {
    open(entity);
    Event duplicate = transaction("a", 1_000);
    duplicate.kind = Event.Kind.DUPLICATE;
    assertUntouched(duplicate);
  }

  @Test
  void aDuplicateIsCountedInNoWindow() throws Exception {
    open(Entity.DEVICE_ID);
    assertEquals(1, passed(transaction("a", 1_000)).ordinals[DEVICE]);
    Event duplicate = transaction("a", 1_000);
    duplicate.kind = Event.Kind.DUPLICATE;
    assertEquals(0, passed(duplicate).ordinals[DEVICE]);
    assertEquals(2, passed(transaction("b", 1_000)).ordinals[DEVICE]);
  }

  @ParameterizedTest
  @EnumSource(names = {"ACCOUNT_ID", "DEVICE_ID"})
  void aLabelPassesUntouchedAndIsNotCounted(Entity entity) throws Exception {
    open(entity);
    Event first = transaction("a", 1_000);
    passed(first);
    Event label = Records.labelOf(first, 2_000);
    Event before = EventSerializer.INSTANCE.copy(label);
    assertSameEvent(before, passed(label));
    assertEquals(2, passed(transaction("b", 1_001)).ordinals[entity.ordinal()]);
  }

  @Test
  void aLabelIsNeverLateOrDoubled() throws Exception {
    open(Entity.ACCOUNT_ID);
    Event old = transaction("a", 0);
    passed(old);
    passed(transaction("b", 1_000_000));
    for (int copy = 0; copy < 2; copy++) {
      assertEquals(Event.Kind.LABEL, passed(Records.labelOf(old, 2_000_000)).kind);
    }
    assertEquals(List.of(), step.side(Outputs.DEAD_LETTERS));
    assertEquals(0, step.count("late"));
    assertEquals(0, step.count("duplicates"));
  }

  // ---- counted transactions ----

  @Test
  void aTransactionGetsItsOrdinalAndTheFeaturesOfItsOwnEntityOnly() throws Exception {
    open(Entity.ACCOUNT_ID);
    passed(transaction("a", "A1", "D1", 1_000));
    passed(transaction("b", "A2", "D1", 1_000));
    Event event = transaction("c", "A1", "D1", 1_010);
    event.features[0] = 7;
    Event expected = EventSerializer.INSTANCE.copy(event);
    expected.features = new double[] {7, 2, Double.NaN, Double.NaN};
    expected.ordinals[ACCOUNT] = 2;
    assertSameEvent(expected, passed(event));
    assertEquals(2, step.keys());
  }

  /** Events that pass through use no state, so a real id equal to their key is not affected. */
  @Test
  void anIdMayBeCalledAsAKeyOfThosePassing() throws Exception {
    open(Entity.DEVICE_ID);
    Event withoutDevice = transaction("a", "A1", null, 1_000);
    String key = new EntityKey(Entity.DEVICE_ID).getKey(withoutDevice);
    assertEquals(1, passed(transaction("b", "A1", key, 1_000)).ordinals[DEVICE]);
    passed(withoutDevice);
    assertEquals(2, passed(transaction("c", "A1", key, 1_000)).ordinals[DEVICE]);
    assertEquals(1, step.keys());
  }

  // ---- late transactions ----

  @Test
  void exactlyTheAllowedLatenessBehindCountsAndAMillisecondMoreIsADeadLetter() throws Exception {
    open(Entity.ACCOUNT_ID);
    passed(transaction("a", 1_000));
    assertEquals(2, passed(transaction("b", 1_000 - LATENESS_MS)).ordinals[ACCOUNT]);
    Event late = transaction("c", 1_000 - LATENESS_MS - 1);
    late.raw = Records.utf8("{\"the\":\"bytes\"}");
    late.sequenceNumber = "42";
    assertEquals(List.of(), step.process(late));
    assertEquals(3, passed(transaction("d", 1_000)).ordinals[ACCOUNT], "c is not counted");

    Row row = step.side(Outputs.DEAD_LETTERS).get(0);
    assertEquals("A1", row.getField(0));
    JsonNode letter = Step.payload(row);
    assertEquals("late", letter.get("reason").textValue());
    assertEquals(
        "event_time lies further behind the newest of its account than the allowed lateness",
        letter.get("detail").textValue());
    assertEquals("{\"the\":\"bytes\"}", letter.get("raw").textValue());
    assertEquals("42", letter.get("sequence_number").textValue());
    assertEquals(1, step.side(Outputs.DEAD_LETTERS).size());
    assertEquals(1, step.count("late"));
    Row review = step.side(Outputs.REVIEWS).get(0);
    assertEquals("A1", review.getField(Outputs.ACCOUNT));
    assertEquals("c", review.getField(Outputs.TRANSACTION));
    assertEquals("late", review.getField(Outputs.REVIEW_REASON));
    assertEquals(1, step.side(Outputs.REVIEWS).size());
  }

  @Test
  void latenessGoesByTheNewestOfTheAccountNotByTheLastArrivalOrOtherAccounts() throws Exception {
    open(Entity.ACCOUNT_ID);
    passed(transaction("a", "A1", "D1", 1_000));
    passed(transaction("b", "A2", "D1", 9_000));
    passed(transaction("c", "A1", "D1", 950));
    assertEquals(List.of(), step.process(transaction("d", "A1", "D1", 899)));
    assertEquals(3, passed(transaction("e", "A1", "D1", 900)).ordinals[ACCOUNT]);
  }

  @Test
  void theFirstTransactionOfAnAccountIsNeverLate() throws Exception {
    open(Entity.ACCOUNT_ID);
    assertEquals(1, passed(transaction("a", -1_000_000_000_000L)).ordinals[ACCOUNT]);
  }

  /** A device's transactions may be of accounts at different times; each account checks its own. */
  @Test
  void onlyTheAccountsStepJudgesLatenessAndDoubles() throws Exception {
    open(Entity.DEVICE_ID);
    passed(transaction("a", 1_000_000));
    assertEquals(2, passed(transaction("b", 0)).ordinals[DEVICE]);
    Event sameIdOfAnotherAccount = transaction("a", "A2", "D1", 1_000_000);
    assertEquals(3, passed(sameIdOfAnotherAccount).ordinals[DEVICE]);
    assertEquals(Event.Kind.TRANSACTION, sameIdOfAnotherAccount.kind);
    assertEquals(0, step.count("late"));
    assertEquals(0, step.count("duplicates"));
  }

  // ---- state ----

  @Test
  void aRestoredStepGoesOnWhereTheSavedOneWas() throws Exception {
    open(Entity.ACCOUNT_ID);
    passed(transaction("a", "A1", "D1", 1_000));
    passed(transaction("b", "A2", "D1", 5_000));
    OperatorSubtaskState saved = step.harness.snapshot(1, 1);
    passed(transaction("lost", "A1", "D1", 9_000));
    step.close();

    step = Step.windows(Configs.config(), Entity.ACCOUNT_ID, saved);
    assertEquals(2, step.keys());
    Event next = passed(transaction("c", "A1", "D1", 1_001));
    assertEquals(2, next.ordinals[ACCOUNT]);
    assertEquals(2, next.features[COUNT_PLACE]);
    assertEquals(List.of(), step.process(transaction("d", "A2", "D1", 4_899)), "still late");
  }

  @Test
  void theStateOfAnIdleKeyIsDroppedOnceNoWindowCanAskForIt() throws Exception {
    open(Entity.ACCOUNT_ID);
    step.harness.setStateTtlProcessingTime(10_000);
    passed(transaction("a", "A1", "D1", 1_000));
    passed(transaction("b", "A2", "D1", 1_000));
    step.harness.setStateTtlProcessingTime(10_000 + TTL_MS - 1);
    assertEquals(2, passed(transaction("c", "A1", "D1", 1_000)).ordinals[ACCOUNT]);
    step.harness.setStateTtlProcessingTime(10_000 + TTL_MS);
    assertEquals(1, passed(transaction("d", "A2", "D1", 1_000)).ordinals[ACCOUNT], "it was idle");
    assertEquals(3, passed(transaction("e", "A1", "D1", 1_000)).ordinals[ACCOUNT], "it was not");
  }

  @Test
  void aFilesOwnTimeToLiveIsTakenInPlaceOfWhatWindowsAskFor() throws Exception {
    step = Step.windows(Configs.config("state_ttl_ms", 5), Entity.ACCOUNT_ID, null);
    step.harness.setStateTtlProcessingTime(10_000);
    passed(transaction("a", "A1", "D1", 1_000));
    step.harness.setStateTtlProcessingTime(10_004);
    assertEquals(2, passed(transaction("b", "A1", "D1", 1_000)).ordinals[ACCOUNT]);
    step.harness.setStateTtlProcessingTime(10_009);
    assertEquals(1, passed(transaction("c", "A1", "D1", 1_000)).ordinals[ACCOUNT], "it was idle");
  }

  /**
   * At each state access Flink checks one bucket of its hash tables (one table per key group) for
   * expired entries, and a transaction makes two accesses. So every bucket has been checked, from
   * any starting point, well before there are twice as many transactions as buckets.
   */
  @Test
  void whatIsIdleGoesAwayWithoutBeingAskedFor() throws Exception {
    open(Entity.ACCOUNT_ID);
    for (int i = 0; i < 50; i++) {
      step.harness.setStateTtlProcessingTime(10_000);
      passed(transaction("a", "idle " + i, "D1", 1_000));
      step.harness.setStateTtlProcessingTime(10_001);
      passed(transaction("a", "used " + i, "D1", 1_000));
    }
    step.harness.setStateTtlProcessingTime(10_000 + TTL_MS);
    int buckets = Step.KEY_GROUPS * CopyOnWriteStateMap.DEFAULT_CAPACITY;
    for (int i = 0; i < 2 * buckets; i++) {
      passed(transaction("t" + i, "busy", "D1", 1_000 * i));
    }
    assertEquals(51, step.keys());
    for (int i = 0; i < 50; i++) {
      assertEquals(2, passed(transaction("b", "used " + i, "D1", 1_000)).ordinals[ACCOUNT]);
    }
  }

  /** Flink checks empty buckets too, so at first it lags if each transaction has a new account. */
  @Test
  void idleStateDoesNotPileUpHoweverManyAccountsThereAre() throws Exception {
    open(Entity.ACCOUNT_ID);
    int inUse = 100;
    for (int i = 0; i < 50 * inUse; i++) {
      step.harness.setStateTtlProcessingTime(10_000 + i * TTL_MS / inUse);
      passed(transaction("a", "A" + i, "D1", 1_000));
    }
    assertTrue(step.keys() < 10 * inUse, step.keys() + " keys");
  }
}
