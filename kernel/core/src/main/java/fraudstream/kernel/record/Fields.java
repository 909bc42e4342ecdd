package fraudstream.kernel.record;

import java.util.Arrays;

/** The values of one parsed transaction, by {@link Column}, and of its customer's metadata. */
public final class Fields {
  /** The event time, epoch ms; {@link Event#NO_TIME} if absent. */
  public long timeMs;

  private final String[] texts = new String[Column.COUNT];
  private final double[] numbers = new double[Column.COUNT];
  private final Contents contents = new Contents();

  void clear() {
    Arrays.fill(texts, null);
    Arrays.fill(numbers, Double.NaN);
    timeMs = Event.NO_TIME;
  }

  /** The text of a column; null if absent. */
  public String text(Column column) {
    return texts[column.ordinal()];
  }

  /** The number of a column, a flag as 1 or 0; NaN if absent. */
  public double number(Column column) {
    return numbers[column.ordinal()];
  }

  void set(Column column, String text) {
    texts[column.ordinal()] = text;
  }

  void set(Column column, double number) {
    // Adding 0.0 turns -0.0 into 0.0.
    numbers[column.ordinal()] = number + 0.0;
  }

  void setNull(Column column) {
    if (column.kind == Column.Kind.TIME) {
      timeMs = Event.NO_TIME;
    } else {
      texts[column.ordinal()] = null;
      numbers[column.ordinal()] = Double.NaN;
    }
  }

  /**
   * Sets what the metadata say of the transaction's customer; null and NaN where they say nothing.
   *
   * @param relationshipDays the age of the relationship at the time of the event
   */
  public void setCustomer(String segment, double kycLevel, double relationshipDays) {
    set(Column.CUSTOMER_SEGMENT, segment);
    set(Column.CUSTOMER_KYC_LEVEL, kycLevel);
    set(Column.CUSTOMER_RELATIONSHIP_DAYS, relationshipDays);
  }

  /** The canonical bytes of the record's values, in a new array. */
  byte[] contents() {
    return contents.of(texts, numbers, timeMs);
  }

  /** Whether the transaction has no value for the column. */
  public boolean isNull(Column column) {
    switch (column.kind) {
      case TEXT:
        return text(column) == null;
      case TIME:
        return timeMs == Event.NO_TIME;
      default:
        return Double.isNaN(number(column));
    }
  }
}
