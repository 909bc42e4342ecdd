package fraudstream.kernel.json;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import fraudstream.kernel.record.Event;
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

  /**
   * The maximum size of the encoded raw record in a dead letter: half of the 1 MiB limit of a
   * Kinesis record, so that a dead letter is never too large to write.
   */
  static final int MAX_ENCODED_BYTES = 512 * 1024;

  /** Maximum length of a detail, possibly a library's message; at most 6 bytes a character. */
  static final int MAX_DETAIL_CHARACTERS = 1_000;

  private static final int BASE64_RAW_BYTES = MAX_ENCODED_BYTES / 4 * 3;

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
    json.field(SIZE_BYTES);
    json.whole(event.raw.length);
    json.field(SHA256);
    json.text(DigestUtils.sha256Hex(event.raw));
    json.field(SHARD_ID);
    json.text(event.shardId);
    json.field(SEQUENCE_NUMBER);
    json.text(event.sequenceNumber);
    json.field(ARRIVAL_TIME);
    json.time(event.arrivalMs);
    json.end('}');
    return json.toBytes();
  }

  private static void writeRaw(JsonLine json, byte[] raw) {
    byte[] quoted = quotedIfShort(raw);
    int kept = quoted == null ? Math.min(raw.length, BASE64_RAW_BYTES) : raw.length;
    json.field(ENCODING);
    json.text(quoted == null ? "base64" : "utf-8");
    json.field(RAW);
    // Already quoted, or Base64, which needs no quoting.
    json.quoted(quoted == null ? Base64.getEncoder().encode(Arrays.copyOf(raw, kept)) : quoted);
    json.field(TRUNCATED);
    json.truth(kept < raw.length);
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
  private static String sound(String detail) {
    String kept = detail.substring(0, Math.min(detail.length(), MAX_DETAIL_CHARACTERS));
    return new String(kept.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
