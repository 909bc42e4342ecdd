package fraudstream.kernel.features;

import java.util.List;

/**
 * A statistic over the transactions of one entity with an event time in (t − d − w, t − d], where t
 * is the event time of the transaction at hand, w the window and d the delay.
 */
final class WindowSpec {
  /** Null values are left out; over none, COUNT, SUM and DISTINCT are 0 and the rest null (NaN). */
  enum Statistic {
    COUNT,
    SUM,
    MEAN,
    MIN,
    MAX,
    /** Of a sample: by n − 1; null under two values. */
    STD,
    /** How many different values. */
    DISTINCT,
    /** How many transactions have the value of the transaction at hand; null if that is null. */
    OCCURRENCES,
    /** From the latest other transaction in the window to this one; 0 for one of the same time. */
    SECONDS_SINCE_PREVIOUS,
    /** The value of the transaction at hand by the mean; null if that is 0. */
    RATIO_TO_MEAN,
    /** How many standard deviations its value lies above the mean; null if that deviation is 0. */
    Z_SCORE,
    /** By great circle from the place of the latest other transaction that has one; see {@link Place}. */
    SPEED_KMH,
    /** Frauds that were known at t, by all transactions. */
    FRAUD_RATE,
    /** Of the latest n, newest first: n amounts, n gaps in seconds, n values of the column. */
    LAST_N
  }

  final Statistic statistic;

  /**
   * What it looks at: none (COUNT, SECONDS_SINCE_PREVIOUS, FRAUD_RATE); latitude and longitude
   * (SPEED_KMH); the amount and the column (LAST_N); else the column.
   */
  final List<WindowColumn> columns;

  final long windowMs;
  final long delayMs;

  /** Of LAST_N: how many; else 0. */
  final int n;

  /** Where its values begin in the catalogue's vector. */
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

  /** How far back from a transaction this looks. */
  long reachMs() {
    return windowMs + delayMs;
  }

  /** How many places it takes in the vector. */
  int width() {
    return statistic == Statistic.LAST_N ? 3 * n : 1;
  }
}
