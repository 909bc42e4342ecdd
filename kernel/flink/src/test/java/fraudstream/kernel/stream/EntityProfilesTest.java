package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.features.ProfileFormat;
import fraudstream.kernel.profiles.FakeStore;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.Records;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;

/** A step with a profile store, over the time of its harness. */
class EntityProfilesTest {
  private static final long EPOCH_MS = 5_000;
  private static final long INTERVAL_MS = 1_000;
  private static final long TTL_MS =
      Configs.WINDOW_MS + Configs.LATENESS_MS + Configs.TOLERANCE_MS + Configs.TTL_MARGIN_MS;

  private FakeStore store;
  private String url;
  private Step<Event, Event> step;
  private long timeMs;

  @BeforeEach
  void prepare(TestInfo test) {
    String name = test.getTestMethod().orElseThrow().getName();
    store = FakeStore.named(name);
    url = "fake:" + name;
  }

  @AfterEach
  void close() throws Exception {
    kill();
  }

  /** Ends the task as a cancelled job does; the harness's own end is that of the input. */
  private void kill() throws Exception {
    if (step != null) {
      step.harness.getOneInputOperator().close();
      step = null;
    }
  }

  private JobConfig config(long epochMs, boolean isRebuild) {
    return Configs.config(
        "profiles",
        Map.of(
            "url", url,
            "options", Map.of(),
            "interval_ms", INTERVAL_MS,
            "epoch_ms", epochMs,
            "rebuild", isRebuild));
  }

  /** A step whose flushes may take any time, since the machine may be busy. */
  private static final class PatientStep extends EntityStep {
    private static final long serialVersionUID = 1L;

    private final int dirtyKeys;

    PatientStep(JobConfig config, int dirtyKeys) {
      super(config, Entity.DEVICE_ID, JobKey.ofBatch());
      this.dirtyKeys = dirtyKeys;
    }

    @Override
    EntityProfiles.Bounds bounds() {
      EntityProfiles.Bounds bounds = new EntityProfiles.Bounds();
      bounds.burstNanos = TimeUnit.MINUTES.toNanos(10);
      bounds.dirtyKeys = dirtyKeys;
      bounds.patienceNanos = TimeUnit.MILLISECONDS.toNanos(200);
      return bounds;
    }
  }

  private void open(JobConfig config, OperatorSubtaskState state) throws Exception {
    open(config, state, 1_000);
  }

  private void open(JobConfig config, OperatorSubtaskState state, int dirtyKeys) throws Exception {
    step = Step.windows(new PatientStep(config, dirtyKeys), Entity.DEVICE_ID, state);
    step.harness.setProcessingTime(timeMs);
  }

  private void open() throws Exception {
    open(config(EPOCH_MS, false), null);
  }

  private OperatorSubtaskState saved() throws Exception {
    ((AbstractStreamOperator<?>) step.harness.getOneInputOperator()).prepareSnapshotPreBarrier(1);
    OperatorSubtaskState saved = step.harness.snapshot(1, 1);
    kill();
    return saved;
  }

  private static Event transaction(String id, String device, long timeMs) {
    Event event = Records.transaction(id, "A1", timeMs);
    event.ids[Entity.DEVICE_ID.ordinal()] = device;
    event.features = new double[] {Double.NaN, Double.NaN, Double.NaN, Double.NaN};
    return event;
  }

  private void pass(Event event) throws Exception {
    step.process(event);
  }

