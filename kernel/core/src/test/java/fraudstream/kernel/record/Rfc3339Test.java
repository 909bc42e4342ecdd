package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Rfc3339Test {
  /** Leap seconds and offsets above 18:00, which RFC 3339 has and java.time has not. */
  private static final Pattern BEYOND_JAVA_TIME =
      Pattern.compile(":60|[+-](1[89]|2[0-3])(:\\d\\d){0,2}$");

  private static final long FIRST_MS = Instant.parse("0001-01-01T00:00:00Z").toEpochMilli();
  private static final long END_MS = Instant.parse("9999-01-01T00:00:00Z").toEpochMilli();
  private static final int RANDOM_TEXTS = 30_000;
  private static final DateTimeFormatter USUAL =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  /** The time as parsed by java.time, within the allowed years. */
  private static long referenceMs(String text) {
    try {
      long timeMs = OffsetDateTime.parse(text).toInstant().toEpochMilli();
      return timeMs >= FIRST_MS && timeMs < END_MS ? timeMs : Event.NO_TIME;
    } catch (DateTimeException | ArithmeticException none) {
      return Event.NO_TIME;
    }
  }

  private static void assertNoTime(String text) {
    assertEquals(Event.NO_TIME, Rfc3339.parseMs(text), text);
  }

  private static long anyTimeMs(Random random) {
    return FIRST_MS + (long) (random.nextDouble() * (END_MS - FIRST_MS));
  }

  // ---- the common form against java.time ----

  @Test
  void anyTimeReadsAndWritesAsJavaTimeDoesIt() {
    Random random = new Random(1);
    for (int i = 0; i < RANDOM_TEXTS; i++) {
      long timeMs = anyTimeMs(random);
      String text = USUAL.format(Instant.ofEpochMilli(timeMs));
      assertEquals(text, Rfc3339.format(timeMs));
      assertEquals(timeMs, Rfc3339.parseMs(text), text);
    }
  }

  @Test
  void numbersOutOfTheirRangesAreRefusedWhereJavaTimeRefusesThem() {
    Random random = new Random(2);
    int times = 0;
    for (int i = 0; i < RANDOM_TEXTS; i++) {
      String text =
          String.format(
              "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
              random.nextInt(20) == 0 ? random.nextInt(10_000) : 2020 + random.nextInt(5),
              random.nextInt(14),
              random.nextInt(8) == 0 ? 27 + random.nextInt(6) : random.nextInt(30),
              random.nextInt(26),
              random.nextInt(62),
              random.nextInt(62),
              random.nextInt(1_000));
      long expectedMs = referenceMs(text);
      assertEquals(expectedMs, Rfc3339.parseMs(text), text);
      times += expectedMs == Event.NO_TIME ? 0 : 1;
    }
    assertTrue(times > RANDOM_TEXTS / 2 && times < RANDOM_TEXTS * 9 / 10, times + " times");
  }

  @Test
  void aTextWithAnyOtherCharacterIsReadOrRefusedAsJavaTimeDoesIt() {
    Random random = new Random(3);
    String others = "0123456789-+:.TZtz \u0000\u0661\uFF11x/,";
    for (int i = 0; i < RANDOM_TEXTS; i++) {
      StringBuilder text = new StringBuilder(USUAL.format(Instant.ofEpochMilli(anyTimeMs(random))));
      for (int change = random.nextInt(2); change >= 0; change--) {
        int at = random.nextInt(text.length());
        text.setCharAt(at, others.charAt(random.nextInt(others.length())));
      }
      if (!BEYOND_JAVA_TIME.matcher(text).find()) {
        assertEquals(
            referenceMs(text.toString()), Rfc3339.parseMs(text.toString()), text.toString());
      }
    }
  }

  // ---- cases ----

  @ParameterizedTest
  @CsvSource({
    "1970-01-01T00:00:00.000Z, 1970-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.999Z, 1969-12-31T23:59:59.999Z",
    "2024-02-29T23:59:59.999Z, 2024-02-29T23:59:59.999Z",
    "2000-02-29T00:00:00.000Z, 2000-02-29T00:00:00.000Z",
    "0004-02-29T00:00:00.000Z, 0004-02-29T00:00:00.000Z",
    "0001-01-01T00:00:00.000Z, 0001-01-01T00:00:00.000Z",
    "9998-12-31T23:59:59.999Z, 9998-12-31T23:59:59.999Z",
    // Letters of either case; any number of digits, truncated to milliseconds.
    "2026-01-02t03:04:05.678z, 2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05Z, 2026-01-02T03:04:05.000Z",
    "2026-01-02T03:04:05.6Z, 2026-01-02T03:04:05.600Z",
    "2026-01-02T03:04:05.67Z, 2026-01-02T03:04:05.670Z",
    "2026-01-02T03:04:05.6789Z, 2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05.678999999Z, 2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05.67899999999999999999Z, 2026-01-02T03:04:05.678Z",
    "1969-12-31T23:59:59.999999Z, 1969-12-31T23:59:59.999Z",
    // Other offsets give the same instant, also across the turn of a year.
    "2026-01-02T10:04:05.678+07:00, 2026-01-02T03:04:05.678Z",
    "2026-01-01T23:34:05.678-03:30, 2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05.678+00:00, 2026-01-02T03:04:05.678Z",
    "2026-01-01T00:00:00.000+14:00, 2025-12-31T10:00:00.000Z",
    "2024-03-01T05:00:00+07:00, 2024-02-29T22:00:00.000Z",
    "2026-01-02T03:04:05+23:59, 2026-01-01T03:05:05.000Z",
    // A leap second is the first second of the next day.
    "2016-12-31T23:59:60.5Z, 2017-01-01T00:00:00.500Z",
    "2017-01-01T06:59:60+07:00, 2017-01-01T00:00:00.000Z",
    "0000-12-31T23:00:00-02:00, 0001-01-01T01:00:00.000Z",
    "9999-01-01T05:00:00+07:00, 9998-12-31T22:00:00.000Z",
  })
  void aTimeIsReadToTheMillisecondInUtc(String text, String expected) {
    long timeMs = Rfc3339.parseMs(text);
    assertEquals(Instant.parse(expected).toEpochMilli(), timeMs);
    assertEquals(expected, Rfc3339.format(timeMs));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "Z", "yesterday", "yyyy-MM-ddTHH:mm:ss.SSSZ", "1767323045678",
        // No offset, no T, no time
        "2026-01-02T03:04:05.678", "2026-01-02 03:04:05.678Z", "2026-01-02", "2026-01-02Z",
        "2026-01-02T03:04:05.678Z ", " 2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678ZZ",
        // No such day
        "2025-02-29T00:00:00.000Z", "2024-02-30T00:00:00.000Z", "1900-02-29T00:00:00.000Z",
        "2100-02-29T00:00:00Z", "2026-04-31T00:00:00.000Z", "2026-00-10T00:00:00.000Z",
        "2026-13-10T00:00:00.000Z", "2026-01-00T00:00:00.000Z", "2026-01-32T00:00:00.000Z",
        // No such hour, minute, second, offset
        "2026-01-02T24:00:00.000Z", "2026-01-02T24:00:00Z", "2026-01-02T03:60:00.000Z",
        "2026-01-02T03:04:60.000Z", "2026-01-02T23:58:60Z", "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+07:60",
        // Outside the years 1 to 9998 in UTC
        "0000-01-01T00:00:00.000Z", "0000-12-31T23:59:59.999Z", "0001-01-01T00:00:00+07:00",
        "-0001-01-01T00:00:00Z", "9999-01-01T00:00:00.000Z", "9998-12-31T20:00:00-07:00",
        "+12345-01-01T00:00:00Z", "+999999999-12-31T23:59:59-18:00",
        "-999999999-01-01T00:00:00+18:00",
        // Digits other than 0 to 9, or another format
        "٢٠٢٦-٠١-٠٢T٠٣:٠٤:٠٥.٦٧٨Z", "2026-01-02T03:04:05,678Z", "2026-1-2T3:4:5Z",
        "+026-01-02T03:04:05.678Z", "2026-01-02T03:04:-5.678Z",
      })
  void whatIsNoTimeIsTakenForNone(String text) {
    assertNoTime(text);
  }

  /** February 29 in each kind of year, in the common form and in another. */
  @ParameterizedTest
  @CsvSource({
    "2023, false", "2024, true", "1900, false", "2000, true", "2100, false", "9996, true",
  })
  void februaryHas29DaysInLeapYears(String year, boolean isLeap) {
    for (String rest : new String[] {"-02-29T12:00:00.000Z", "-02-29T12:00:00Z"}) {
      assertEquals(isLeap, Rfc3339.parseMs(year + rest) != Event.NO_TIME, year + rest);
    }
  }
}
