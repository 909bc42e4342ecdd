package fraudstream.kernel;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;

/**
 * Reads one JSON record into a row of {@link Column}s, or says why it can't.
 *
 * <p>Unknown fields are passed over; an optional field that is absent or null stays null.
 */
final class TransactionParser {
  /** A Kinesis partition key has at most 256 characters, and alerts are keyed by account. */
  static final int MAX_ID_CHARACTERS = 256;

  /**
   * The largest amount, about forty trillion US dollars. A larger one is a mistake, and one that the
   * model's 32-bit floats can't hold would leave its account without scores as long as a window has
   * it.
   */
  static final double MAX_AMOUNT_VND = 1e18;

  /** What a refusal quotes of a value. */
  private static final int MAX_QUOTED_CHARACTERS = 60;

  /**
   * RFC 3339 has years of four digits; Python's datetime, which alerts go through, starts at 1. Both
   * write the time in UTC, so it is the year there that counts.
   */
  private static final Instant FIRST_TIME = Instant.parse("0001-01-01T00:00:00Z");

  private static final Instant END_OF_TIME = Instant.parse("9999-01-01T00:00:00Z");

  private static final Column[] COLUMNS = Column.values();

  private final JsonFactory json = new JsonFactory();
  private final int maxRecordBytes;
  private final long futureToleranceMs;

  /**
   * @param maxRecordBytes a longer record is refused unread
   * @param futureToleranceMs how far an event time may lie past the arrival, that far included;
   *     negative to let any event time pass
   */
  TransactionParser(int maxRecordBytes, long futureToleranceMs) {
    this.maxRecordBytes = maxRecordBytes;
    this.futureToleranceMs = futureToleranceMs;
  }

  /** Reads {@code raw}, which arrived in the stream at {@code arrivalMs} (epoch). */
  GenericRowData parse(byte[] raw, long arrivalMs) throws RefusedException {
    if (raw.length > maxRecordBytes) {
      throw new RefusedException(
          Refusal.OVERSIZE,
          "record of " + raw.length + " bytes; at most " + maxRecordBytes + " are read");
    }
    if (!looksLikeUtf8(raw)) {
      throw new RefusedException(
          Refusal.MALFORMED_JSON, "the text is UTF-16 or UTF-32; send JSON in UTF-8");
    }
    GenericRowData row = new GenericRowData(COLUMNS.length);
    try (JsonParser parser = json.createParser(raw)) {
      readObject(parser, row);
    } catch (JsonProcessingException problem) {
      throw new RefusedException(Refusal.MALFORMED_JSON, problem.getOriginalMessage());
    } catch (IOException problem) {
      throw new RefusedException(Refusal.MALFORMED_JSON, String.valueOf(problem.getMessage()));
    }
    check(row, arrivalMs);
    return row;
  }

  /** Whether the parser will take {@code raw} for UTF-8: it goes by the first four bytes. */
  private static boolean looksLikeUtf8(byte[] raw) {
    if (raw.length > 1 && (raw[0] == (byte) 0xFE || raw[0] == (byte) 0xFF)) {
      return false;
    }
    for (int i = 0; i < Math.min(4, raw.length); i++) {
      if (raw[i] == 0) {
        return false;
      }
    }
    return true;
  }

