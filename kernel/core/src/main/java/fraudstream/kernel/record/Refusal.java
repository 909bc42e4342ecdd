package fraudstream.kernel.record;

import java.util.Locale;

/** Why a record became a dead letter; the lower-case name is the {@code reason} in its JSON. */
public enum Refusal {
  /** Not one JSON object in UTF-8, or something after it. */
  MALFORMED_JSON,
  /** A known field holds JSON of another type than its own. */
  WRONG_TYPE,
  /** A required field is absent or null. */
  MISSING_FIELD,
  /** The event time is not RFC 3339 with an offset. */
  INVALID_TIME,
  /** The event time lies past the arrival in the stream by more than the tolerance. */
  FUTURE_TIME,
  /** The amount is zero, negative, absurdly large or not finite. */
  INVALID_AMOUNT,
  /** An id is empty or too long, or an optional number is not finite. */
  INVALID_VALUE,
  /** The record is larger than the job reads. */
  OVERSIZE;

  public final String reason = name().toLowerCase(Locale.ROOT);
}
