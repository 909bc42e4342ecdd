package fraudstream.kernel.stream;

import fraudstream.kernel.profiles.DirtyKeys;
import fraudstream.kernel.profiles.ProfileBatch;
import fraudstream.kernel.profiles.ProfileWriter;
import java.util.concurrent.TimeUnit;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;

/**
 * Metrics of a task that writes profiles: {@code profile_rows} and {@code profile_bytes} that the
 * store has accepted, {@code profile_write_failures} of the JVM's writer, {@code
 * profile_dirty_keys}, {@code profile_lag_ms} (the age of the oldest change that the store does not
 * have) and {@code profile_flush_ms} (the time of the task that the last flush took).
 */
final class ProfileMetrics {
  private final MetricGroup group;
  private final Counter rows;
  private final Counter bytes;
  private volatile long flushMs;
  private volatile long lagMs;

  ProfileMetrics(MetricGroup group) {
    this.group = group;
    rows = group.counter("profile_rows");
    bytes = group.counter("profile_bytes");
    group.gauge("profile_flush_ms", (Gauge<Long>) () -> flushMs);
    group.gauge("profile_lag_ms", (Gauge<Long>) () -> lagMs);
  }

  void watch(ProfileWriter writer, DirtyKeys dirty) {
    group.gauge("profile_write_failures", (Gauge<Long>) writer::failures);
    group.gauge("profile_dirty_keys", (Gauge<Integer>) dirty::size);
  }

  void written(ProfileBatch batch) {
    rows.inc(batch.rowCount());
    bytes.inc(batch.profileBytes());
  }

  void flushed(long nanos, long newLagMs) {
    flushMs = TimeUnit.NANOSECONDS.toMillis(nanos);
    lagMs = newLagMs;
  }
}
