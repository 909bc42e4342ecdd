package fraudstream.kernel.record;

import java.math.BigDecimal;

/**
 * The values that a numeric column may have; {@code fraudstream/domain/number_ranges.py} has the
 * same ranges, and the reason for each.
 */
public final class Range {
  static final Range DEGREES_OF_LATITUDE = new Range(-90, false, 90);
  static final Range DEGREES_OF_LONGITUDE = new Range(-180, false, 180);

  /** Squares, and sums of squares over any window, stay within the model's 32-bit floats. */
  private static final double MAX_MONEY_VND = 1e15;

  static final Range MONEY = new Range(0, false, MAX_MONEY_VND);
  static final Range MONEY_ABOVE_0 = new Range(0, true, MAX_MONEY_VND);
  static final Range COUNT = new Range(0, false, Integer.MAX_VALUE);

  public final double min;

  /** Whether {@link #min} itself is outside. */
  public final boolean excludesMin;

  public final double max;

  private Range(double min, boolean excludesMin, double max) {
    this.min = min;
    this.excludesMin = excludesMin;
    this.max = max;
  }

  /** Whether a value lies outside; false for NaN, which means that there is none. */
  boolean excludes(double value) {
    return value < min || value > max || (excludesMin && value == min);
  }

  /** The range in words, like "above 0 and at most 1000000000000000". */
  @Override
  public String toString() {
    return (excludesMin ? "above " : "at least ") + plain(min) + " and at most " + plain(max);
  }

  private static String plain(double bound) {
    return BigDecimal.valueOf(bound).stripTrailingZeros().toPlainString();
  }
}
