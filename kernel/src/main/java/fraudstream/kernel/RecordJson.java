package fraudstream.kernel;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.apache.commons.codec.binary.Hex;
import org.apache.flink.table.data.RowData;

/** The JSON that the kernel writes: features, scored transactions, dead letters. */
final class RecordJson {
  /**
   * Most bytes that the raw record takes in a dead letter once encoded: half of the 1 MiB that a
   * Kinesis record may have, so that a dead letter can never be too large to be written.
   */
  static final int MAX_ENCODED_BYTES = 512 * 1024;

  private static final int BASE64_RAW_BYTES = MAX_ENCODED_BYTES / 4 * 3;

  /** Doubles up to here hold every whole number, so one may be written without a fraction. */
  private static final double MAX_WHOLE = 1L << 53;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private static final JsonFactory JSON = new JsonFactory();

  private RecordJson() {}

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  /** One flat object: transaction_id, then each feature by name, null where it is missing or infinite. */
  static String features(String transactionId, List<String> names, byte[] features) {
    return object(
        json -> {
          json.writeStringField("transaction_id", transactionId);
          writeFeatures(json, names, features);
        });
  }

  /** What became of one accepted transaction; a duplicate has neither score nor features. */
  static String scored(
      RowData transaction,
      String outcome,
      Long arrivalMs,
      Double score,
      String modelVersion,
      String catalogueVersion,
      List<String> names,
      byte[] features) {
    return object(
        json -> {
          json.writeStringField("transaction_id", text(transaction, Column.TRANSACTION_ID));
          json.writeStringField("account_id", text(transaction, Column.ACCOUNT_ID));
          json.writeStringField(
              "event_time", time(transaction.getLong(Column.EVENT_TIME.ordinal())));
          json.writeStringField("arrival_time", time(arrivalMs));
          json.writeStringField("outcome", outcome);
          json.writeFieldName("score");
          writeNumber(json, score == null ? Double.NaN : score);
          json.writeStringField("model_version", modelVersion);
          json.writeStringField("catalogue_version", catalogueVersion);
          if (features == null) {
            json.writeNullField("features");
          } else {
            json.writeObjectFieldStart("features");
            writeFeatures(json, names, features);
            json.writeEndObject();
          }
        });
  }

  /** A refused record: what it was, as text or Base64, and why; times and places null if unknown. */
  static String deadLetter(
      byte[] raw,
      String reason,
      String detail,
      String shardId,
      String sequenceNumber,
      Long arrivalMs) {
    String text = asShortText(raw);
    boolean truncated = text == null && raw.length > BASE64_RAW_BYTES;
    byte[] kept = truncated ? Arrays.copyOf(raw, BASE64_RAW_BYTES) : raw;
    return object(
        json -> {
          json.writeStringField("reason", reason);
          json.writeStringField("detail", detail);
          json.writeStringField("encoding", text == null ? "base64" : "utf-8");
          json.writeStringField(
              "raw", text == null ? Base64.getEncoder().encodeToString(kept) : text);
          json.writeBooleanField("truncated", truncated);
          json.writeNumberField("size_bytes", raw.length);
          json.writeStringField("sha256", sha256(raw));
          json.writeStringField("shard_id", shardId);
          json.writeStringField("sequence_number", sequenceNumber);
          json.writeStringField("arrival_time", time(arrivalMs));
        });
  }

  /** The text of {@code raw} if it is UTF-8 and short enough once written as JSON, else null. */
  private static String asShortText(byte[] raw) {
    if (raw.length > MAX_ENCODED_BYTES) {
      return null;
    }
    try {
      String text =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
      int encodedBytes = JsonStringEncoder.getInstance().quoteAsUTF8(text).length;
      return encodedBytes <= MAX_ENCODED_BYTES ? text : null;
    } catch (CharacterCodingException notUtf8) {
      return null;
    }
  }

  private static void writeFeatures(JsonGenerator json, List<String> names, byte[] features)
      throws IOException {
    ByteBuffer values = ByteBuffer.wrap(features).order(ByteOrder.LITTLE_ENDIAN);
    for (String name : names) {
      json.writeFieldName(name);
      writeNumber(json, values.getDouble());
    }
  }

  private static void writeNumber(JsonGenerator json, double value) throws IOException {
    if (!Double.isFinite(value)) {
      // JSON has no infinity, and many of its readers refuse 1e999.
      json.writeNull();
    } else if (value == Math.rint(value) && Math.abs(value) <= MAX_WHOLE) {
      json.writeNumber((long) value);
    } else {
      json.writeNumber(value);
    }
  }

  private static String text(RowData transaction, Column column) {
    return transaction.getString(column.ordinal()).toString();
  }

  private static String time(Long timeMs) {
    return timeMs == null ? null : TIME.format(Instant.ofEpochMilli(timeMs));
  }

  private static String sha256(byte[] raw) {
    try {
      return Hex.encodeHexString(MessageDigest.getInstance("SHA-256").digest(raw));
    } catch (NoSuchAlgorithmException everyJavaHasIt) {
      throw new IllegalStateException(everyJavaHasIt);
    }
  }

  private static String object(Body body) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      body.write(json);
      json.writeEndObject();
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    return text.toString();
  }
}
