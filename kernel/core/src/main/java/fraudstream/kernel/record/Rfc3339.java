package fraudstream.kernel.record;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;

/** Parses and formats RFC 3339 timestamps. */
public final class Rfc3339 {
  /**
   * RFC 3339 years have four digits, and Python's datetime, which alerts pass through, starts at
   * year 1. Both write times in UTC, so the limits apply to the year in UTC.
   */
  private static final long FIRST_MS = Instant.parse("0001-01-01T00:00:00Z").toEpochMilli();

  private static final long END_MS = Instant.parse("9999-01-01T00:00:00Z").toEpochMilli();

  private static final String USUAL = "yyyy-MM-ddTHH:mm:ss.SSSZ";
  private static final long MS_PER_DAY = 86_400_000;
  private static final int MS_PER_HOUR = 3_600_000;
  private static final int MS_PER_MINUTE = 60_000;
  private static final int MS_PER_SECOND = 1_000;
  private static final int HOURS_PER_DAY = 24;
  private static final int SIXTY = 60;

  private Rfc3339() {}

  /** The time in epoch ms, truncated to milliseconds; {@link Event#NO_TIME} if it is invalid. */
  static long parseMs(String text) {
    try {
      long timeMs =
          looksUsual(text) ? usualMs(text) : OffsetDateTime.parse(text).toInstant().toEpochMilli();
      return timeMs >= FIRST_MS && timeMs < END_MS ? timeMs : Event.NO_TIME;
    } catch (DateTimeException | ArithmeticException problem) {
      return Event.NO_TIME;
    }
  }

  /** Whether a text has the most common form, which takes a tenth of the time to parse. */
  private static boolean looksUsual(String text) {
    if (text.length() != USUAL.length()) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char wanted = USUAL.charAt(i);
      char found = text.charAt(i);
      boolean isLetterOrMark = wanted == 'T' || wanted == 'Z' || !Character.isLetter(wanted);
      if (isLetterOrMark ? found != wanted : found < '0' || found > '9') {
        return false;
      }
    }
    return true;
  }

  private static long usualMs(String text) {
    int hour = number(text, 11, 13);
    int minute = number(text, 14, 16);
    int second = number(text, 17, 19);
    if (hour >= HOURS_PER_DAY || minute >= SIXTY || second >= SIXTY) {
      return Event.NO_TIME;
    }
    long days =
        LocalDate.of(number(text, 0, 4), number(text, 5, 7), number(text, 8, 10)).toEpochDay();
    return days * MS_PER_DAY
        + (long) hour * MS_PER_HOUR
        + (long) minute * MS_PER_MINUTE
        + (long) second * MS_PER_SECOND
        + number(text, 20, 23);
  }

  /** Formats epoch ms in UTC with milliseconds, like 2026-01-02T03:04:05.678Z. */
  public static String format(long timeMs) {
    LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(timeMs, MS_PER_DAY));
    int ms = (int) Math.floorMod(timeMs, MS_PER_DAY);
    char[] text = USUAL.toCharArray();
    put(text, 0, 4, date.getYear());
    put(text, 5, 7, date.getMonthValue());
    put(text, 8, 10, date.getDayOfMonth());
    put(text, 11, 13, ms / MS_PER_HOUR);
    put(text, 14, 16, ms / MS_PER_MINUTE % SIXTY);
    put(text, 17, 19, ms / MS_PER_SECOND % SIXTY);
    put(text, 20, 23, ms % MS_PER_SECOND);
    return new String(text);
  }

  private static void put(char[] text, int from, int to, int number) {
    int rest = number;
    for (int i = to - 1; i >= from; i--) {
      text[i] = (char) ('0' + rest % 10);
      rest /= 10;
    }
  }

  private static int number(String text, int from, int to) {
    int number = 0;
    for (int i = from; i < to; i++) {
      number = number * 10 + text.charAt(i) - '0';
    }
    return number;
  }
}
