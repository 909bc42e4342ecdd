package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.table.data.GenericRowData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransactionParserTest {
  private static final int MAX_RECORD_BYTES = 1 << 20;
  private static final long DAY_MS = 86_400_000;
  private static final long ARRIVAL_MS = Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli();

  private final TransactionParser parser = new TransactionParser(MAX_RECORD_BYTES, DAY_MS);

  private GenericRowData parse(String record) throws RefusedException {
    return parser.parse(Rows.utf8(record), ARRIVAL_MS);
  }

  private RefusedException refused(byte[] record) {
    return assertThrows(RefusedException.class, () -> parser.parse(record, ARRIVAL_MS));
  }

  private RefusedException refused(String record) {
    return refused(Rows.utf8(record));
  }

  private static String quote(int characters) {
    return "\"" + "x".repeat(characters) + "\"";
  }

  private static Object field(GenericRowData row, Column column) {
    return row.getField(column.ordinal());
  }

  // ---- what is read ----

  @Test
  void aRecordWithTheRequiredFieldsAloneHasNullsInAllOthers() throws RefusedException {
    GenericRowData row = parse(Rows.json());
    assertEquals("T1", field(row, Column.TRANSACTION_ID).toString());
    assertEquals(ARRIVAL_MS, field(row, Column.EVENT_TIME));
    assertEquals("A1", field(row, Column.ACCOUNT_ID).toString());
    assertEquals(1000.0, field(row, Column.TRANSACTION_AMOUNT_VND));
    for (Column column : Column.values()) {
      assertEquals(!column.required, row.isNullAt(column.ordinal()), column.fieldName);
    }
  }

  @ParameterizedTest
  @EnumSource
  void everyFieldIsReadIntoItsOwnPlaceAndType(Column column) throws RefusedException {
    switch (column.kind) {
      case TEXT:
        assertEquals(
            "Đà Nẵng 😀", field(parse(Rows.json(column.fieldName, "\"Đà Nẵng 😀\"")), column).toString());
        break;
      case NUMBER:
        assertEquals(2.5, field(parse(Rows.json(column.fieldName, "2.5")), column));
        assertEquals(3.0, field(parse(Rows.json(column.fieldName, "3")), column));
        break;
      case FLAG:
        assertEquals(true, field(parse(Rows.json(column.fieldName, "true")), column));
        assertEquals(false, field(parse(Rows.json(column.fieldName, "false")), column));
        break;
      default:
        assertEquals(ARRIVAL_MS, field(parse(Rows.json()), column));
    }
  }

  @ParameterizedTest
  @EnumSource
  void anOptionalFieldMayBeNullAndARequiredOneMayNot(Column column) throws RefusedException {
    for (String value : new String[] {"null", null}) {
      String record = Rows.json(column.fieldName, value);
      if (column.required) {
        RefusedException refused = refused(record);
        assertEquals(Refusal.MISSING_FIELD, refused.refusal);
        assertEquals(
            column.fieldName + " is absent or null; every transaction needs it",
            refused.getMessage());
      } else {
        assertTrue(parse(record).isNullAt(column.ordinal()));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1", "\"text\"", "true", "null", "{}", "[]", "1e999", "{\"account_id\":\"other\"}",
        "[{\"transaction_amount_vnd\":-1},[[{\"event_time\":null}]]]"
      })
  void anUnknownFieldIsPassedOverWhateverIsInIt(String value) throws RefusedException {
    assertEquals(parse(Rows.json()), parse(Rows.json("note", value)));
    assertEquals(parse(Rows.json()), parse("{\"note\":" + value + "," + Rows.json().substring(1)));
  }

  @Test
  void theTruthIsNoFieldOfATransaction() throws RefusedException {
    GenericRowData row = parse(Rows.json("is_fraud", "true", "fraud_type", "\"loan_fraud\""));
    assertEquals(parse(Rows.json()), row);
    assertEquals(null, Column.named("is_fraud"));
    assertEquals(null, Column.named("fraud_type"));
  }

  @Test
  void spaceRoundTheObjectAndAByteOrderMarkOfUtf8ArePassedOver() throws RefusedException {
    assertEquals(parse(Rows.json()), parse(" \t\r\n" + Rows.json() + "\n \n"));
    assertEquals(parse(Rows.json()), parse("\uFEFF" + Rows.json()));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-02T03:04:05.678Z, 2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05Z, 2026-01-02T03:04:05.000Z",
    "2026-01-02T03:04:05.6Z, 2026-01-02T03:04:05.600Z",
    "2026-01-02t03:04:05.678z, 2026-01-02T03:04:05.678Z",
    // Another offset is the same instant.
    "2026-01-02T10:04:05.678+07:00, 2026-01-02T03:04:05.678Z",
    "2026-01-01T23:34:05.678-03:30, 2026-01-02T03:04:05.678Z",
    // Digits past the millisecond are cut off, before 1970 too.
    "2026-01-02T03:04:05.678999999Z, 2026-01-02T03:04:05.678Z",
    "1969-12-31T23:59:59.9995Z, 1969-12-31T23:59:59.999Z",
    "2024-02-29T00:00:00Z, 2024-02-29T00:00:00.000Z",
    "0001-01-01T00:00:00Z, 0001-01-01T00:00:00.000Z",
  })
  void anEventTimeIsReadToTheMillisecond(String text, Instant expected) throws RefusedException {
    GenericRowData row = parse(Rows.json("event_time", "\"" + text + "\""));
    assertEquals(expected.toEpochMilli(), field(row, Column.EVENT_TIME));
  }

  @Test
  void withoutAToleranceAnyEventTimeUpToTheYear9998Passes() throws RefusedException {
    TransactionParser lenient = new TransactionParser(MAX_RECORD_BYTES, -1);
    byte[] record = Rows.utf8(Rows.json("event_time", "\"9998-12-31T23:59:59.999Z\""));
    assertEquals(
        Instant.parse("9998-12-31T23:59:59.999Z").toEpochMilli(),
        field(lenient.parse(record, ARRIVAL_MS), Column.EVENT_TIME));
  }

  @Test
  void aTransactionMayLieAheadByTheToleranceAndNotByAMillisecondMore() throws RefusedException {
    byte[] record = Rows.utf8(Rows.json());
    assertEquals(
        ARRIVAL_MS, field(parser.parse(record, ARRIVAL_MS - DAY_MS), Column.EVENT_TIME));
    RefusedException refused =
        assertThrows(
            RefusedException.class, () -> parser.parse(record, ARRIVAL_MS - DAY_MS - 1));
    assertEquals(Refusal.FUTURE_TIME, refused.refusal);
    assertEquals(
        "event_time lies 86400001 ms past the arrival; at most 86400000 are allowed: check the"
            + " sender's clock",
        refused.getMessage());
  }

  @Test
  void aToleranceOfZeroStillTakesATransactionOfTheVeryArrival() throws RefusedException {
    TransactionParser strict = new TransactionParser(MAX_RECORD_BYTES, 0);
    byte[] record = Rows.utf8(Rows.json());
    assertEquals(ARRIVAL_MS, field(strict.parse(record, ARRIVAL_MS), Column.EVENT_TIME));
    assertThrows(RefusedException.class, () -> strict.parse(record, ARRIVAL_MS - 1));
  }

  @Test
  void aTextOf256CharactersIsReadAndOneOf257IsRefused() throws RefusedException {
    for (Column column : Column.values()) {
      if (column.kind == Column.Kind.TEXT) {
        Object text = field(parse(Rows.json(column.fieldName, quote(256))), column);
        assertEquals("x".repeat(256), text.toString());
        RefusedException refused = refused(Rows.json(column.fieldName, quote(257)));
        assertEquals(Refusal.INVALID_VALUE, refused.refusal);
        assertEquals(
            column.fieldName + " has 257 characters; at most 256 are allowed",
            refused.getMessage());
      }
    }
  }

  @Test
  void aRecordOfTheLargestSizeIsReadAndAByteMoreIsRefused() throws RefusedException {
    byte[] record = Rows.utf8(Rows.json());
    GenericRowData row = new TransactionParser(record.length, -1).parse(record, ARRIVAL_MS);
    assertEquals("T1", field(row, Column.TRANSACTION_ID).toString());
    int less = record.length - 1;
    RefusedException refused =
        assertThrows(
            RefusedException.class, () -> new TransactionParser(less, -1).parse(record, ARRIVAL_MS));
    assertEquals(Refusal.OVERSIZE, refused.refusal);
    assertEquals(
        "record of " + record.length + " bytes; at most " + less + " are read",
        refused.getMessage());
  }

  @Test
  void ofAFieldThatIsThereTwiceTheLastCounts() throws RefusedException {
    String record = "{\"transaction_amount_vnd\":5," + Rows.json().substring(1);
    assertEquals(1000.0, field(parse(record), Column.TRANSACTION_AMOUNT_VND));
  }

  // ---- what is refused ----

  static Stream<Arguments> refusals() {
    return Stream.of(
        // Not one JSON object in UTF-8
        refusal("", Refusal.MALFORMED_JSON, "not a JSON object; send one object a record"),
        refusal("   ", Refusal.MALFORMED_JSON, "not a JSON object; send one object a record"),
        refusal("[]", Refusal.MALFORMED_JSON, "not a JSON object; send one object a record"),
        refusal("\"text\"", Refusal.MALFORMED_JSON, "not a JSON object; send one object"),
        refusal("null", Refusal.MALFORMED_JSON, "not a JSON object; send one object a record"),
        refusal("{", Refusal.MALFORMED_JSON, "end-of-input"),
        refusal("{\"account_id\":\"A", Refusal.MALFORMED_JSON, "end-of-input"),
        refusal("{'account_id':1}", Refusal.MALFORMED_JSON, "expecting double-quote"),
        refusal("{\"note\":NaN}", Refusal.MALFORMED_JSON, "NaN"),
        refusal("{\"note\":01}", Refusal.MALFORMED_JSON, "Leading zeroes"),
        refusal("{\"a\":1,}", Refusal.MALFORMED_JSON, "expecting"),
        refusal(Rows.json() + Rows.json(), Refusal.MALFORMED_JSON, "something follows"),
        refusal(Rows.json() + " 1", Refusal.MALFORMED_JSON, "something follows", "send one"),
        refusal(Rows.json() + "x", Refusal.MALFORMED_JSON, "'x'"),
        refusal(Rows.json() + "}", Refusal.MALFORMED_JSON, "'}'"),
        // Another type
        refusal(
            Rows.json("transaction_id", "1"),
            Refusal.WRONG_TYPE,
            "transaction_id is '1'; it must be a string"),
        refusal(
            Rows.json("account_id", "{\"id\":1}"),
            Refusal.WRONG_TYPE,
            "account_id is '{'; it must be a string"),
        refusal(
            Rows.json("city", "[\"Huế\"]"), Refusal.WRONG_TYPE, "city is '['; it must be a string"),
        refusal(
            Rows.json("event_time", "1767323045678"),
            Refusal.WRONG_TYPE,
            "event_time is '1767323045678'; it must be a string in RFC 3339, like"
                + " 2026-01-02T03:04:05.678Z"),
        refusal(
            Rows.json("transaction_amount_vnd", "\"1000\""),
            Refusal.WRONG_TYPE,
            "transaction_amount_vnd is '1000'; it must be a number"),
        refusal(
            Rows.json("latitude", "true"),
            Refusal.WRONG_TYPE,
            "latitude is 'true'; it must be a number"),
        refusal(
            Rows.json("npl_flag", "1"),
            Refusal.WRONG_TYPE,
            "npl_flag is '1'; it must be true or false"),
        refusal(
            Rows.json("npl_flag", "\"" + "y".repeat(61) + "\""),
            Refusal.WRONG_TYPE,
            "npl_flag is '" + "y".repeat(60) + "…'; it must be true or false"),
        // Not a time
        refusal(
            Rows.json("event_time", "\"yesterday\""),
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
        // Not an amount
        refusal(
            Rows.json("transaction_amount_vnd", "0"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is 0.0; it must be above 0"),
        refusal(
            Rows.json("transaction_amount_vnd", "-1"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is -1.0; it must be above 0"),
        refusal(
            Rows.json("transaction_amount_vnd", "1e-400"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is 0.0; it must be above 0"),
        refusal(
            Rows.json("transaction_amount_vnd", "1e19"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is 1.0E19; it must be above 0, and at most 1.0E18"),
        refusal(
            Rows.json("transaction_amount_vnd", "1e400"),
            Refusal.INVALID_AMOUNT,
            "transaction_amount_vnd is '1e400', too large for a number; send one that a double"
                + " holds"),
        // Not a value
        refusal(
            Rows.json("total_loans_vnd", "-1e400"),
            Refusal.INVALID_VALUE,
            "total_loans_vnd is '-1e400', too large for a number; send one that a double holds"),
        refusal(
            Rows.json("transaction_id", "\"\""),
            Refusal.INVALID_VALUE,
            "transaction_id is empty; give each transaction its own"),
        refusal(
            Rows.json("account_id", "\" \\t\""), Refusal.INVALID_VALUE, "account_id is empty"),
        refusal(
            Rows.json("account_id", "\"A\\ud83d\""),
            Refusal.INVALID_VALUE,
            "account_id has half of a surrogate pair in it; send whole characters"),
        refusal(
            Rows.json("transaction_id", "\"\\ude00\\ud83d\""),
            Refusal.INVALID_VALUE,
            "transaction_id has half of a surrogate pair in it"));
  }

  private static Arguments refusal(String record, Refusal refusal, String... details) {
    return Arguments.of(record, refusal, details);
  }

  private static Arguments time(String text) {
    return refusal(
        Rows.json("event_time", "\"" + text + "\""),
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

  @Test
  void everyRefusalHasARecordHere() {
    EnumSet<Refusal> seen = EnumSet.of(Refusal.OVERSIZE, Refusal.MISSING_FIELD, Refusal.FUTURE_TIME);
    refusals().forEach(row -> seen.add((Refusal) row.get()[1]));
    assertEquals(EnumSet.allOf(Refusal.class), seen);
  }

  @ParameterizedTest
  @ValueSource(strings = {"UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32", "UTF-32BE", "UTF-32LE"})
  void jsonInAnotherUnicodeEncodingIsRefused(Charset charset) {
    RefusedException refused = refused(Rows.json().getBytes(charset));
    assertEquals(Refusal.MALFORMED_JSON, refused.refusal);
    assertEquals("the text is UTF-16 or UTF-32; send JSON in UTF-8", refused.getMessage());
  }

  @Test
  void jsonInAnotherUnicodeEncodingIsRefusedBehindItsByteOrderMark() {
    for (Charset charset : new Charset[] {StandardCharsets.UTF_16BE, StandardCharsets.UTF_16LE}) {
      assertEquals(
          Refusal.MALFORMED_JSON, refused(("\uFEFF" + Rows.json()).getBytes(charset)).refusal);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"80", "FF", "C3", "C328", "E28228", "F0288CBC", "EDA080"})
  void bytesThatAreNotUtf8AreRefused(String hex) {
    byte[] record = Rows.utf8(Rows.json("account_id", "\"A########\""));
    int at = new String(record, StandardCharsets.UTF_8).indexOf('#');
    for (int i = 0; i < hex.length() / 2; i++) {
      record[at + i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
    }
    RefusedException refused = refused(record);
    assertTrue(
        EnumSet.of(Refusal.MALFORMED_JSON, Refusal.INVALID_VALUE).contains(refused.refusal),
        refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":"})
  void nestingAHundredThousandDeepIsRefusedAndHarmsNothing(String open) {
    String deep = open.repeat(100_000);
    for (String record :
        new String[] {deep, "{\"note\":" + deep, "{\"account_id\":" + deep, Rows.json() + deep}) {
      RefusedException refused = refused(record);
      assertTrue(
          EnumSet.of(Refusal.MALFORMED_JSON, Refusal.WRONG_TYPE).contains(refused.refusal),
          refused.getMessage());
    }
  }

  @Test
  void aFloodOfDigitsIsRefusedAndHarmsNothing() {
    String digits = "9".repeat(MAX_RECORD_BYTES / 2);
    for (String number : new String[] {digits, "0." + digits, "1e" + digits}) {
      RefusedException refused =
          assertTimeout(
              Duration.ofSeconds(2), () -> refused(Rows.json("transaction_amount_vnd", number)));
      assertTrue(refused.getMessage().length() < 500, refused.getMessage());
    }
  }

  // ---- anything at all ----

  @Test
  void nothingThatIsSentMakesTheParserFailOtherwiseThanByARefusal() {
    Random random = new Random(20260102);
    EnumSet<Refusal> seen = EnumSet.noneOf(Refusal.class);
    int read = 0;
    for (int i = 0; i < 100_000; i++) {
      byte[] record = i % 4 == 0 ? randomFields(random) : mutated(random);
      long startNs = System.nanoTime();
      try {
        GenericRowData row = parser.parse(record, ARRIVAL_MS);
        assertHolds(row);
        read++;
      } catch (RefusedException refused) {
        assertFalse(refused.getMessage().isBlank());
        seen.add(refused.refusal);
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("record " + i + ": " + Arrays.toString(record), failure);
      }
      assertTrue(System.nanoTime() - startNs < 2_000_000_000L, "record " + i + " took too long");
    }
    // The suite is worth its name only if it gets past the first brace, and also to every check.
    assertTrue(read > 10_000, read + " were read");
    assertEquals(EnumSet.complementOf(EnumSet.of(Refusal.OVERSIZE)), seen);
  }

  /** What the rest of the job relies on. */
  private static void assertHolds(GenericRowData row) {
    for (Column column : Column.values()) {
      Object value = field(row, column);
      assertTrue(value != null || !column.required, column.fieldName);
      if (column.kind == Column.Kind.NUMBER && value != null) {
        assertTrue(Double.isFinite((Double) value), column.fieldName);
      }
    }
    assertTrue((Double) field(row, Column.TRANSACTION_AMOUNT_VND) > 0);
    assertTrue((Long) field(row, Column.EVENT_TIME) <= ARRIVAL_MS + DAY_MS);
    assertFalse(field(row, Column.ACCOUNT_ID).toString().isBlank());
  }

  private static byte[] mutated(Random random) {
    ByteArrayOutputStream record = new ByteArrayOutputStream();
    record.writeBytes(
        Rows.utf8(
            Rows.json(
                "note", "{\"a\":[1,2.5e3,null,\"ü\\u00e9\\\\\"]}",
                "device_id", "\"DEV_1\"",
                "latitude", "-21.5",
                "npl_flag", "false")));
    byte[] bytes = record.toByteArray();
    for (int change = random.nextInt(4); change >= 0; change--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0:
          bytes[at] = (byte) random.nextInt(256);
          break;
        case 1:
          bytes[at] ^= (byte) (1 << random.nextInt(8));
          break;
        case 2:
          bytes[at] = (byte) "{}[]\",:\\0123456789-+.eE \n".charAt(random.nextInt(25));
          break;
        case 3:
          bytes = Arrays.copyOf(bytes, Math.max(1, random.nextInt(8) == 0 ? at : bytes.length));
          break;
        case 4:
          int to = random.nextInt(bytes.length);
          int length = Math.min(random.nextInt(12), bytes.length - Math.max(at, to));
          System.arraycopy(bytes, at, bytes, to, length);
          break;
        default:
          bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(3));
      }
    }
    return bytes;
  }

  private static final String[] VALUES = {
    "null", "true", "false", "0", "-0", "-1", "1", "1e308", "1e309", "-1e309", "1e-400", "0.1",
    "123456789012345678901234567890", "\"\"", "\" \"", "\"A\"", "\"\\u0000\"", "\"\\ud800\"",
    "\"😀\"", "{}", "[]", "[[[1]]]", "{\"a\":{\"b\":null}}", "\"2026-01-02T03:04:05Z\"",
    "\"2026-01-04T03:04:05Z\"", "\"9999-12-31T23:59:59Z\"", "\"0001-01-01T00:00:00+18:00\"",
    "\"2026-01-02T03:04:05\"", "\"Infinity\"", "\"NaN\"", quote(256), quote(257)
  };

  private static byte[] randomFields(Random random) {
    Column[] columns = Column.values();
    String[] fields = new String[2 * random.nextInt(4)];
    for (int i = 0; i < fields.length; i += 2) {
      fields[i] = columns[random.nextInt(columns.length)].fieldName;
      fields[i + 1] = VALUES[random.nextInt(VALUES.length)];
    }
    return Rows.utf8(Rows.json(fields));
  }

  // ---- the row ----

  @Test
  void theRowTypeNamesTheColumnsInTheirOrder() {
    assertEquals(
        Arrays.stream(Column.values())
            .map(column -> column.fieldName + " " + column.sqlType())
            .collect(Collectors.joining(", ", "ROW<", ">")),
        Column.ROW_TYPE);
  }

  /** Saved state refers to columns by position: this list may only ever grow at its end. */
  @Test
  void theColumnsThatSavedStateKnowsKeepTheirPlaces() {
    assertEquals(
        "transaction_id event_time account_id transaction_amount_vnd customer_id transaction_type"
            + " channel transaction_fees_vnd counterparty_id merchant_id merchant_category city"
            + " latitude longitude device_id biometric_failure_count total_loans_vnd"
            + " num_transactions npl_flag status currency country",
        Arrays.stream(Column.values())
            .limit(22)
            .map(column -> column.fieldName)
            .collect(Collectors.joining(" ")));
    assertTrue(Column.values().length <= Long.SIZE, "a set of columns is one long");
  }
}
