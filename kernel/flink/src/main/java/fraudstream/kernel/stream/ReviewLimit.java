package fraudstream.kernel.stream;

import fraudstream.kernel.json.ReasonCounts;
import fraudstream.kernel.json.ReviewJson;
import fraudstream.kernel.json.ReviewJson.Subject;
import fraudstream.kernel.record.Event;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.runtime.state.VoidNamespaceSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.InternalTimer;
import org.apache.flink.streaming.api.operators.InternalTimerService;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.Triggerable;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Row;

/**
 * Limits the review alerts of an account in a minute; what exceeds the limit is counted in one
 * alert. A second limit, for all accounts of the task, holds against a flood over many accounts.
 *
 * <p>The minute is that of the arrival in the stream, so that a replay counts by the same minutes as
 * the live job; by the clock if the source gives none. The same review has the same id in both.
 * Reviews of several steps arrive in any order, so a replay may show other ones of a minute. A review
 * of an earlier minute than the account's newest one counts in that. The summary is written when a
 * later minute begins, by the clock after the end of the minute, or at the end of the input. What
 * comes after the summary of its minute is summed up in a further one.
 *
 * <p>The limit for all accounts is by the clock. Its summary is written at the end of the minute and
 * before a checkpoint, so it is never part of saved state.
 *
 * <p>Files have no limit for all accounts, and no clock: the minute is that of the event, and another
 * minute, earlier or later, begins anew. So reviews that alternate between minutes exceed the limit of
 * the account.
 *
 * <p>Metrics: {@code reviews}, the number of review alerts; {@code summed_up}, the number of
 * transactions that have none of their own.
 */
