package fraudstream.kernel.stream;

import fraudstream.kernel.features.History;
import fraudstream.kernel.features.HistorySchema;
import fraudstream.kernel.features.ProfileFormat;
import fraudstream.kernel.profiles.DirtyKeys;
import fraudstream.kernel.profiles.ProfileBatch;
import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileWriter;
import fraudstream.kernel.profiles.SavedProfiles;
import fraudstream.kernel.profiles.TimeBudget;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.HashKey;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.streaming.runtime.tasks.ProcessingTimeService;

/**
 * Writes the changed histories of a task of an entity's step to the profile store.
 *
 * <p>A change only marks its key. Once per interval the histories of the marked keys are serialized
 * and handed to the {@link ProfileWriter}, as far as the step's share of the task's time and the
 * room for waiting rows allow; the other keys stay marked. Confined to the task's thread.
 */
final class EntityProfiles {
  /** The share of a task's time for all steps; they run in one thread if the parallelism is 1. */
  private static final double SHARE = 0.05;

  private static final long BURST_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** About 20 MB; keys are in the keyed state too, and share their characters with it. */
  private static final int MOST_DIRTY_KEYS = 200_000;

  /** A sweep marks keys as long as fewer than these wait. */
  private static final int SWEPT_AT_ONCE = 5_000;

  /** A profile waits an interval for each of these bytes before it is written again. */
  private static final int BIG_BYTES = 64 << 10;

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
  private static final long POLL_MS = 2;

  /** The limits, which tests lower. */
  static final class Bounds {
    int dirtyKeys = MOST_DIRTY_KEYS;
    double share = SHARE;
    long burstNanos = BURST_NANOS;
    long patienceNanos = PATIENCE_NANOS;
  }

  private final ProfileOptions options;
  private final Entity entity;
  private final long ttlMs;
  private final int task;
  private final int tasks;
  private final int keyGroups;
  private final Histories histories;
  private final KeyedStateBackend<String> backend;
  private final ProcessingTimeService clock;
  private final Supplier<HashKey> hashKey;
  private final HistorySchema schema;
  private final Supplier<Stream<String>> allKeys;
  private final ProfileWriter writer;
  private final ProfileMetrics metrics;
  private final Bounds bounds;
  private final DirtyKeys dirty;
  private final Deque<ProfileBatch> inFlight = new ArrayDeque<>();
  private final Map<String, Long> bigUntilMs = new HashMap<>();
  private final TimeBudget budget;
  private final long epochMs;
  private ProfileFormat format;
  private Stream<String> swept;
  private Iterator<String> sweep;
  private long sweepFromMs;
  private long lastTakenNanos;

  /** Whether the store lacks keys that this epoch has not written yet, so nothing is current. */
  private boolean isFilling;

  EntityProfiles(Context context, SavedProfiles start, ProfileWriter writer, Bounds bounds) {
    options = context.options;
    entity = context.entity;
    ttlMs = context.ttlMs;
    task = context.task;
    tasks = context.tasks;
    keyGroups = context.keyGroups;
    histories = context.histories;
    backend = context.backend;
    clock = context.clock;
    hashKey = context.hashKey;
    schema = context.schema;
    allKeys = context.allKeys;
    metrics = context.metrics;
    this.writer = writer;
    this.bounds = bounds;
    dirty = new DirtyKeys(bounds.dirtyKeys);
    budget =
        new TimeBudget(
            bounds.share / Math.max(1, context.steps), bounds.burstNanos, System.nanoTime());
    epochMs = start.epochMs;
    isFilling = start.isSweeping;
    metrics.watch(writer, dirty);
    start.changes.forEach(this::restore);
    if (start.isSweeping) {
      beginSweep(nowMs());
    }
    schedule();
  }

  /** Everything about the step that its profiles depend on. */
  static final class Context {
    ProfileOptions options;
    Entity entity;
    long ttlMs;
    int task;
    int tasks;
    int keyGroups;

    /** The number of steps that share the task's time. */
    int steps;

    Histories histories;
    HistorySchema schema;
    KeyedStateBackend<String> backend;
    ProcessingTimeService clock;

    /** Gives null as long as the key is unknown. */
    Supplier<HashKey> hashKey;

    Supplier<Stream<String>> allKeys;
    ProfileMetrics metrics;
  }

  private void restore(String key, DirtyKeys.Change change) {
    int owner =
        KeyGroupRangeAssignment.assignKeyToParallelOperator(key, keyGroups, tasks);
    if (owner == task) {
      dirty.addEarlier(key, change);
    }
  }

  private long nowMs() {
    return clock.getCurrentProcessingTime();
  }

  private void schedule() {
    clock.registerTimer(
        nowMs() + options.intervalMs,
        timeMs -> {
          flush();
          schedule();
        });
  }

  /** Notes that the history of a key is about to be stored: its time to live begins later. */
  void changing(String key) {
    dirty.mark(key, nowMs());
  }

  private boolean knowsKey() {
    if (format == null) {
      HashKey key = hashKey.get();
      format = key == null ? null : new ProfileFormat(schema, key);
    }
    return format != null;
  }

  private void flush() throws Exception {
    long startNanos = System.nanoTime();
    settle();
    if (knowsKey() && budget.leftNanos(startNanos) > 0) {
      long untilNanos = startNanos + budget.leftNanos(startNanos);
      handOver(untilNanos, false);
      budget.spend(System.nanoTime() - startNanos);
    }
    metrics.flushed(System.nanoTime() - startNanos, lagMs());
  }

