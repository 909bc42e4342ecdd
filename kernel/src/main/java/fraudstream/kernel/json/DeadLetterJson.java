package fraudstream.kernel.json;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.apache.commons.codec.digest.DigestUtils;

/** A refused record: what it was, as text or Base64, and why; times and places null if unknown. */
public final class DeadLetterJson {
  /**
   * Most bytes that the raw record takes in a dead letter once encoded: half of the 1 MiB that a
   * Kinesis record may have, so that a dead letter can never be too large to be written.
   */
  static final int MAX_ENCODED_BYTES = 512 * 1024;

  /** What is kept of a detail, which may be what a library says: six bytes a character at most. */
  static final int MAX_DETAIL_CHARACTERS = 1_000;

  private static final int BASE64_RAW_BYTES = MAX_ENCODED_BYTES / 4 * 3;

  private DeadLetterJson() {}

  /** The dead letter of {@code event}: of its bytes, and where and when they came from. */
  public static byte[] of(Event event, String reason, String detail) {
    return Json.object(
        json -> {
          json.writeStringField("reason", reason);
          json.writeStringField("detail", sound(detail));
          writeRaw(json, event.raw);
          json.writeNumberField("size_bytes", event.raw.length);
          json.writeStringField("sha256", DigestUtils.sha256Hex(event.raw));
          json.writeStringField("shard_id", event.shardId);
          json.writeStringField("sequence_number", event.sequenceNumber);
          Json.writeTime(json, "arrival_time", event.arrivalMs);
        });
  }

  private static void writeRaw(JsonGenerator json, byte[] raw) throws IOException {
    byte[] quoted = quotedIfShort(raw);
    int kept = quoted == null ? Math.min(raw.length, BASE64_RAW_BYTES) : raw.length;
    json.writeStringField("encoding", quoted == null ? "base64" : "utf-8");
    json.writeFieldName("raw");
    if (quoted == null) {
      json.writeBinary(raw, 0, kept);
    } else {
      // The very bytes that were measured.
      json.writeRawUTF8String(quoted, 0, quoted.length);
    }
    json.writeBooleanField("truncated", kept < raw.length);
  }

  /** What stands between the quotes if {@code raw} is UTF-8 and short enough as JSON; else null. */
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

  /** A detail of bounded length; half a character, which has no UTF-8, becomes a question mark. */
  private static String sound(String detail) {
    String kept = detail.substring(0, Math.min(detail.length(), MAX_DETAIL_CHARACTERS));
    return new String(kept.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
