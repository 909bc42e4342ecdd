package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.EnumSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Refused transactions: the reason and the message for the sender. */
class TransactionRefusalTest {
  private static final int MAX_RECORD_BYTES = 1 << 20;
  private static final long DAY_MS = 86_400_000;
  private static final long ARRIVAL_MS = Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli();

  private final TransactionParser parser = new TransactionParser(MAX_RECORD_BYTES, DAY_MS);

  private RefusedException refused(byte[] record) {
    return assertThrows(RefusedException.class, () -> parser.parse(record, ARRIVAL_MS));
  }

  private RefusedException refused(String record) {
    return refused(Records.utf8(record));
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        // Not a single JSON object in UTF-8
        refusal("", Refusal.MALFORMED_JSON, "not a JSON object; send one object per record"),
        refusal("   ", Refusal.MALFORMED_JSON, "not a JSON object; send one object per record"),
        refusal("[]", Refusal.MALFORMED_JSON, "not a JSON object; send one object per record"),
        refusal("\"text\"", Refusal.MALFORMED_JSON, "not a JSON object; send one object"),
        refusal("null", Refusal.MALFORMED_JSON, "not a JSON object; send one object per record"),
        refusal("{", Refusal.MALFORMED_JSON, "end-of-input"),
        refusal("{\"account_id\":\"A", Refusal.MALFORMED_JSON, "end-of-input"),
        refusal("{'account_id':1}", Refusal.MALFORMED_JSON, "expecting double-quote"),
        refusal("{\"note\":NaN}", Refusal.MALFORMED_JSON, "NaN"),
        refusal("{\"note\":01}", Refusal.MALFORMED_JSON, "Leading zeroes"),
        refusal("{\"a\":1,}", Refusal.MALFORMED_JSON, "expecting"),
        refusal(Records.json() + Records.json(), Refusal.MALFORMED_JSON, "data after"),
        refusal(Records.json() + " 1", Refusal.MALFORMED_JSON, "data after", "send one"),
        refusal(Records.json() + "x", Refusal.MALFORMED_JSON, "'x'"),
        refusal(Records.json() + "}", Refusal.MALFORMED_JSON, "'}'"),
        // Wrong type
        refusal(
            Records.json("transaction_id", "1"),
            Refusal.WRONG_TYPE,
            "transaction_id is '1'; it must be a string"),
        refusal(
            Records.json("account_id", "{\"id\":1}"),
            Refusal.WRONG_TYPE,
            "account_id is '{'; it must be a string"),
        refusal(
            Records.json("city", "[\"Huế\"]"),
            Refusal.WRONG_TYPE,
            "city is '['; it must be a string"),
        refusal(
            Records.json("event_time", "1767323045678"),
            Refusal.WRONG_TYPE,
            "event_time is '1767323045678'; it must be a string in RFC 3339, like"
                + " 2026-01-02T03:04:05.678Z"),
        refusal(
            Records.json("transaction_amount_vnd", "\"1000\""),
            Refusal.WRONG_TYPE,
            "transaction_amount_vnd is '1000'; it must be a number"),
        refusal(
            Records.json("latitude", "true"),
            Refusal.WRONG_TYPE,
            "latitude is 'true'; it must be a number"),
        refusal(
            Records.json("npl_flag", "1"),
            Refusal.WRONG_TYPE,
            "npl_flag is '1'; it must be true or false"),
        refusal(
            Records.json("npl_flag", "\"" + "y".repeat(61) + "\""),
            Refusal.WRONG_TYPE,
            "npl_flag is '" + "y".repeat(60) + "…'; it must be true or false"),
        // Invalid time
        refusal(
            Records.json("event_time", "\"yesterday\""),
            Refusal.INVALID_TIME,
            "event_time is 'yesterday'; write RFC 3339 with an offset, like"
                + " 2026-01-02T03:04:05.678Z"),
        time(""),
        time("2026-01-02T03:04:05.678"),
        time("2026-01-02 03:04:05Z"),
        time("2026-01-02"),
        time("2026-02-29T00:00:00Z"),
        time("2026-01-02T24:00:00Z"),
        time("2026-01-02T03:04:60Z"),
        time("0000-01-01T00:00:00Z"),
        time("0000-12-31T23:59:59.999Z"),
        time("0001-01-01T00:00:00+07:00"),
        time("-0001-01-01T00:00:00Z"),
        time("9999-01-01T00:00:00Z"),
        time("9998-12-31T20:00:00-07:00"),
        time("9999-12-31T23:59:59.999Z"),
        time("+12345-01-01T00:00:00Z"),
        time("+999999999-12-31T23:59:59-18:00"),
        time("-999999999-01-01T00:00:00+18:00"),
        // Invalid amount
        refusal(
            Records.json("transaction_amount_vnd", "0"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is 0.0; it must be above 0 and at most 1000000000000000:"
                + " correct it"),
        refusal(
            Records.json("transaction_amount_vnd", "1e-400"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is 0.0; it must be above 0"),
        refusal(
            Records.json("transaction_amount_vnd", "1e400"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is '1e400'; it must be above 0"),
        // Invalid value
        refusal(
            Records.json("latitude", "999"),
            Refusal.INVALID_VALUE,
            "latitude is 999.0; it must be at least -90 and at most 90: correct it, or leave it out"
                + " if it is unknown"),
        refusal(
            Records.json("total_loans_vnd", "-1e400"),
            Refusal.INVALID_VALUE,
            "total_loans_vnd is '-1e400'; it must be at least 0 and at most 1000000000000000"),
        refusal(
            Records.json("transaction_id", "\"\""),
            Refusal.INVALID_VALUE,
            "transaction_id is empty; give a text that is not blank"),
        refusal(
            Records.json("account_id", "\" \\t\""), Refusal.INVALID_VALUE, "account_id is empty"),
        refusal(
            Records.json("account_id", "\"A\\ud83d\""),
            Refusal.INVALID_VALUE,
            "account_id contains half of a surrogate pair; send whole characters"),
        refusal(
            Records.json("transaction_id", "\"\\ude00\\ud83d\""),
            Refusal.INVALID_VALUE,
            "transaction_id contains half of a surrogate pair"));
  }

  private static Arguments refusal(String record, Refusal refusal, String... details) {
    return Arguments.of(record, refusal, details);
  }

  private static Arguments time(String text) {
    return refusal(
        Records.json("event_time", "\"" + text + "\""),
        Refusal.INVALID_TIME,
        "event_time is '" + text + "'",
        "write RFC 3339");
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void aBrokenRecordIsRefusedWithFieldValueAndRemedy(
      String record, Refusal refusal, String... details) {
    RefusedException refused = refused(record);
    assertEquals(refusal, refused.refusal, refused.getMessage());
    for (String detail : details) {
      assertTrue(refused.getMessage().contains(detail), refused.getMessage());
    }
  }

  /** {@code tests/job/test_ids_equal_kernel.py} compares all characters with Python's. */
  @ParameterizedTest
  @ValueSource(strings = {"0000", "000A", "001b", "007F", "009b", "061C", "200E", "2028", "202E", "2069"})
  void aControlCharacterInAnyIdIsRefusedByItsNumber(String hex) throws RefusedException {
    for (Column column : Column.OF_RECORDS) {
      if (column.kind != Column.Kind.TEXT) {
        continue;
      }
      String record = Records.json(column.fieldName, "\"Đ\\u" + hex + "x\"");
      if (column.isId) {
        RefusedException refused = refused(record);
        assertEquals(Refusal.INVALID_VALUE, refused.refusal);
        assertEquals(
            column.fieldName
                + " has the control character U+"
                + hex.toUpperCase()
                + " in it; send an id without",
            refused.getMessage());
      } else {
        parser.parse(Records.utf8(record), ARRIVAL_MS);
      }
    }
  }

  @Test
  void theIdsAreThoseOfTheTransactionAndTheEntities() {
    EnumSet<Column> ids = EnumSet.of(Column.TRANSACTION_ID);
    for (Entity entity : Entity.values()) {
      ids.add(entity.column);
    }
    for (Column column : Column.values()) {
      assertEquals(ids.contains(column), column.isId, column.fieldName);
    }
  }

  @Test
  void everyRefusalHasARecordHere() {
    EnumSet<Refusal> seen =
        EnumSet.of(
            Refusal.OVERSIZE, Refusal.MISSING_FIELD, Refusal.FUTURE_TIME, Refusal.AGGREGATION);
    refusals().forEach(row -> seen.add((Refusal) row.get()[1]));
    assertEquals(EnumSet.allOf(Refusal.class), seen);
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32", "UTF-32BE", "UTF-32LE"})
  void jsonInAnotherUnicodeEncodingIsRefused(Charset charset) {
    RefusedException refused = refused(Records.json().getBytes(charset));
    assertEquals(Refusal.MALFORMED_JSON, refused.refusal);
    assertEquals("the text is UTF-16 or UTF-32; send JSON in UTF-8", refused.getMessage());
  }

  @Test
  void whatWasAggregatedAndNotTakenApartIsNamed() {
    RefusedException refused = refused(KplAggregates.of(Records.json()));
    assertEquals(Refusal.AGGREGATION, refused.refusal);
    assertTrue(refused.getMessage().startsWith("aggregated by the Kinesis"), refused.getMessage());
  }

  @Test
  void jsonInAnotherUnicodeEncodingIsRefusedBehindItsByteOrderMark() {
    for (Charset charset : new Charset[] {StandardCharsets.UTF_16BE, StandardCharsets.UTF_16LE}) {
      assertEquals(
          Refusal.MALFORMED_JSON, refused(("\uFEFF" + Records.json()).getBytes(charset)).refusal);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "80", "FF", "C3", "C328", "E28228", "F0288CBC", "EDA080", "C181", "E08181", "F0818181",
        "EDA0BDEDB880", "F4908080", "F7BFBFBF"
      })
  void bytesThatAreNotUtf8AreRefusedInAnyField(String hex) {
    for (String field : new String[] {"account_id", "note"}) {
      assertNotUtf8(Records.utf8(Records.json(field, "\"A########\"")), hex);
    }
  }

  private void assertNotUtf8(byte[] record, String hex) {
    int at = new String(record, StandardCharsets.UTF_8).indexOf('#');
    for (int i = 0; i < hex.length() / 2; i++) {
      record[at + i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
    }
    RefusedException refused = refused(record);
    assertEquals(Refusal.MALFORMED_JSON, refused.refusal);
    assertTrue(refused.getMessage().endsWith(" is not UTF-8; send JSON in UTF-8"), hex);
  }

  @Test
  void aMessageHasNoHalfOfACharacterOfTheValueThatItQuotes() {
    assertEquals(
        "latitude is '?'; it must be a number",
        refused(Records.json("latitude", "\"\\ud800\"")).getMessage());
    String cutInTheMiddle = "\"" + "x".repeat(59) + "😀\"";
    assertTrue(refused(Records.json("latitude", cutInTheMiddle)).getMessage().contains("x?…'"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":"})
  void nestingAHundredThousandDeepIsRefusedAndHarmsNothing(String open) {
    String deep = open.repeat(100_000);
    String[] records = {
      deep, "{\"note\":" + deep, "{\"account_id\":" + deep, Records.json() + deep
    };
    for (String record : records) {
      RefusedException refused = refused(record);
      assertTrue(
          EnumSet.of(Refusal.MALFORMED_JSON, Refusal.WRONG_TYPE).contains(refused.refusal),
          refused.getMessage());
    }
  }

  static Stream<Column> numbers() {
    return Column.OF_RECORDS.stream().filter(column -> column.kind == Column.Kind.NUMBER);
  }

  private static Refusal refusalOf(Column column) {
    return column == Column.TRANSACTION_AMOUNT_VND
        ? Refusal.INVALID_AMOUNT
        : Refusal.INVALID_VALUE;
  }

  /** Values that a system writes for an unknown one, and those that no window or model can hold. */
  @ParameterizedTest
  @MethodSource("numbers")
  void aNumberOutsideItsRangeIsRefusedByName(Column column) {
    String below = "" + Math.nextDown(column.range.min);
    String above = "" + Math.nextUp(column.range.max);
    for (String value :
        new String[] {
          below, above, "-999999", "1e16", "1e39", "-1e39", "1.7976931348623157e308", "1e999",
          "-1e999", "1e999999999999", "9".repeat(400), "-" + "9".repeat(2_000), "1" + "0".repeat(999)
        }) {
      RefusedException refused = refused(Records.json(column.fieldName, value));
      assertEquals(refusalOf(column), refused.refusal, refused.getMessage());
      assertTrue(refused.getMessage().startsWith(column.fieldName + " is "), refused.getMessage());
      assertTrue(refused.getMessage().contains("" + column.range), refused.getMessage());
      assertTrue(refused.getMessage().length() < 500, refused.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void theEndsOfARangeBelongToIt(Column column) throws RefusedException {
    double min = column.range.excludesMin ? Math.nextUp(column.range.min) : column.range.min;
    for (double value : new double[] {min, column.range.max}) {
      byte[] record = Records.utf8(Records.json(column.fieldName, "" + value));
      assertEquals(value, parser.parse(record, ARRIVAL_MS).number(column));
    }
  }

  @ParameterizedTest
  @MethodSource("numbers")
  void infinityAndNotANumberAreNoJson(Column column) {
    for (String value : new String[] {"NaN", "Infinity", "-Infinity", "+1", ".5", "0x10"}) {
      assertEquals(
          Refusal.MALFORMED_JSON, refused(Records.json(column.fieldName, value)).refusal, value);
    }
  }

  @Test
  void minusZeroIsZero() throws RefusedException {
    byte[] record = Records.utf8(Records.json("biometric_failure_count", "-0.0"));
    double zero = parser.parse(record, ARRIVAL_MS).number(Column.BIOMETRIC_FAILURE_COUNT);
    assertEquals(0L, Double.doubleToRawLongBits(zero));
  }

  /** The digits are counted, not converted: that would take time with the square of their number. */
  @ParameterizedTest
  @MethodSource("numbers")
  void aFloodOfDigitsIsRefusedUnread(Column column) {
    String digits = "9".repeat(MAX_RECORD_BYTES / 2);
    for (String number : new String[] {digits, "0." + digits, "1e" + digits}) {
      RefusedException refused = refused(Records.json(column.fieldName, number));
      assertEquals(refusalOf(column), refused.refusal);
      String size = "a number of " + number.length() + " characters";
      assertTrue(refused.getMessage().contains(size), refused.getMessage());
    }
  }

  @Test
  void aFloodOfDigitsInAnUnknownFieldIsIgnored() throws RefusedException {
    String digits = "9".repeat(MAX_RECORD_BYTES / 2);
    parser.parse(Records.utf8(Records.json("note", digits)), ARRIVAL_MS);
  }
}