  /** Hands rows to the writer, and then how far the step has come. */
  private void handOver(long untilNanos, boolean isLast) throws Exception {
    long nowMs = nowMs();
    advanceSweep(nowMs);
    bigUntilMs.values().removeIf(untilMs -> untilMs <= nowMs);
    ProfileBatch batch = new ProfileBatch();
    Iterator<Map.Entry<String, DirtyKeys.Change>> marked = dirty.iterator();
    while (marked.hasNext() && writer.hasRoom() && System.nanoTime() < untilNanos) {
      Map.Entry<String, DirtyKeys.Change> each = marked.next();
      if (!isLast && bigUntilMs.containsKey(each.getKey())) {
        continue;
      }
      marked.remove();
      add(batch, each.getKey(), each.getValue(), nowMs);
      if (batch.isFull()) {
        send(batch);
        batch = new ProfileBatch();
      }
    }
    if (writer.hasRoom() && !isFilling()) {
      // A change of this very millisecond may still come.
      long untilMs = Math.min(nowMs, unwrittenMs()) - 1;
      batch.setProgress(
          new ProfileProgress(entity.fieldName, task, tasks, epochMs, untilMs));
    }
    send(batch);
  }

  private void add(ProfileBatch batch, String key, DirtyKeys.Change change, long nowMs)
      throws Exception {
    backend.setCurrentKey(key);
    History history = histories.get(key);
    if (history == null) {
      return;
    }
    long changedMs = change.lastMs();
    if (change.isSwept) {
      // Stores it again, since nobody knows when its time to live began. A row that expires later
      // than the state would win over the history that follows.
      changedMs = nowMs;
      histories.put(key, history);
    }
    byte[] profile = format.write(history);
    batch.add(
        new ProfileRow(
            entity.fieldName,
            key,
            epochMs,
            history.ordinal(),
            changedMs,
            changedMs + ttlMs,
            profile),
        change);
    if (profile.length > BIG_BYTES) {
      bigUntilMs.put(key, nowMs + options.intervalMs * profile.length / BIG_BYTES);
    }
  }

  private void send(ProfileBatch batch) {
    if (!batch.isEmpty()) {
      inFlight.add(batch);
      writer.write(batch);
    }
  }

  /** Forgets the batches that are written. */
  private void settle() {
    while (!inFlight.isEmpty() && inFlight.peek().isWritten()) {
      metrics.written(inFlight.remove());
    }
  }

  // ---- all keys ----

  private void beginSweep(long fromMs) {
    sweepFromMs = fromMs;
    swept = allKeys.get();
    // State that changes meanwhile does no harm: on the heap, this reads a key group at a time.
    sweep = swept.iterator();
  }

  private void endSweep() {
    if (sweep != null) {
      swept.close();
      sweep = null;
    }
  }

  private void advanceSweep(long nowMs) throws Exception {
    if (sweep == null && dirty.hasOverflown()) {
      beginSweep(dirty.takeOverflow());
    }
    DirtyKeys.Change change = new DirtyKeys.Change(sweepFromMs, nowMs, true);
    int most = Math.min(SWEPT_AT_ONCE, bounds.dirtyKeys);
    while (sweep != null && dirty.size() < most) {
      if (sweep.hasNext()) {
        dirty.addEarlier(sweep.next(), change);
      } else {
        endSweep();
      }
    }
  }

  private boolean isFilling() {
    if (isFilling && sweep == null) {
      boolean[] isLeft = {false};
      dirty.forEach((key, change) -> isLeft[0] |= change.isSwept);
      isFilling = isLeft[0];
    }
    return isFilling;
  }

  private long unwrittenMs() {
    return sweep == null ? dirty.oldestMs() : Math.min(sweepFromMs, dirty.oldestMs());
  }

  private long lagMs() {
    long firstMs = unwrittenMs();
    for (ProfileBatch batch : inFlight) {
      firstMs = Math.min(firstMs, batch.oldestMs());
    }
    return Math.max(0, nowMs() - Math.min(nowMs(), firstMs));
  }

  // ---- saved state and the end ----

  /** What a job that continues from here must still write. */
  SavedProfiles toSave() {
    settle();
    SavedProfiles saved = new SavedProfiles(epochMs, sweep != null || dirty.hasOverflown());
    inFlight.forEach(batch -> batch.forEachKey(saved::add));
    dirty.forEach(saved::add);
    return saved;
  }

  /** Ends the reading of the state's keys. */
  void close() {
    endSweep();
  }

  /**
   * Writes everything and waits until the store has it.
   *
   * @throws IllegalStateException if the store takes nothing for a while
   */
  void finish() throws Exception {
    if (!knowsKey()) {
      throw new IllegalStateException(
          "profile_store: the last profiles can't be written, as no task of the account's step in"
              + " this process has told the hash key; end the job with a savepoint, not with a drain");
    }
    writer.beginHurry();
    try {
      lastTakenNanos = System.nanoTime();
      do {
        awaitRoom();
        handOver(Long.MAX_VALUE, true);
      } while (sweep != null || dirty.size() > 0 || dirty.hasOverflown());
      while (!inFlight.isEmpty()) {
        await();
      }
    } finally {
      writer.endHurry();
    }
    metrics.flushed(0, 0);
  }

  private void awaitRoom() throws InterruptedException {
    while (!writer.hasRoom()) {
      await();
    }
  }

  /** Waits a little; fails if the store has taken nothing for too long. */
  private void await() throws InterruptedException {
    int before = inFlight.size();
    settle();
    if (inFlight.size() < before || before == 0) {
      lastTakenNanos = System.nanoTime();
    }
    if (System.nanoTime() - lastTakenNanos > bounds.patienceNanos) {
      String problem = writer.problem();
      throw new IllegalStateException(
          "profile_store: the job is done, but its last profiles can't be written: "
              + (problem == null ? "the store does not answer" : problem)
              + "; make the store reachable and run the job again, or leave profile_store out");
    }
    Thread.sleep(POLL_MS);
  }
}
