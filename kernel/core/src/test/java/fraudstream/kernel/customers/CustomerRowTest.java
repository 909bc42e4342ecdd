package fraudstream.kernel.customers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CustomerRowTest {
  private static double days(String since, String time) {
    return CustomerRow.of(null, null, since, "v").relationshipDays(Instant.parse(time).toEpochMilli());
  }

  /** Midnight in Vietnam is 17:00 UTC of the day before. */
  @ParameterizedTest
  @CsvSource({
    "2026-01-02, 2026-01-01T17:00:00Z, 0",
    "2026-01-02, 2026-01-01T16:59:59.999Z, NaN",
    "2026-01-02, 2026-01-02T16:59:59.999Z, 0",
    "2026-01-02, 2026-01-02T17:00:00Z, 1",
    "2024-02-29, 2025-02-28T00:00:00Z, 365",
    "1969-12-31, 1970-01-01T00:00:00Z, 1",
    "0001-01-01, 1970-01-01T00:00:00Z, 719162",
  })
  void theRelationshipsDaysAreThoseOfVietnamsCalendarAtTheTimeOfTheEvent(
      String since, String time, double expected) {
    assertEquals(expected, days(since, time));
  }

  @Test
  void whatIsAbsentOrEmptyIsUnknown() {
    for (String absent : new String[] {null, ""}) {
      CustomerRow row = CustomerRow.of(absent, absent, absent, "v");
      assertNull(row.segment);
      assertEquals(Double.NaN, row.kycLevel);
      assertEquals(Double.NaN, row.relationshipDays(0));
      assertEquals("v", row.version);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "2", "3"})
  void aLevelIsANumberFrom0To3(String level) {
    assertEquals(Double.parseDouble(level), CustomerRow.of(null, level, null, "v").kycLevel);
  }

  @ParameterizedTest
  @ValueSource(strings = {"4", "-1", "1.0", " 1", "full", "01", "٣"})
  void anotherLevelIsRefusedByNameValueAndRemedy(String level) {
    assertEquals(
        "kyc_level is '" + level + "'; it must be 0, 1, 2 or 3: correct it, or omit it",
        refusal(null, level, null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"2026-02-30", "02/01/2026", "2026-1-2", "0000-01-01", "-001-01-01", "2026-01-02T00:00:00Z"})
  void whatIsNoDateIsRefusedByNameValueAndRemedy(String since) {
    assertEquals(
        "customer_since is '"
            + since
            + "'; it must be a date, like 2026-01-02: correct it, or omit it",
        refusal(null, null, since));
  }

  @Test
  void aBlankOrLongSegmentIsRefused() {
    assertEquals("x".repeat(64), CustomerRow.of("x".repeat(64), null, null, "v").segment);
    assertTrue(refusal("x".repeat(65), null, null).contains("longer than 64"));
    assertTrue(refusal(" ", null, null).contains("blank"));
  }

  private static String refusal(String segment, String level, String since) {
    return assertThrows(
            IllegalArgumentException.class, () -> CustomerRow.of(segment, level, since, "v"))
        .getMessage();
  }
}
