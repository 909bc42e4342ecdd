package fraudstream.kernel.customers;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.concurrent.TimeUnit;

/** What the bank knows of one customer; a value that is not known is null or NaN. */
public final class CustomerRow {
  /** The version of a row that could not be read in time. */
  public static final String UNAVAILABLE = "unavailable";

  /** The version of a row with an invalid value. */
  public static final String INVALID = "invalid";

  /** Longer ids are refused in transactions, so no transaction has such a customer. */
  static final int MAX_ID_CHARACTERS = 256;

  static final int MAX_SEGMENT_CHARACTERS = 64;
  static final String SEGMENT = "segment";
  static final String KYC_LEVEL = "kyc_level";
  static final String CUSTOMER_SINCE = "customer_since";

  private static final long NO_DAY = Long.MIN_VALUE;

  /** Vietnam has no daylight saving time. */
  private static final long VIETNAM_OFFSET_MS = TimeUnit.HOURS.toMillis(7);

  /** The group of customers; null if unknown. */
  public final String segment;

  /** How well the customer's identity is known, 0 to 3; NaN if unknown. */
  public final double kycLevel;

  /**
   * The version of a file ({@link CustomerFile}); or, of a table, the time at which the row was read,
   * {@link #UNAVAILABLE} or {@link #INVALID}.
   */
  public final String version;

  private final long sinceDay;

  private CustomerRow(String segment, double kycLevel, long sinceDay, String version) {
    this.segment = segment;
    this.kycLevel = kycLevel;
    this.sinceDay = sinceDay;
    this.version = version;
  }

  /** The row of a customer whom the metadata don't have. */
  static CustomerRow unknown(String version) {
    return new CustomerRow(null, Double.NaN, NO_DAY, version);
  }

  /**
   * Reads a row from its texts; null and an empty text mean that a value is unknown.
   *
   * @throws IllegalArgumentException if a text is no such value; the message has it and the fix
   */
  public static CustomerRow of(String segment, String kycLevel, String since, String version) {
    return new CustomerRow(segmentOf(segment), kycLevelOf(kycLevel), dayOf(since), version);
  }

  private static String segmentOf(String text) {
    if (isAbsent(text)) {
      return null;
    }
    if (text.isBlank() || text.length() > MAX_SEGMENT_CHARACTERS) {
      throw new IllegalArgumentException(
          SEGMENT + " is blank or longer than 64 characters; give a short name, or omit it");
    }
    return text;
  }

  private static double kycLevelOf(String text) {
    if (isAbsent(text)) {
      return Double.NaN;
    }
    if (text.length() != 1 || text.charAt(0) < '0' || text.charAt(0) > '3') {
      throw wrong(KYC_LEVEL, text, "0, 1, 2 or 3");
    }
    return text.charAt(0) - '0';
  }

  private static long dayOf(String text) {
    if (isAbsent(text)) {
      return NO_DAY;
    }
    try {
      if (text.length() == "2026-01-02".length()) {
        LocalDate day = LocalDate.parse(text);
        if (day.getYear() > 0) {
          return day.toEpochDay();
        }
      }
    } catch (DateTimeParseException noDate) {
      // Refused below.
    }
    throw wrong(CUSTOMER_SINCE, text, "a date, like 2026-01-02");
  }

  private static boolean isAbsent(String text) {
    return text == null || text.isEmpty();
  }

  private static IllegalArgumentException wrong(String field, String text, String wanted) {
    String quoted = text.length() > 40 ? text.substring(0, 40) + "…" : text;
    return new IllegalArgumentException(
        field + " is '" + quoted + "'; it must be " + wanted + ": correct it, or omit it");
  }

  /**
   * The days, by Vietnam's calendar, for which the customer has been one at {@code timeMs} (epoch ms);
   * NaN if that is unknown, or the customer was none yet.
   */
  public double relationshipDays(long timeMs) {
    long day = Math.floorDiv(timeMs + VIETNAM_OFFSET_MS, TimeUnit.DAYS.toMillis(1));
    return sinceDay == NO_DAY || day < sinceDay ? Double.NaN : day - sinceDay;
  }
}