  private static void readObject(JsonParser parser, GenericRowData row)
      throws IOException, RefusedException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw new RefusedException(
          Refusal.MALFORMED_JSON, "not a JSON object; send one object a record");
    }
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      Column column = Column.named(parser.currentName());
      JsonToken token = parser.nextToken();
      if (column == null) {
        parser.skipChildren();
      } else {
        row.setField(
            column.ordinal(), token == JsonToken.VALUE_NULL ? null : value(parser, token, column));
      }
    }
    if (parser.nextToken() != null) {
      throw new RefusedException(
          Refusal.MALFORMED_JSON, "something follows the JSON object; send one object a record");
    }
  }

  private static Object value(JsonParser parser, JsonToken token, Column column)
      throws IOException, RefusedException {
    switch (column.kind) {
      case TEXT:
        if (token == JsonToken.VALUE_STRING) {
          return text(parser.getText(), column);
        }
        throw wrongType(parser, column, "a string");
      case TIME:
        if (token == JsonToken.VALUE_STRING) {
          return timeMs(parser.getText(), column);
        }
        throw wrongType(parser, column, "a string in RFC 3339, like 2026-01-02T03:04:05.678Z");
      case NUMBER:
        if (token.isNumeric()) {
          return finite(parser, column);
        }
        throw wrongType(parser, column, "a number");
      default:
        if (token.isBoolean()) {
          return parser.getBooleanValue();
        }
        throw wrongType(parser, column, "true or false");
    }
  }

  private static StringData text(String text, Column column) throws RefusedException {
    if (text.length() > MAX_ID_CHARACTERS) {
      throw new RefusedException(
          Refusal.INVALID_VALUE,
          column.fieldName
              + " has "
              + text.length()
              + " characters; at most "
              + MAX_ID_CHARACTERS
              + " are allowed");
    }
    if (column.required && text.isBlank()) {
      throw new RefusedException(
          Refusal.INVALID_VALUE, column.fieldName + " is empty; give each transaction its own");
    }
    if (hasHalfACharacter(text)) {
      throw new RefusedException(
          Refusal.INVALID_VALUE,
          column.fieldName + " has half of a surrogate pair in it; send whole characters");
    }
    return StringData.fromString(text);
  }

  /** Half a surrogate pair has no UTF-8: it would become '?', and different ids the same. */
  private static boolean hasHalfACharacter(String text) {
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (Character.isSurrogate(unit)) {
        boolean whole =
            Character.isHighSurrogate(unit)
                && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
        if (!whole) {
          return true;
        }
        i++;
      }
    }
    return false;
  }

  private static Long timeMs(String text, Column column) throws RefusedException {
    try {
      Instant time = OffsetDateTime.parse(text).toInstant();
      if (!time.isBefore(FIRST_TIME) && time.isBefore(END_OF_TIME)) {
        return time.toEpochMilli();
      }
    } catch (DateTimeException problem) {
      // Falls through to the refusal.
    }
    throw new RefusedException(
        Refusal.INVALID_TIME,
        column.fieldName
            + " is "
            + quoted(text)
            + "; write RFC 3339 with an offset, like 2026-01-02T03:04:05.678Z");
  }

  private static Double finite(JsonParser parser, Column column)
      throws IOException, RefusedException {
    double value = parser.getDoubleValue();
    if (Double.isFinite(value)) {
      return value;
    }
    Refusal refusal =
        column == Column.TRANSACTION_AMOUNT_VND ? Refusal.INVALID_AMOUNT : Refusal.INVALID_VALUE;
    throw new RefusedException(
        refusal,
        column.fieldName
            + " is "
            + quoted(parser.getText())
            + ", too large for a number; send one that a double holds");
  }

  private void check(GenericRowData row, long arrivalMs) throws RefusedException {
    for (Column column : COLUMNS) {
      if (column.required && row.isNullAt(column.ordinal())) {
        throw new RefusedException(
            Refusal.MISSING_FIELD,
            column.fieldName + " is absent or null; every transaction needs it");
      }
    }
    double amountVnd = row.getDouble(Column.TRANSACTION_AMOUNT_VND.ordinal());
    if (amountVnd <= 0 || amountVnd > MAX_AMOUNT_VND) {
      throw new RefusedException(
          Refusal.INVALID_AMOUNT,
          Column.TRANSACTION_AMOUNT_VND.fieldName
              + " is "
              + amountVnd
              + "; it must be above 0, and at most "
              + MAX_AMOUNT_VND);
    }
    long aheadMs = row.getLong(Column.EVENT_TIME.ordinal()) - arrivalMs;
    if (futureToleranceMs >= 0 && aheadMs > futureToleranceMs) {
      throw new RefusedException(
          Refusal.FUTURE_TIME,
          Column.EVENT_TIME.fieldName
              + " lies "
              + aheadMs
              + " ms past the arrival; at most "
              + futureToleranceMs
              + " are allowed: check the sender's clock");
    }
  }

  private static RefusedException wrongType(JsonParser parser, Column column, String wanted)
      throws IOException {
    return new RefusedException(
        Refusal.WRONG_TYPE,
        column.fieldName + " is " + quoted(parser.getText()) + "; it must be " + wanted);
  }

  private static String quoted(String text) {
    return text.length() <= MAX_QUOTED_CHARACTERS
        ? "'" + text + "'"
        : "'" + text.substring(0, MAX_QUOTED_CHARACTERS) + "…'";
  }
}
