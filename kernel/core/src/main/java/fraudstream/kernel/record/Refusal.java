package fraudstream.kernel.record;

import java.util.Locale;

/** Reasons for refusing a record; the lower-case name is the {@code reason} of its dead letter. */
public enum Refusal {
  /** The record is not a JSON object in UTF-8, or has content after the object. */
  MALFORMED_JSON,
  /** A known field has the wrong JSON type. */
  WRONG_TYPE,
  /** A required field is absent or null. */
  MISSING_FIELD,
  /**
   * A time is not RFC 3339 with an offset or is outside the years 1 to 9998, or a label became
   * available before its transaction's event time.
   */
  INVALID_TIME,
  /** The event time is later than the arrival in the stream by more than the tolerance. */
  FUTURE_TIME,
  /** The amount is outside the {@link Column#range} of its column. */
  INVALID_AMOUNT,
  /**
   * A required id is empty, an id has a control character, a text is too long or has an unpaired
   * surrogate, or a number other than the amount is outside the {@link Column#range} of its column.
   */
  INVALID_VALUE,
  /** The record is larger than the configured maximum. */
  OVERSIZE,
  /**
   * The Kinesis Producer Library aggregated the record, and it can't be taken apart, or stands where
   * it is not taken apart.
   */
  AGGREGATION;

  public final String reason = name().toLowerCase(Locale.ROOT);
}
