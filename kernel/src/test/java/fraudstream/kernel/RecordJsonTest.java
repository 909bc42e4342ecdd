package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.commons.codec.digest.DigestUtils;
import org.apache.flink.table.data.RowData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecordJsonTest {
  private static final int KINESIS_RECORD_BYTES = 1 << 20;
  private static final int KEPT_RAW_BYTES = 384 * 1024;
  private static final RowData TRANSACTION =
      Rows.row("transaction_id", "T1", "account_id", "A\"1", "event_time", 1_767_323_045_678L);

  private static JsonNode read(String json) {
    try {
      return new ObjectMapper().readTree(json);
    } catch (IOException notJson) {
      throw new AssertionError(json, notJson);
    }
  }

  private static byte[] vector(double... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(values);
    return bytes.array();
  }

  // ---- numbers ----

  @ParameterizedTest
  @CsvSource({
    "0, 0", "-0.0, 0", "1, 1", "-3, -3", "1e9, 1000000000", "0.1, 0.1", "-2.5, -2.5",
    "9007199254740992, 9007199254740992", "9007199254740994, 9.007199254740994E15",
    "1e300, 1.0E300", "4.9e-324, 4.9E-324", "NaN, null", "Infinity, null",
    "-Infinity, null",
  })
  void wholeNumbersHaveNoFractionAndNullStandsForWhatIsNoNumber(
      double value, String expected) {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"f\":" + expected + "}",
        RecordJson.features("T1", List.of("f"), vector(value)));
  }

  @Test
  void featuresAreNamedInTheirOrder() {
    assertEquals(
        "{\"transaction_id\":\"T\\\"1\",\"b\":1,\"a\":null,\"c\":2.5}",
        RecordJson.features("T\"1", List.of("b", "a", "c"), vector(1, Double.NaN, 2.5)));
  }

  // ---- scored ----

  @Test
  void aScoredTransactionSaysWhatBecameOfItAndByWhichVersions() {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A\\\"1\","
            + "\"event_time\":\"2026-01-02T03:04:05.678Z\","
            + "\"arrival_time\":\"2026-01-02T03:04:06.000Z\",\"outcome\":\"new\",\"score\":0.25,"
            + "\"model_version\":\"v1\",\"catalogue_version\":\"abc\","
            + "\"features\":{\"f\":3,\"g\":null}}",
        RecordJson.scored(
            TRANSACTION,
            "new",
            1_767_323_046_000L,
            0.25,
            "v1",
            "abc",
            List.of("f", "g"),
            vector(3, Double.NaN)));
  }

  @Test
  void aDuplicateHasNeitherScoreNorFeatures() {
    JsonNode record =
        read(
            RecordJson.scored(
                TRANSACTION, "duplicate", null, null, "v1", "abc", List.of("f"), null));
    assertEquals("duplicate", record.get("outcome").textValue());
    for (String field : List.of("score", "features", "arrival_time")) {
      assertTrue(record.get(field).isNull(), field);
    }
  }

  // ---- dead letters ----

  private static JsonNode deadLetter(byte[] raw) {
    String json = RecordJson.deadLetter(raw, "late", "why", "shard-1", "42", 1_000L);
    int bytes = json.getBytes(StandardCharsets.UTF_8).length;
    assertTrue(bytes < KINESIS_RECORD_BYTES / 2 + 1_000, bytes + " bytes");
    JsonNode record = read(json);
    assertEquals(raw.length, record.get("size_bytes").intValue());
    assertEquals(DigestUtils.sha256Hex(raw), record.get("sha256").textValue(), "of the whole");
    return record;
  }

  private static void assertText(byte[] raw) {
    JsonNode record = deadLetter(raw);
    assertEquals("utf-8", record.get("encoding").textValue());
    assertEquals(new String(raw, StandardCharsets.UTF_8), record.get("raw").textValue());
    assertFalse(record.get("truncated").booleanValue());
  }

  private static void assertBase64(byte[] raw) {
    JsonNode record = deadLetter(raw);
    assertEquals("base64", record.get("encoding").textValue());
    assertArrayEquals(
        Arrays.copyOf(raw, Math.min(raw.length, KEPT_RAW_BYTES)),
        Base64.getDecoder().decode(record.get("raw").textValue()));
    assertEquals(raw.length > KEPT_RAW_BYTES, record.get("truncated").booleanValue());
  }

  private static byte[] filled(int length, int value) {
    byte[] raw = new byte[length];
    Arrays.fill(raw, (byte) value);
    return raw;
  }

  @Test
  void aDeadLetterSaysWhatItWasWhyAndFromWhere() {
    assertEquals(
        "{\"reason\":\"late\",\"detail\":\"why \\\"so\\\"\",\"encoding\":\"utf-8\","
            + "\"raw\":\"{\\\"a\\\":1}\",\"truncated\":false,\"size_bytes\":7,"
            + "\"sha256\":\"" + DigestUtils.sha256Hex("{\"a\":1}") + "\","
            + "\"shard_id\":\"shard-1\",\"sequence_number\":\"42\","
            + "\"arrival_time\":\"1970-01-01T00:00:01.000Z\"}",
        RecordJson.deadLetter(
            Rows.utf8("{\"a\":1}"), "late", "why \"so\"", "shard-1", "42", 1_000L));
  }

  @Test
  void whatTheSourceCannotTellIsNull() {
    JsonNode record =
        read(RecordJson.deadLetter(new byte[0], "late", "why", null, null, null));
    for (String field : List.of("shard_id", "sequence_number", "arrival_time")) {
      assertTrue(record.get(field).isNull(), field);
    }
    assertEquals("", record.get("raw").textValue());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "plain", "Đà Nẵng 😀", "\"quoted\" \\ \n\t", "\u0000\u001f\u2028"})
  void textIsKeptAsItIs(String text) {
    assertText(Rows.utf8(text));
  }

  @ParameterizedTest
  @ValueSource(ints = {0x80, 0xC3, 0xFF})
  void whatIsNotUtf8IsKeptInBase64(int value) {
    assertBase64(new byte[] {'a', (byte) value});
    assertBase64(filled(KEPT_RAW_BYTES, value));
    assertBase64(filled(KEPT_RAW_BYTES + 1, value));
  }

  @Test
  void textOf512KibIsKeptAndAByteMoreIsCut() {
    assertText(filled(RecordJson.MAX_ENCODED_BYTES, 'x'));
    assertBase64(filled(RecordJson.MAX_ENCODED_BYTES + 1, 'x'));
  }

  @Test
  void textIsMeasuredAsItIsWrittenSoEscapesCount() {
    // A control character is six bytes once escaped, a quote two.
    assertText(filled(RecordJson.MAX_ENCODED_BYTES / 6, 1));
    assertBase64(filled(RecordJson.MAX_ENCODED_BYTES / 6 + 1, 1));
    assertText(filled(RecordJson.MAX_ENCODED_BYTES / 2, '"'));
    assertBase64(filled(RecordJson.MAX_ENCODED_BYTES / 2 + 1, '"'));
    assertBase64(filled(RecordJson.MAX_ENCODED_BYTES, 1));
  }

  @ParameterizedTest
  @ValueSource(ints = {'x', 1, '"', 0xFF})
  void theLargestRecordOfAStreamFitsIntoItAgain(int value) {
    assertBase64(filled(KINESIS_RECORD_BYTES, value));
  }
}
