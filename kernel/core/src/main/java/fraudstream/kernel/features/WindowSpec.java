package fraudstream.kernel.features;

import java.util.List;

/**
 * A window feature: a statistic over the transactions of one entity with an event time in (t − d −
 * w, t − d], where t is the event time of the current transaction, w the window and d the delay.
 */
final class WindowSpec {
  /**
   * Statistics ignore null values. Without any values, COUNT, SUM, DISTINCT and OCCURRENCES are 0
   * and the others null (NaN).
   */
  enum Statistic {
    COUNT,
    SUM,
    MEAN,
    MIN,
    MAX,
    /** The sample standard deviation (n − 1); null for fewer than two values. */
    STD,
    /** The number of distinct values. */
    DISTINCT,
    /** The number of transactions with the current transaction's value; null if that is null. */
    OCCURRENCES,
    /** Seconds since the latest other transaction in the window; 0 for one at the same time. */
    SECONDS_SINCE_PREVIOUS,
    /** The current transaction's value divided by the mean; null if the mean is 0. */
    RATIO_TO_MEAN,
    /** The current value's distance above the mean in standard deviations; null if these are 0. */
    Z_SCORE,
    /** Great-circle speed from the latest other transaction with coordinates; see {@link Place}. */
    SPEED_KMH,
    /** The share of transactions known at t to be frauds. */
    FRAUD_RATE,
    /** The latest n, newest first: n amounts, n gaps in seconds, n values of the column. */
    LAST_N
  }

  final Statistic statistic;

  /**
   * The columns used: none for COUNT, SECONDS_SINCE_PREVIOUS and FRAUD_RATE; latitude and longitude
   * for SPEED_KMH; the amount and the column for LAST_N; otherwise the column.
   */
  final List<WindowColumn> columns;

  final long windowMs;
  final long delayMs;

  /** The n of LAST_N; 0 for other statistics. */
  final int n;

  /** The position of the first value in the feature vector. */
  final int offset;

  WindowSpec(
      Statistic statistic,
      List<WindowColumn> columns,
      long windowMs,
      long delayMs,
      int n,
      int offset) {
    this.statistic = statistic;
    this.columns = columns;
    this.windowMs = windowMs;
    this.delayMs = delayMs;
    this.n = n;
    this.offset = offset;
  }

  /** The distance of the far edge from the current transaction's event time. */
  long reachMs() {
    return windowMs + delayMs;
  }

  /** The number of values in the feature vector. */
  int width() {
    return statistic == Statistic.LAST_N ? 3 * n : 1;
  }
}
