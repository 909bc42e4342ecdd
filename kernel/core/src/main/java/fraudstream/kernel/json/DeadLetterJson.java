package fraudstream.kernel.json;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import org.apache.commons.codec.digest.DigestUtils;

/**
 * Writes dead letters as JSON: a refused record, as text or Base64, with the reason.
 *
 * <p>The shard, the sequence number and the arrival time are null if unknown.
 */
public final class DeadLetterJson {
  /** The reason of a dead letter that sums up refused parts of one stream record. */
  public static final String TOO_MANY_PARTS = "too_many_parts";

  /** The reason of a dead letter that sums up those of many stream records. */
  public static final String TOO_MANY_LETTERS = "too_many_letters";

  private static final byte[] REASON = JsonLine.name("reason");
  private static final byte[] DETAIL = JsonLine.name("detail");
  private static final byte[] ENCODING = JsonLine.name("encoding");
  private static final byte[] RAW = JsonLine.name("raw");
  private static final byte[] TRUNCATED = JsonLine.name("truncated");
  private static final byte[] SIZE_BYTES = JsonLine.name("size_bytes");
  private static final byte[] SHA256 = JsonLine.name("sha256");
  private static final byte[] SHARD_ID = JsonLine.name("shard_id");
  private static final byte[] SEQUENCE_NUMBER = JsonLine.name("sequence_number");
  private static final byte[] ARRIVAL_TIME = JsonLine.name("arrival_time");

  private static final byte[] COUNT = JsonLine.name("count");
  private static final byte[] REASONS = JsonLine.name("reasons");
  private static final byte[] FROM_BYTE = JsonLine.name("from_byte");
  private static final byte[] TO_BYTE = JsonLine.name("to_byte");
  private static final byte[] RANGES = JsonLine.name("ranges");

  /**
   * The maximum size of the encoded raw record in a dead letter: half of the 1 MiB limit of a
   * Kinesis record, so that a dead letter is never too large to write.
   */
  static final int MAX_ENCODED_BYTES = 512 * 1024;

  /** Maximum length of a detail, possibly a library's message; at most 6 bytes a character. */
  static final int MAX_DETAIL_CHARACTERS = 1_000;

  private static final int BASE64_RAW_BYTES = MAX_ENCODED_BYTES / 4 * 3;

  private static final ObjectMapper JSON = new ObjectMapper();

  private DeadLetterJson() {}

  /** The dead letter of an event: its bytes, shard, sequence number and arrival time. */
  public static byte[] of(Event event, String reason, String detail) {
    JsonLine json = new JsonLine();
    json.begin('{');
    json.field(REASON);
    json.text(reason);
    json.field(DETAIL);
    json.text(sound(detail));
    writeRaw(json, event.raw);
    writeOrigin(json, event);
    json.end('}');
    return json.toBytes();
  }

  /**
   * The dead letter that sums up the refused parts of a stream record beyond the limit.
   *
   * @param record the stream record: its bytes, shard, sequence number and arrival time
   * @param fromByte the place in the record of the first part that it covers
   * @param toByte the place of the end of the last one
   */
  public static byte[] ofParts(Event record, ReasonCounts reasons, int fromByte, int toByte) {
    JsonLine json = new JsonLine();
    String detail =
        reasons.total()
            + " more parts of this stream record are refused ("
            + reasons
            + "), between its bytes "
            + fromByte
            + " and "
            + toByte
            + "; get the record again by its shard and sequence number, and see to its producer";
    writeSummaryHead(json, TOO_MANY_PARTS, detail, reasons);
    writeOrigin(json, record);
    json.field(FROM_BYTE);
    json.whole(fromByte);
    json.field(TO_BYTE);
    json.whole(toByte);
    json.end('}');
    return json.toBytes();
  }

  /** The dead letter that sums up those beyond the limit of one task of the job. */
  public static byte[] ofRanges(ReasonCounts reasons, RecordRanges ranges) {
    JsonLine json = new JsonLine();
    String detail =
        reasons.total()
            + " more refused records ("
            + reasons
            + "); get the records of these ranges again by their shards and sequence numbers, and"
            + " see to their producers";
    writeSummaryHead(json, TOO_MANY_LETTERS, detail, reasons);
    json.field(SIZE_BYTES);
    json.whole(ranges.bytes());
    json.field(SHA256);
    json.text(DigestUtils.sha256Hex(ranges.toString()));
    for (byte[] unknown : new byte[][] {SHARD_ID, SEQUENCE_NUMBER, ARRIVAL_TIME}) {
      json.field(unknown);
      json.nothing();
    }
    json.field(RANGES);
    ranges.write(json);
    json.end('}');
    return json.toBytes();
  }

  /** A dead letter with all that it says but the record's bytes, as if it were cut off at once. */
  public static byte[] withoutRaw(byte[] letter) {
    try {
      ObjectNode fields = (ObjectNode) JSON.readTree(letter);
      fields.put("encoding", "utf-8").put("raw", "").put("truncated", true);
      return JSON.writeValueAsBytes(fields);
    } catch (IOException impossible) {
      throw new IllegalStateException("a dead letter that is no JSON", impossible);
    }
  }

  private static void writeSummaryHead(
      JsonLine json, String reason, String detail, ReasonCounts reasons) {
    json.begin('{');
    json.field(REASON);
    json.text(reason);
    json.field(DETAIL);
    json.text(sound(detail));
    json.field(COUNT);
    json.whole(reasons.total());
    json.field(REASONS);
    reasons.write(json);
    writeRaw(json, "utf-8", new byte[0], true);
  }

  /** Size, hash, place and arrival of a stream record. */
  private static void writeOrigin(JsonLine json, Event record) {
    json.field(SIZE_BYTES);
    json.whole(record.raw.length);
    json.field(SHA256);
    json.text(DigestUtils.sha256Hex(record.raw));
    json.field(SHARD_ID);
    json.text(record.shardId);
    json.field(SEQUENCE_NUMBER);
    json.text(record.sequenceNumber);
    json.field(ARRIVAL_TIME);
    json.time(record.arrivalMs);
  }

  private static void writeRaw(JsonLine json, byte[] raw) {
    byte[] quoted = quotedIfShort(raw);
    int kept = quoted == null ? Math.min(raw.length, BASE64_RAW_BYTES) : raw.length;
    // Already quoted, or Base64, which needs no quoting.
    writeRaw(
        json,
        quoted == null ? "base64" : "utf-8",
        quoted == null ? Base64.getEncoder().encode(Arrays.copyOf(raw, kept)) : quoted,
        kept < raw.length);
  }

  private static void writeRaw(
      JsonLine json, String encoding, byte[] encoded, boolean isTruncated) {
    json.field(ENCODING);
    json.text(encoding);
    json.field(RAW);
    json.quoted(encoded);
    json.field(TRUNCATED);
    json.truth(isTruncated);
  }

  /** The quoted text of {@code raw}; null unless it is UTF-8 and short enough once quoted. */
  private static byte[] quotedIfShort(byte[] raw) {
    if (raw.length > MAX_ENCODED_BYTES) {
      return null;
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
      byte[] quoted = JsonStringEncoder.getInstance().quoteAsUTF8(text);
      return quoted.length <= MAX_ENCODED_BYTES ? quoted : null;
    } catch (CharacterCodingException notUtf8) {
      return null;
    }
  }

  /** Truncates a detail and replaces unpaired surrogates, which have no UTF-8 form, by '?'. */
  static String sound(String detail) {
    String kept = detail.substring(0, Math.min(detail.length(), MAX_DETAIL_CHARACTERS));
    return new String(kept.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
