package fraudstream.kernel.json;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.commons.codec.digest.DigestUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeadLetterJsonTest {
  private static final int KINESIS_RECORD_BYTES = 1 << 20;
  private static final int KEPT_RAW_BYTES = 384 * 1024;

  private static Event record(byte[] raw) {
    Event record = new Event();
    record.raw = raw;
    record.shardId = "shard-1";
    record.sequenceNumber = "42";
    record.arrivalMs = 1_000;
    return record;
  }

  private static JsonNode read(byte[] json) {
    try {
      return new ObjectMapper().readTree(json);
    } catch (IOException notJson) {
      throw new AssertionError(new String(json, StandardCharsets.UTF_8), notJson);
    }
  }

  private static JsonNode deadLetter(byte[] raw) {
    byte[] json = DeadLetterJson.of(record(raw), "late", "why");
    assertTrue(json.length < KINESIS_RECORD_BYTES / 2 + 1_000, json.length + " bytes");
    JsonNode letter = read(json);
    assertEquals(raw.length, letter.get("size_bytes").intValue());
    assertEquals(DigestUtils.sha256Hex(raw), letter.get("sha256").textValue(), "of the whole");
    return letter;
  }

  private static void assertText(byte[] raw) {
    JsonNode record = deadLetter(raw);
    assertEquals("utf-8", record.get("encoding").textValue());
    assertEquals(
        new String(raw, StandardCharsets.UTF_8), record.get("raw").textValue(), "the raw record");
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
        new String(
            DeadLetterJson.of(record(Records.utf8("{\"a\":1}")), "late", "why \"so\""),
            StandardCharsets.UTF_8));
  }

  @Test
  void whatTheSourceCannotTellIsNull() {
    Event record = new Event();
    record.raw = new byte[0];
    JsonNode letter = read(DeadLetterJson.of(record, "late", "why"));
    for (String field : List.of("shard_id", "sequence_number", "arrival_time")) {
      assertTrue(letter.get(field).isNull(), field);
    }
    assertEquals("", letter.get("raw").textValue());
  }

  @Test
  void aDetailMayHoldAnyLetterAndIsWrittenInUtf8() {
    byte[] letter = DeadLetterJson.of(record(new byte[0]), "late", "Huế 😀 \u0000\n");
    assertEquals("Huế 😀 \u0000\n", read(letter).get("detail").textValue());
    assertTrue(new String(letter, StandardCharsets.UTF_8).contains("Huế 😀"), "not escaped");
  }

  private static String detail(String detail) {
    byte[] letter = DeadLetterJson.of(record(new byte[0]), "late", detail);
    assertFalse(new String(letter, StandardCharsets.UTF_8).contains("\\u"), "not escaped");
    return read(letter).get("detail").textValue();
  }

  /** A quoted value may be cut within a character, or be invalid; readers refuse such JSON. */
  @ParameterizedTest
  @CsvSource({
    "\ud83d, ?", "\ude00, ?", "'\ud83d…', '?…'", "'\ud83d\ud83d\ude00', '?😀'",
    "'😀\ude00x', '😀?x'", "'\ude00\ud83d', '??'", "'😀，\uffff', '😀，\uffff'",
  })
  void halfACharacterInADetailBecomesAQuestionMark(String half, String written) {
    assertEquals(written, detail(half));
  }

  @Test
  void aDetailIsCutWhereItGetsTooLong() {
    String longest = "x".repeat(DeadLetterJson.MAX_DETAIL_CHARACTERS);
    assertEquals(longest, detail(longest));
    assertEquals(longest, detail(longest + "y"));
    assertEquals(longest.substring(1) + "?", detail(longest.substring(1) + "😀"), "half of it");
    String faces = "😀".repeat(DeadLetterJson.MAX_DETAIL_CHARACTERS / 2);
    assertEquals(faces, detail(faces + "😀"));
  }

  @Test
  void theLargestDetailStillLeavesRoom() {
    Event record = record(filled(KINESIS_RECORD_BYTES, 0xFF));
    byte[] letter = DeadLetterJson.of(record, "late", "\u0000".repeat(KINESIS_RECORD_BYTES));
    assertTrue(letter.length < KINESIS_RECORD_BYTES, letter.length + " bytes");
    assertEquals("42", read(letter).get("sequence_number").textValue());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "plain", "Đà Nẵng 😀", "\"quoted\" \\ \n\t", "\u0000\u001f\u2028，\ufffd"})
  void textIsKeptAsItIs(String text) {
    assertText(Records.utf8(text));
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
    assertText(filled(DeadLetterJson.MAX_ENCODED_BYTES, 'x'));
    assertBase64(filled(DeadLetterJson.MAX_ENCODED_BYTES + 1, 'x'));
  }

  @ParameterizedTest
  @ValueSource(strings = {"é", "ế", "😀"})
  void textOfManyBytesALetterIsMeasuredInBytesToo(String letter) {
    int letters = DeadLetterJson.MAX_ENCODED_BYTES / Records.utf8(letter).length;
    assertText(Records.utf8(letter.repeat(letters)));
    assertBase64(Records.utf8(letter.repeat(letters + 1)));
  }

  /** Jackson writes in chunks, between which a surrogate pair must not be split. */
  @Test
  void aLetterIsKeptWholeWhereverItStands() {
    String letters = "😀".repeat(3_000);
    for (int before = 0; before < 3; before++) {
      assertText(Records.utf8("x".repeat(before) + letters));
      assertText(Records.utf8("é".repeat(before) + letters));
    }
    for (int before = 990; before < 1_010; before++) {
      assertText(Records.utf8("x".repeat(before) + letters));
      assertText(Records.utf8("x".repeat(before) + letters + "\"" + letters));
    }
  }

  @Test
  void textIsMeasuredAsItIsWrittenSoEscapesCount() {
    // An escaped control character takes six bytes, an escaped quote two.
    assertText(filled(DeadLetterJson.MAX_ENCODED_BYTES / 6, 1));
    assertBase64(filled(DeadLetterJson.MAX_ENCODED_BYTES / 6 + 1, 1));
    assertText(filled(DeadLetterJson.MAX_ENCODED_BYTES / 2, '"'));
    assertBase64(filled(DeadLetterJson.MAX_ENCODED_BYTES / 2 + 1, '"'));
    assertBase64(filled(DeadLetterJson.MAX_ENCODED_BYTES, 1));
  }

  @ParameterizedTest
  @ValueSource(ints = {'x', 1, '"', 0xFF})
  void theLargestRecordOfAStreamFitsIntoItAgain(int value) {
    assertBase64(filled(KINESIS_RECORD_BYTES, value));
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 600_000})
  void withoutItsBytesALetterSaysAllElse(int bytes) {
    byte[] raw = new byte[bytes];
    Arrays.fill(raw, (byte) 0xFF);
    byte[] whole = DeadLetterJson.of(record(raw), "late", "why \"raw\":\"?\"");
    JsonNode bare = read(DeadLetterJson.withoutRaw(whole));
    assertEquals("", bare.get("raw").textValue());
    assertTrue(bare.get("truncated").booleanValue());
    assertEquals(fieldNames(read(whole)), fieldNames(bare));
    for (String field :
        new String[] {
          "reason", "detail", "size_bytes", "sha256", "shard_id", "sequence_number", "arrival_time"
        }) {
      assertEquals(read(whole).get(field), bare.get(field), field);
    }
  }

  private static List<String> fieldNames(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  // ---- summaries ----

  private static ReasonCounts counts() {
    ReasonCounts counts = new ReasonCounts();
    counts.add("malformed_json", 40);
    counts.add("late", 2);
    return counts;
  }

  @Test
  void theSummaryOfARecordsPartsSaysWhichBytesOfWhichRecordItCovers() {
    byte[] raw = Records.utf8("{\n".repeat(50));
    JsonNode letter = read(DeadLetterJson.ofParts(record(raw), counts(), 16, 100));
    assertEquals("too_many_parts", letter.get("reason").textValue());
    assertEquals(
        "42 more parts of this stream record are refused (2 late, 40 malformed_json), between its"
            + " bytes 16 and 100; get the record again by its shard and sequence number, and see to"
            + " its producer",
        letter.get("detail").textValue());
    assertEquals(42, letter.get("count").intValue());
    assertEquals("{\"late\":2,\"malformed_json\":40}", letter.get("reasons").toString());
    assertEquals("", letter.get("raw").textValue());
    assertTrue(letter.get("truncated").booleanValue());
    assertEquals(100, letter.get("size_bytes").intValue());
    assertEquals(DigestUtils.sha256Hex(raw), letter.get("sha256").textValue());
    assertEquals("shard-1", letter.get("shard_id").textValue());
    assertEquals("42", letter.get("sequence_number").textValue());
    assertEquals("1970-01-01T00:00:01.000Z", letter.get("arrival_time").textValue());
    assertEquals(16, letter.get("from_byte").intValue());
    assertEquals(100, letter.get("to_byte").intValue());
  }

  @Test
  void theSummaryOfManyRecordsHasTheirRangesByShard() {
    RecordRanges ranges = new RecordRanges();
    ranges.add("shard-2", "10", 1, 100);
    ranges.add("shard-1", "9", 1, 100);
    ranges.add("shard-1", "100", 5, 100);
    ranges.add("shard-1", "20", 1, 100);
    ranges.add(null, null, 3, 100);
    JsonNode letter = read(DeadLetterJson.ofRanges(counts(), ranges));
    assertEquals("too_many_letters", letter.get("reason").textValue());
    assertEquals(42, letter.get("count").intValue());
    assertEquals(500, letter.get("size_bytes").intValue());
    assertTrue(letter.get("truncated").booleanValue());
    assertTrue(letter.get("shard_id").isNull());
    assertEquals(
        "[{'shard_id':null,'first_sequence_number':null,'last_sequence_number':null,'count':3},"
            + "{'shard_id':'shard-1','first_sequence_number':'9','last_sequence_number':'100',"
            + "'count':7},{'shard_id':'shard-2','first_sequence_number':'10',"
            + "'last_sequence_number':'10','count':1}]",
        letter.get("ranges").toString().replace('"', '\''));
    assertEquals(
        DigestUtils.sha256Hex(letter.get("ranges").toString()), letter.get("sha256").textValue());
  }

  @Test
  void theRangesOfVeryManyShardsStillFitIntoARecord() {
    RecordRanges ranges = new RecordRanges();
    for (int shard = 0; shard < 5_000; shard++) {
      ranges.add("shardId-" + shard, "4".repeat(56), 1, 100);
    }
    byte[] letter = DeadLetterJson.ofRanges(counts(), ranges);
    assertTrue(letter.length < KINESIS_RECORD_BYTES / 2, letter.length + " bytes");
    assertEquals(4_000, read(letter).at("/ranges/0/count").intValue());
  }
}
