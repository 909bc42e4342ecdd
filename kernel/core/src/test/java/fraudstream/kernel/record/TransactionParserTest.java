package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Accepted records: the fields that are read, and the limits of their values. */
class TransactionParserTest {
  private static final int MAX_RECORD_BYTES = 1 << 20;
  private static final long DAY_MS = 86_400_000;
  private static final long ARRIVAL_MS = Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli();

  private final TransactionParser parser = new TransactionParser(MAX_RECORD_BYTES, DAY_MS);

  private Map<Column, Object> parse(String record) throws RefusedException {
    return Records.values(parser.parse(Records.utf8(record), ARRIVAL_MS));
  }

  private RefusedException refused(String record) {
    return assertThrows(
        RefusedException.class, () -> parser.parse(Records.utf8(record), ARRIVAL_MS));
  }

  private static String quote(int characters) {
    return "\"" + "x".repeat(characters) + "\"";
  }

  // ---- accepted records ----

  @Test
  void aRecordWithTheRequiredFieldsAloneHasNullsInAllOthers() throws RefusedException {
    Map<Column, Object> row = parse(Records.json());
    assertEquals("T1", row.get(Column.TRANSACTION_ID));
    assertEquals(ARRIVAL_MS, row.get(Column.EVENT_TIME));
    assertEquals("A1", row.get(Column.ACCOUNT_ID));
    assertEquals(1000.0, row.get(Column.TRANSACTION_AMOUNT_VND));
    for (Column column : Column.OF_RECORDS) {
      assertEquals(column.required, row.containsKey(column), column.fieldName);
    }
  }

  @ParameterizedTest
  @FieldSource("fraudstream.kernel.record.Column#OF_RECORDS")
  void everyFieldIsReadIntoItsOwnPlaceAndType(Column column) throws RefusedException {
    switch (column.kind) {
      case TEXT:
        assertEquals(
            "Đà Nẵng 😀", parse(Records.json(column.fieldName, "\"Đà Nẵng 😀\"")).get(column));
        break;
      case NUMBER:
        assertEquals(2.5, parse(Records.json(column.fieldName, "2.5")).get(column));
        assertEquals(3.0, parse(Records.json(column.fieldName, "3")).get(column));
        break;
      case FLAG:
        assertEquals(1.0, parse(Records.json(column.fieldName, "true")).get(column));
        assertEquals(0.0, parse(Records.json(column.fieldName, "false")).get(column));
        break;
      default:
        assertEquals(ARRIVAL_MS, parse(Records.json()).get(column));
    }
  }