  private void advance(long byMs) throws Exception {
    timeMs += byMs;
    step.harness.setProcessingTime(timeMs);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 2_000 && !condition.getAsBoolean(); i++) {
      Thread.sleep(5);
    }
    assertTrue(condition.getAsBoolean());
  }

  /** Lets an interval pass and waits until its progress is reported. */
  private void flush() throws Exception {
    int before = store.progress.size();
    advance(INTERVAL_MS);
    await(() -> store.progress.size() > before);
  }

  @Test
  void aHistoryIsWrittenOnceForAllItsChangesOfAnInterval() throws Exception {
    open();
    pass(transaction("a", "D1", 1_000));
    advance(10);
    pass(transaction("b", "D1", 1_001));
    pass(transaction("c", "D2", 1_001));
    assertEquals(List.of(), store.rows);
    flush();
    assertEquals(1, store.of("D1").size());
    assertEquals(1, store.of("D2").size());
    ProfileRow row = store.of("D1").get(0);
    assertEquals("device_id", row.entity);
    assertEquals(EPOCH_MS, row.epochMs);
    assertEquals(2, row.ordinal);
    assertEquals(10, row.updatedMs);
    assertEquals(10 + TTL_MS, row.expiresMs);
    flush();
    assertEquals(2, store.rows.size(), "an unchanged history is not written again");
  }

  @Test
  void aProfileIsTheHistoryOfTheState() throws Exception {
    open();
    pass(transaction("a", "D1", 1_000));
    flush();
    EntityWindows windows =
        Configs.config()
            .catalogue()
            .windows(Entity.DEVICE_ID, Configs.LATENESS_MS, Configs.TOLERANCE_MS);
    History history = windows.newHistory();
    windows.arrive(history, transaction("a", "D1", 1_000));
    assertArrayEquals(
        new ProfileFormat(windows.schema(), HashKey.BATCH).write(history),
        store.of("D1").get(0).profile);
  }

  @Test
  void anIdleStepReportsHowFarItHasCome() throws Exception {
    open();
    flush();
    flush();
    assertEquals(INTERVAL_MS - 1, store.progress.get(0).writtenUntilMs);
    assertEquals(2 * INTERVAL_MS - 1, store.progress.get(1).writtenUntilMs);
    assertEquals(1, store.progress.get(1).tasks);
    assertEquals(EPOCH_MS, store.progress.get(1).epochMs);
  }

  @Test
  void aRestoredStepKeepsTheEpochAndWritesOnlyWhatTheStoreMayLack() throws Exception {
    open();
    pass(transaction("a", "D1", 1_000));
    flush();
    advance(10);
    pass(transaction("b", "D2", 1_000));
    open(config(EPOCH_MS + 100, false), saved());
    flush();
    assertEquals(List.of("D1", "D2"), List.of(store.rows.get(0).id, store.rows.get(1).id));
    assertEquals(2, store.rows.size());
    assertEquals(EPOCH_MS, store.rows.get(1).epochMs);
    assertEquals(INTERVAL_MS + 10, store.rows.get(1).updatedMs);
  }

  @Test
  void aStoreThatFailsDelaysAndLosesNothing() throws Exception {
    store.isBroken = true;
    open();
    pass(transaction("a", "D1", 1_000));
    advance(INTERVAL_MS);
    OperatorSubtaskState whileBroken = saved();
    assertEquals(List.of(), store.rows);
    store.isBroken = false;
    open(config(EPOCH_MS, false), whileBroken);
    flush();
    assertEquals(1, store.of("D1").size());
  }

  @Test
  void theWriterTriesAgainUntilTheStoreIsBack() throws Exception {
    store.isBroken = true;
    open();
    pass(transaction("a", "D1", 1_000));
    advance(INTERVAL_MS);
    Thread.sleep(150);
    store.isBroken = false;
    await(() -> store.of("D1").size() == 1);
  }

  @Test
  void stateOfAJobWithoutProfilesGetsANewEpochAndAllKeysAreWritten() throws Exception {
    open(Configs.config(), null);
    for (int i = 0; i < 20; i++) {
      pass(transaction("a" + i, "D" + i, 1_000));
    }
    open(config(EPOCH_MS + 100, false), saved());
    flush();
    await(() -> store.rows.size() == 20);
    assertEquals(EPOCH_MS + 100, store.rows.get(0).epochMs);
    assertEquals(timeMs + TTL_MS, store.rows.get(0).expiresMs);
  }

  @Test
  void anEpochEndsWhenProfilesAreOffForAWhile() throws Exception {
    open();
    pass(transaction("a", "D1", 1_000));
    flush();
    open(Configs.config(), saved());
    pass(transaction("b", "D1", 1_001));
    open(config(EPOCH_MS + 100, false), saved());
    flush();
    await(() -> store.of("D1").size() == 2);
    assertEquals(EPOCH_MS + 100, store.of("D1").get(1).epochMs);
    assertEquals(2, store.of("D1").get(1).ordinal);
  }

  @Test
  void aRebuildWritesAllKeysOnceWithANewEpoch() throws Exception {
    open();
    pass(transaction("a", "D1", 1_000));
    flush();
    JobConfig rebuild = config(EPOCH_MS + 100, true);
    open(rebuild, saved());
    flush();
    await(() -> store.of("D1").size() == 2);
    assertEquals(EPOCH_MS + 100, store.of("D1").get(1).epochMs);
    open(rebuild, saved());
    flush();
    assertEquals(2, store.of("D1").size(), "a job that restarts does not begin again");
  }

  @Test
  void theEndOfTheInputWritesEverything() throws Exception {
    open();
    // More than are marked at once.
    for (int i = 0; i < 1_200; i++) {
      pass(transaction("a" + i, "D" + i, 1_000));
    }
    step.harness.getOneInputOperator().finish();
    assertEquals(1_200, store.rows.stream().map(row -> row.id).distinct().count());
    assertEquals(timeMs - 1, store.progress.get(store.progress.size() - 1).writtenUntilMs);
  }

  @Test
  void eachTaskTakesTheKeysOfItsOwnKeyGroups() throws Exception {
    open();
    pass(transaction("a", "D1", 1_000));
    pass(transaction("b", "D2", 1_000));
    pass(transaction("c", "D3", 1_000));
    OperatorSubtaskState whole = saved();
    for (int task = 0; task < 2; task++) {
      var harness =
          new KeyedOneInputStreamOperatorTestHarness<>(
              new PatientStep(config(EPOCH_MS, false), 1_000),
              new EntityKey(Entity.DEVICE_ID),
              Types.STRING,
              Step.KEY_GROUPS,
              2,
              task);
      harness.setup(EventSerializer.INSTANCE);
      harness.initializeState(
          AbstractStreamOperatorTestHarness.repartitionOperatorState(
              whole, Step.KEY_GROUPS, 1, 2, task));
      harness.open();
      int expected = task + 1;
      harness.setProcessingTime(timeMs + INTERVAL_MS);
      await(() -> store.progress.size() == expected);
      assertEquals(2, store.progress.get(task).tasks);
      harness.getOneInputOperator().close();
    }
    assertEquals(3, store.rows.size());
  }

  @Test
  void keysThatFindNoRoomAreWrittenByASweep() throws Exception {
    open(config(EPOCH_MS, false), null, 3);
    for (int i = 0; i < 10; i++) {
      pass(transaction("a" + i, "D" + i, 1_000));
    }
    for (int i = 0; i < 10; i++) {
      advance(INTERVAL_MS);
    }
    await(() -> store.rows.stream().map(row -> row.id).distinct().count() == 10);
  }

  @Test
  void theEndFailsIfTheStoreTakesNothing() throws Exception {
    store.isBroken = true;
    open();
    pass(transaction("a", "D1", 1_000));
    IllegalStateException failure =
        assertThrows(
            IllegalStateException.class, () -> step.harness.getOneInputOperator().finish());
    assertEquals(
        "profile_store: the job is done, but its last profiles can't be written: the store is"
            + " broken; make the store reachable and run the job again, or leave profile_store out",
        failure.getMessage());
  }

  @Test
  void anUnknownSchemeFailsTheTaskAndKeepsTheUrlSecret() {
    url = "nosuch://user:password@host/db";
    IllegalStateException refusal = assertThrows(IllegalStateException.class, this::open);
    assertTrue(refusal.getMessage().startsWith("profile_store: no driver for a nosuch store"));
  }
}
