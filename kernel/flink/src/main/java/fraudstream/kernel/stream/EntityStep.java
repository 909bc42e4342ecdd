package fraudstream.kernel.stream;

import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.features.HistorySerializer;
import fraudstream.kernel.features.Outcome;
import fraudstream.kernel.profiles.ProfileWriter;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.HashKey;
import java.time.Duration;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Row;
import org.apache.flink.util.OutputTag;

/**
 * Computes the windows of one entity by event time, immediately for each arriving transaction.
 *
 * <p>The account's step also detects duplicate transactions, which it passes on as {@link
 * Event.Kind#DUPLICATE}, and late and conflicting ones, which it refuses. Metrics: {@code
 * duplicates}, {@code late}, {@code conflicts}, and {@code out_of_reach} for transactions without the
 * features of this entity. With a profile store it also writes the changed histories there: see {@link
 * EntityProfiles}.
 */
class EntityStep extends AbstractStreamOperator<Event>
    implements OneInputStreamOperator<Event, Event> {
  private static final long serialVersionUID = 1L;
  private static final String HISTORY = "history";
  private static final String LATE_DETAIL =
      "event_time lies further behind the newest of its account than the allowed lateness";
  private static final String CONFLICT_DETAIL =
      "the account already has a transaction with this transaction_id and other contents;"
          + " give each transaction an id of its own, and copies the same contents";

  private final JobConfig config;
  private final Entity entity;
  private final JobKey initialKey;
  private transient EntityWindows windows;
  private transient Histories histories;
  private transient Refusals refusals;
  private transient RunCounts counts;
  private transient Counter duplicates;
  private transient Counter late;
  private transient Counter conflicts;
  private transient Counter outOfReach;
  private transient ProfileState profileState;
  private transient RunningKeys runningKeys;
  private transient ProfileWriter writer;
  private transient EntityProfiles profiles;

  /** @param initialKey the hash key of a job without saved state */
  EntityStep(JobConfig config, Entity entity, JobKey initialKey) {
    this.config = config;
    this.entity = entity;
    this.initialKey = initialKey;
  }

  final JobConfig config() {
    return config;
  }

  final JobKey initialKey() {
    return initialKey;
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    profileState = new ProfileState(context);
  }

  @Override
  public void open() throws Exception {
    super.open();
    windows =
        config
            .catalogue()
            .windows(entity, config.allowedLatenessMs, config.retentionToleranceMs);
    ValueStateDescriptor<History> descriptor =
        new ValueStateDescriptor<>(HISTORY, new HistorySerializer(windows.schema()));
    descriptor.enableTimeToLive(timeToLive());
    refusals = new Refusals(config);
    histories = Histories.of(getKeyedStateBackend(), getPartitionedState(descriptor));
    counts = new RunCounts(getRuntimeContext());
    duplicates = getMetricGroup().counter("duplicates");
    late = getMetricGroup().counter(Outcome.LATE.label);
    conflicts = getMetricGroup().counter("conflicts");
    outOfReach = getMetricGroup().counter("out_of_reach");
    if (config.profiles != null) {
      profiles = openProfiles(bounds());
    }
  }

  /** The limits of writing profiles. */
  EntityProfiles.Bounds bounds() {
    return new EntityProfiles.Bounds();
  }

  private EntityProfiles openProfiles(EntityProfiles.Bounds bounds) {
    TaskInfo task = getRuntimeContext().getTaskInfo();
    EntityProfiles.Context context = new EntityProfiles.Context();
    context.options = config.profiles;
    context.entity = entity;
    context.ttlMs = ttlMs();
    context.task = task.getIndexOfThisSubtask();
    context.tasks = task.getNumberOfParallelSubtasks();
    context.keyGroups = task.getMaxNumberOfParallelSubtasks();
    context.steps = config.catalogue().entities().size();
    context.histories = histories;
    context.schema = windows.schema();
    context.backend = getKeyedStateBackend();
    context.clock = getProcessingTimeService();
    context.hashKey = this::hashKey;
    context.allKeys = this::keys;
    context.metrics = new ProfileMetrics(getMetricGroup());
    runningKeys = RunningKeys.of(getRuntimeContext().getJobInfo().getJobId());
    writer = ProfileWriter.shared(config.profiles.store, getUserCodeClassloader());
    return new EntityProfiles(
        context,
        profileState.start(config.profiles, task.getAttemptNumber()),
        writer,
        bounds);
  }

  /** The key of the hashes in the histories; null if this step does not know it yet. */
  private HashKey hashKey() {
    return initialKey.isRequired() ? initialKey.key() : runningKeys.get();
  }

  /** Tells the other steps of the job with which key it continues. */
  final void publish(HashKey key) {
    if (runningKeys != null) {
      runningKeys.publish(key);
    }
  }

  private Stream<String> keys() {
    try {
      histories.flush();
    } catch (Exception problem) {
      throw new IllegalStateException("the state can't be read: " + problem.getMessage(), problem);
    }
    return this.<String>getKeyedStateBackend().getKeys(HISTORY, VoidNamespace.INSTANCE);
  }

  private long ttlMs() {
    // A transaction may be in the future by the tolerance when the state is written for it.
    long asked =
        windows.reachMs()
            + config.allowedLatenessMs
            + config.retentionToleranceMs
            + config.stateTtlMarginMs;
    return config.stateTtlMs < 0 ? asked : config.stateTtlMs;
  }

  private StateTtlConfig timeToLive() {
    // Each state access checks one bucket of the hash table for expired entries (Flink's default is
    // five). If every transaction has a new key, expired entries make up at most half of the state;
    // if every fourth has one, at most a fifth.
    return StateTtlConfig.newBuilder(Duration.ofMillis(ttlMs()))
        .cleanupIncrementally(1, false)
        .build();
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    histories.flush();
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    profileState.save(profiles == null ? null : profiles.toSave());
  }

  /** At the end of the input, or of a job that is drained: the store gets everything. */
  @Override
  public void finish() throws Exception {
    super.finish();
    if (profiles != null) {
      profiles.finish();
    }
  }

  @Override
  public void close() throws Exception {
    if (profiles != null) {
      profiles.close();
    }
    if (writer != null) {
      writer.release();
      writer = null;
    }
    if (runningKeys != null) {
      runningKeys.close();
      runningKeys = null;
    }
    super.close();
  }

  @Override
  public void processElement(StreamRecord<Event> element) throws Exception {
    Event event = element.getValue();
    if (EntityKey.passes(event, entity)) {
      output.collect(element);
      return;
    }
    String key = event.ids[entity.ordinal()];
    History saved = histories.get(key);
    History history = saved == null ? windows.newHistory() : saved;
    if (event.kind == Event.Kind.LABEL) {
      if (windows.label(history, event)) {
        store(key, history);
      }
      output.collect(element);
      return;
    }
    switch (windows.arrive(history, event)) {
      case LATE:
        late.inc();
        counts.add(RunCounts.REFUSED + Outcome.LATE.label);
        refusals.refuse(this::emit, event, Outcome.LATE.label, LATE_DETAIL);
        return;
      case CONFLICTING_DUPLICATE:
        conflicts.inc();
        counts.add(RunCounts.REFUSED + Outcome.CONFLICTING_DUPLICATE.label);
        refusals.refuse(
            this::emit, event, Outcome.CONFLICTING_DUPLICATE.label, CONFLICT_DETAIL);
        return;
      case DUPLICATE:
        duplicates.inc();
        counts.add(RunCounts.DUPLICATES);
        event.kind = Event.Kind.DUPLICATE;
        break;
      default:
        store(key, history);
        if (event.isOutOfReach(entity)) {
          outOfReach.inc();
        }
    }
    output.collect(element);
  }

  private void store(String key, History history) throws Exception {
    if (profiles != null) {
      profiles.changing(key);
    }
    histories.put(key, history);
  }

  private void emit(OutputTag<Row> side, Row row) {
    output.collect(side, new StreamRecord<>(row));
  }
}