final class ReviewLimit extends AbstractStreamOperator<Row>
    implements OneInputStreamOperator<Row, Row>,
        BoundedOneInput,
        Triggerable<String, VoidNamespace> {
  private static final long serialVersionUID = 1L;
  private static final long MINUTE_MS = TimeUnit.MINUTES.toMillis(1);

  /** After the end of a minute, the time for its last records to get here. */
  static final long GRACE_MS = TimeUnit.SECONDS.toMillis(10);

  private final JobConfig config;
  private transient ReviewJson json;
  private transient ValueStateDescriptor<byte[]> descriptor;
  private transient ValueState<byte[]> state;
  private transient InternalTimerService<VoidNamespace> timers;
  private transient long clockMinute;
  private transient int written;
  private transient Subject first;
  private transient String firstReason;
  private transient ReasonCounts ofTask;
  private transient Counter reviews;
  private transient Counter summedUp;

  ReviewLimit(JobConfig config) {
    this.config = config;
  }

  @Override
  public void open() throws Exception {
    super.open();
    json = new ReviewJson(config.reviewSentences, config.modelVersion, config.catalogueVersion);
    descriptor =
        new ValueStateDescriptor<>(
            "reviews", PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);
    state = getPartitionedState(descriptor);
    timers = getInternalTimerService("minute", VoidNamespaceSerializer.INSTANCE, this);
    ofTask = new ReasonCounts();
    reviews = getMetricGroup().counter("reviews");
    summedUp = getMetricGroup().counter("summed_up");
  }

  @Override
  public void processElement(StreamRecord<Row> element) throws Exception {
    Row row = element.getValue();
    String key = (String) row.getField(Outputs.ACCOUNT);
    String reason = (String) row.getField(Outputs.REVIEW_REASON);
    long minuteMs = minuteMs(row);
    AccountReviews account = AccountReviews.read(state.value());
    if (account != null && begins(minuteMs, account)) {
      sumUp(key, account);
      account = null;
    }
    boolean hasRoom = hasRoom();
    if (account == null && !hasRoom) {
      state.clear();
      countOfTask(Outputs.subject(row), reason);
      return;
    }
    if (account == null) {
      account = new AccountReviews(minuteMs);
      wakeAfter(minuteMs + MINUTE_MS);
    }
    if (account.written >= config.reviewsPerMinute) {
      account.addToRest((String) row.getField(Outputs.TRANSACTION), reason);
      summedUp.inc();
    } else if (hasRoom) {
      account.written++;
      written++;
      String detail = (String) row.getField(Outputs.DETAIL);
      emit(key, json.one(Outputs.subject(row), reason, detail));
    } else {
      countOfTask(Outputs.subject(row), reason);
    }
    state.update(account.write());
  }

  private long minuteMs(Row review) {
    long timeMs = (long) review.getField(Outputs.ARRIVAL_MS);
    if (timeMs == Event.NO_TIME) {
      long eventMs = (long) review.getField(Outputs.TIME_MS);
      timeMs = config.writesFiles ? eventMs : timers.currentProcessingTime();
    }
    return timeMs == Event.NO_TIME ? timeMs : Math.floorDiv(timeMs, MINUTE_MS) * MINUTE_MS;
  }

  private boolean begins(long minuteMs, AccountReviews account) {
    return config.writesFiles ? minuteMs != account.minuteMs : minuteMs > account.minuteMs;
  }

  // ---- one account ----

  private void wakeAfter(long timeMs) {
    if (!config.writesFiles) {
      long nowMs = timers.currentProcessingTime();
      timers.registerProcessingTimeTimer(
          VoidNamespace.INSTANCE, Math.max(nowMs, timeMs) + GRACE_MS);
    }
  }

  @Override
  public void onProcessingTime(InternalTimer<String, VoidNamespace> timer) throws Exception {
    AccountReviews account = AccountReviews.read(state.value());
    if (account == null || timer.getTimestamp() < account.minuteMs + MINUTE_MS + GRACE_MS) {
      // The timer of an earlier minute; a later one has its own.
      return;
    }
    if (account.rest.isEmpty()) {
      state.clear();
      return;
    }
    sumUp(timer.getKey(), account);
    // Remembered a little longer: more of the same minute must not start again from 0.
    account.part++;
    account.rest.clear();
    state.update(account.write());
    wakeAfter(timer.getTimestamp() + MINUTE_MS);
  }

  @Override
  public void onEventTime(InternalTimer<String, VoidNamespace> timer) {
    throw new IllegalStateException("no timer of event time is ever set");
  }

  private void sumUp(String key, AccountReviews account) {
    if (!account.rest.isEmpty()) {
      Subject covered = new Subject(key, account.firstTransaction);
      emit(
          key,
          json.ofAccount(
              account.minuteMs, account.part, covered, account.firstReason, account.rest));
    }
  }

  // ---- all accounts of the task ----

  private boolean hasRoom() {
    if (config.writesFiles) {
      return true;
    }
    long now = getProcessingTimeService().getCurrentProcessingTime() / MINUTE_MS;
    if (now != clockMinute) {
      sumUpTask();
      clockMinute = now;
      written = 0;
    }
    return written < config.reviewsOfTaskPerMinute;
  }

  private void countOfTask(Subject subject, String reason) {
    if (ofTask.isEmpty()) {
      first = subject;
      firstReason = reason;
      long endMs = (clockMinute + 1) * MINUTE_MS;
      getProcessingTimeService().registerTimer(endMs, timeMs -> sumUpTask());
    }
    ofTask.add(reason, 1);
    summedUp.inc();
  }

  private void sumUpTask() {
    if (!ofTask.isEmpty()) {
      emit(ReviewJson.MANY_ACCOUNTS, json.ofTask(first, firstReason, ofTask));
      ofTask.clear();
    }
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) {
    sumUpTask();
  }

  @Override
  public void endInput() throws Exception {
    sumUpTask();
    this.<String>getKeyedStateBackend()
        .applyToAllKeys(
            VoidNamespace.INSTANCE,
            VoidNamespaceSerializer.INSTANCE,
            descriptor,
            (key, value) -> {
              sumUp(key, AccountReviews.read(value.value()));
              value.clear();
            });
  }

  private void emit(String key, byte[] alert) {
    reviews.inc();
    output.collect(new StreamRecord<>(Row.of(key, alert)));
  }
}
