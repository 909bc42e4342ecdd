package fraudstream.kernel.stream;

import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.features.HistorySerializer;
import fraudstream.kernel.features.Outcome;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.time.Duration;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.metrics.Counter;
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
 * features of this entity.
 */
class EntityStep extends AbstractStreamOperator<Event>
    implements OneInputStreamOperator<Event, Event> {
  private static final long serialVersionUID = 1L;
  private static final String LATE_DETAIL =
      "event_time lies further behind the newest of its account than the allowed lateness";
  private static final String CONFLICT_DETAIL =
      "the account already has a transaction with this transaction_id and other contents;"
          + " give each transaction an id of its own, and copies the same contents";

  private final JobConfig config;
  private final Entity entity;
  private transient EntityWindows windows;
  private transient Histories histories;
  private transient Refusals refusals;
  private transient RunCounts counts;
  private transient Counter duplicates;
  private transient Counter late;
  private transient Counter conflicts;
  private transient Counter outOfReach;

  EntityStep(JobConfig config, Entity entity) {
    this.config = config;
    this.entity = entity;
  }

  final JobConfig config() {
    return config;
  }

  @Override
  public void open() throws Exception {
    super.open();
    windows =
        config
            .catalogue()
            .windows(entity, config.allowedLatenessMs, config.retentionToleranceMs);
    ValueStateDescriptor<History> descriptor =
        new ValueStateDescriptor<>("history", new HistorySerializer(windows.schema()));
    descriptor.enableTimeToLive(timeToLive());
    refusals = new Refusals(config);
    histories = Histories.of(getKeyedStateBackend(), getPartitionedState(descriptor));
    counts = new RunCounts(getRuntimeContext());
    duplicates = getMetricGroup().counter("duplicates");
    late = getMetricGroup().counter(Outcome.LATE.label);
    conflicts = getMetricGroup().counter("conflicts");
    outOfReach = getMetricGroup().counter("out_of_reach");
  }

  private StateTtlConfig timeToLive() {
    // A transaction may be in the future by the tolerance when the state is written for it.
    long asked =
        windows.reachMs()
            + config.allowedLatenessMs
            + config.retentionToleranceMs
            + config.stateTtlMarginMs;
    long ttlMs = config.stateTtlMs < 0 ? asked : config.stateTtlMs;
    // Each state access checks one bucket of the hash table for expired entries (Flink's default is
    // five). If every transaction has a new key, expired entries make up at most half of the state;
    // if every fourth has one, at most a fifth.
    return StateTtlConfig.newBuilder(Duration.ofMillis(ttlMs))
        .cleanupIncrementally(1, false)
        .build();
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    histories.flush();
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
        histories.put(key, history);
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
        histories.put(key, history);
        if (event.isOutOfReach(entity)) {
          outOfReach.inc();
        }
    }
    output.collect(element);
  }

  private void emit(OutputTag<Row> side, Row row) {
    output.collect(side, new StreamRecord<>(row));
  }
}
