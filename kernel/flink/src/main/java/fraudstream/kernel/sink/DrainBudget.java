package fraudstream.kernel.sink;

import java.util.concurrent.TimeUnit;

/**
 * The time for which checkpoints may wait for rows that are being written: a tenth of all time, and
 * {@link #LONGEST_MS} at once. So a stream that is slow, but never fails, can't hold up a task for
 * much of its time, however often it makes a checkpoint. Not thread-safe.
 */
final class DrainBudget {
  /** Long enough for some requests, also of a slow stream. */
  static final long LONGEST_MS = 5_000;

  private static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(LONGEST_MS);
  private static final int TENTH = 10;

  private long leftNanos = LONGEST_NANOS;
  private long sinceNanos;

  DrainBudget(long nowNanos) {
    sinceNanos = nowNanos;
  }

  /** How long a checkpoint may wait now. */
  long nanosAt(long nowNanos) {
    leftNanos = Math.min(LONGEST_NANOS, leftNanos + (nowNanos - sinceNanos) / TENTH);
    sinceNanos = nowNanos;
    return leftNanos;
  }

  /** Takes what a checkpoint has waited. */
  void spend(long nanos) {
    leftNanos = Math.max(0, leftNanos - nanos);
  }
}
