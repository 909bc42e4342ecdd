package fraudstream.kernel.record;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parses and formats RFC 3339 timestamps. {@code fraudstream/domain/transaction.py} reads the same
 * texts.
 */
public final class Rfc3339 {
  /**
   * RFC 3339 years have four digits, and Python's datetime, which alerts pass through, starts at
   * year 1. Both write times in UTC, so the limits apply to the year in UTC.
   */
  private static final long FIRST_MS = Instant.parse("0001-01-01T00:00:00Z").toEpochMilli();

  private static final long END_MS = Instant.parse("9999-01-01T00:00:00Z").toEpochMilli();

  /**
   * RFC 3339, with letters in either case and fractions of any length. Times without seconds and
   * offsets without minutes or with seconds are read too.
   */
  private static final Pattern FORMAT =
      Pattern.compile(
          "([0-9]{4})-([0-9]{2})-([0-9]{2})"
              + "[Tt]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]|60)(?:\\.([0-9]*))?)?"
              + "(?:[Zz]|([+-])([01][0-9]|2[0-3])(?::([0-5][0-9])(?::([0-5][0-9]))?)?)");

  private static final int SECONDS_PER_DAY = 86_400;
  private static final int LEAP_SECOND = 60;
  private static final String USUAL = "yyyy-MM-ddTHH:mm:ss.SSSZ";
  private static final long MS_PER_DAY = 86_400_000;
  private static final int MS_PER_HOUR = 3_600_000;
  private static final int MS_PER_MINUTE = 60_000;
  private static final int MS_PER_SECOND = 1_000;
  private static final int HOURS_PER_DAY = 24;
  private static final int SIXTY = 60;

  private Rfc3339() {}

  /**
   * The time in epoch ms, truncated to milliseconds; {@link Event#NO_TIME} if it is invalid. A leap
   * second, which epoch time does not have, is the first second of the next day.
   */
  static long parseMs(String text) {
    try {
      long timeMs = looksUsual(text) ? usualMs(text) : unusualMs(text);
      return timeMs >= FIRST_MS && timeMs < END_MS ? timeMs : Event.NO_TIME;
    } catch (DateTimeException problem) {
      return Event.NO_TIME;
    }
  }

  private static long unusualMs(String text) {
    Matcher found = FORMAT.matcher(text);
    if (!found.matches()) {
      return Event.NO_TIME;
    }
    LocalDate date =
        LocalDate.of(number(found.group(1)), number(found.group(2)), number(found.group(3)));
    int second = number(found.group(6));
    int ofDayS = seconds(number(found.group(4)), number(found.group(5)), second);
    int offsetS = seconds(number(found.group(9)), number(found.group(10)), number(found.group(11)));
    int utcS = "-".equals(found.group(8)) ? ofDayS + offsetS : ofDayS - offsetS;
    if (second == LEAP_SECOND && Math.floorMod(utcS, SECONDS_PER_DAY) != 0) {
      return Event.NO_TIME;
    }
    String fraction = found.group(7) == null ? "" : found.group(7);
    String ms = (fraction + "000").substring(0, 3);
    return date.toEpochDay() * MS_PER_DAY + (long) utcS * MS_PER_SECOND + number(ms);
  }

  private static int seconds(int hours, int minutes, int seconds) {
    return (hours * SIXTY + minutes) * SIXTY + seconds;
  }

  private static int number(String digits) {
    return digits == null ? 0 : number(digits, 0, digits.length());
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