  @ParameterizedTest
  @FieldSource("fraudstream.kernel.record.Column#OF_RECORDS")
  void anOptionalFieldMayBeNullAndARequiredOneMayNot(Column column) throws RefusedException {
    for (String value : new String[] {"null", null}) {
      String record = Records.json(column.fieldName, value);
      if (column.required) {
        RefusedException refused = refused(record);
        assertEquals(Refusal.MISSING_FIELD, refused.refusal);
        assertEquals(
            column.fieldName + " is missing or null; every transaction needs it",
            refused.getMessage());
      } else {
        assertFalse(parse(record).containsKey(column));
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
    assertEquals(parse(Records.json()), parse(Records.json("note", value)));
    assertEquals(
        parse(Records.json()),
        parse("{\"note\":" + value + "," + Records.json().substring(1)));
  }

  @Test
  void theFieldsThatASenderEnrichesATransactionWithAreNotRead() throws RefusedException {
    assertEquals(
        parse(Records.json()),
        parse(
            Records.json(
                "transaction_frequency_5min", "99",
                "transaction_hour", "23",
                "high_amount_flag", "true",
                "off_hours_flag", "true",
                "high_frequency_flag", "true",
                "suspicious_device_flag", "\"yes\"")));
  }

  @Test
  void theTruthIsNoFieldOfATransaction() throws RefusedException {
    assertEquals(
        parse(Records.json()),
        parse(Records.json("is_fraud", "true", "fraud_type", "\"loan_fraud\"")));
  }

  @Test
  void spaceRoundTheObjectAndAByteOrderMarkOfUtf8ArePassedOver() throws RefusedException {
    assertEquals(parse(Records.json()), parse(" \t\r\n" + Records.json() + "\n \n"));
    assertEquals(parse(Records.json()), parse("\uFEFF" + Records.json()));
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-02T03:04:05.678Z, 2026-01-02T03:04:05.678Z",
    "2026-01-02T03:04:05Z, 2026-01-02T03:04:05.000Z",
    "2026-01-02T03:04:05.6Z, 2026-01-02T03:04:05.600Z",
    "2026-01-02t03:04:05.678z, 2026-01-02T03:04:05.678Z",
    // Other offsets give the same instant.
    "2026-01-02T10:04:05.678+07:00, 2026-01-02T03:04:05.678Z",
    "2026-01-01T23:34:05.678-03:30, 2026-01-02T03:04:05.678Z",
    // Digits beyond milliseconds are truncated, also before 1970.
    "2026-01-02T03:04:05.678999999Z, 2026-01-02T03:04:05.678Z",
    "1969-12-31T23:59:59.9995Z, 1969-12-31T23:59:59.999Z",
    "2024-02-29T00:00:00Z, 2024-02-29T00:00:00.000Z",
    "0001-01-01T00:00:00Z, 0001-01-01T00:00:00.000Z",
  })
  void anEventTimeIsReadToTheMillisecond(String text, Instant expected) throws RefusedException {
    Map<Column, Object> row = parse(Records.json("event_time", "\"" + text + "\""));
    assertEquals(expected.toEpochMilli(), row.get(Column.EVENT_TIME));
  }

  @Test
  void withoutAToleranceAnyEventTimeUpToTheYear9998Passes() throws RefusedException {
    TransactionParser lenient = new TransactionParser(MAX_RECORD_BYTES, -1);
    byte[] record = Records.utf8(Records.json("event_time", "\"9998-12-31T23:59:59.999Z\""));
    assertEquals(
        Instant.parse("9998-12-31T23:59:59.999Z").toEpochMilli(),
        lenient.parse(record, ARRIVAL_MS).timeMs);
  }

  @Test
  void aTransactionMayLieAheadByTheToleranceAndNotByAMillisecondMore() throws RefusedException {
    byte[] record = Records.utf8(Records.json());
    assertEquals(ARRIVAL_MS, parser.parse(record, ARRIVAL_MS - DAY_MS).timeMs);
    RefusedException refused =
        assertThrows(
            RefusedException.class, () -> parser.parse(record, ARRIVAL_MS - DAY_MS - 1));
    assertEquals(Refusal.FUTURE_TIME, refused.refusal);
    assertEquals(
        "event_time is 86400001 ms after the record's arrival; at most 86400000 are allowed: check"
            + " the sender's clock",
        refused.getMessage());
  }

  @Test
  void aToleranceOfZeroStillTakesATransactionOfTheVeryArrival() throws RefusedException {
    TransactionParser strict = new TransactionParser(MAX_RECORD_BYTES, 0);
    byte[] record = Records.utf8(Records.json());
    assertEquals(ARRIVAL_MS, strict.parse(record, ARRIVAL_MS).timeMs);
    assertThrows(RefusedException.class, () -> strict.parse(record, ARRIVAL_MS - 1));
  }

  @Test
  void aTextOf256CharactersIsReadAndOneOf257IsRefused() throws RefusedException {
    for (Column column : Column.OF_RECORDS) {
      if (column.kind == Column.Kind.TEXT) {
        Object text = parse(Records.json(column.fieldName, quote(256))).get(column);
        assertEquals("x".repeat(256), text);
        RefusedException refused = refused(Records.json(column.fieldName, quote(257)));
        assertEquals(Refusal.INVALID_VALUE, refused.refusal);
        assertEquals(
            column.fieldName + " has 257 characters; at most 256 are allowed",
            refused.getMessage());
      }
    }
  }

  @Test
  void aRecordOfTheLargestSizeIsReadAndAByteMoreIsRefused() throws RefusedException {
    byte[] record = Records.utf8(Records.json());
    Fields fields = new TransactionParser(record.length, -1).parse(record, ARRIVAL_MS);
    assertEquals("T1", fields.text(Column.TRANSACTION_ID));
    int less = record.length - 1;
    RefusedException refused =
        assertThrows(
            RefusedException.class,
            () -> new TransactionParser(less, -1).parse(record, ARRIVAL_MS));
    assertEquals(Refusal.OVERSIZE, refused.refusal);
    assertEquals(
        "record of " + record.length + " bytes; at most " + less + " are allowed",
        refused.getMessage());
  }

  @Test
  void ofAFieldThatIsThereTwiceTheLastCounts() throws RefusedException {
    String record = "{\"transaction_amount_vnd\":5," + Records.json().substring(1);
    assertEquals(1000.0, parse(record).get(Column.TRANSACTION_AMOUNT_VND));
  }

  /** What the bank knows of a customer is not for the sender to say. */
  @Test
  void aSendersMetadataAreUnknownFieldsOfWhateverType() throws RefusedException {
    String json =
        Records.json(
            "customer_segment", "\"private\"",
            "customer_kyc_level", "\"none\"",
            "customer_relationship_days", "-1");
    assertEquals(parse(Records.json()), parse(json));
  }

  // ---- reuse of a parser ----

  @Test
  void nothingOfARecordIsLeftInTheNextOne() throws RefusedException {
    String[] all = new String[2 * Column.OF_RECORDS.size()];
    for (Column column : Column.OF_RECORDS) {
      all[2 * column.ordinal()] = column.fieldName;
      all[2 * column.ordinal() + 1] = valueOf(column);
    }
    assertEquals(Column.OF_RECORDS.size(), parse(Records.json(all)).size());
    assertEquals(4, parse(Records.json()).size());
  }

  private static String valueOf(Column column) {
    switch (column.kind) {
      case TEXT:
        return "\"x\"";
      case TIME:
        return "\"2026-01-02T03:04:05Z\"";
      case NUMBER:
        return "7";
      default:
        return "true";
    }
  }

  @Test
  void nothingOfARefusedRecordIsLeftInTheNextOne() throws RefusedException {
    refused(Records.json("device_id", "\"D1\"", "latitude", "1", "npl_flag", "7"));
    refused(Records.json("city", "\"Huế\"") + "x");
    assertEquals(4, parse(Records.json()).size());
    refused("{}");
  }
}
