package fraudstream.kernel.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;

/** Reads the fields of a JSON object. Errors name the field, its value and the fix. */
final class FieldReader {
  /** A Kinesis partition key has at most 256 characters, and alerts are keyed by account. */
  static final int MAX_ID_CHARACTERS = 256;

  /** Levels of objects and lists; {@code fraudstream/domain/json_objects.py} has the same limit. */
  private static final int MAX_NESTING = 500;

  /** Enough for any double written out; a longer number is refused without being converted. */
  private static final int MAX_NUMBER_CHARACTERS = 1_000;

  /** The maximum number of characters of a value that an error message quotes. */
  private static final int MAX_QUOTED_CHARACTERS = 60;

  /** Reads one field, with the parser positioned at its value; must skip an unknown field. */
  interface FieldConsumer {
    void field(String name, JsonParser parser, JsonToken token)
        throws IOException, RefusedException;
  }

  private FieldReader() {}

  /** A factory of parsers that leave the length of numbers to {@link #number}. */
  static JsonFactory jsonFactory() {
    StreamReadConstraints constraints =
        StreamReadConstraints.builder()
            .maxNumberLength(Integer.MAX_VALUE)
            .maxNestingDepth(MAX_NESTING)
            .build();
    return JsonFactory.builder()
        .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
        .streamReadConstraints(constraints)
        .build();
  }

  /** Passes each field of the object to {@code consumer}; refuses anything but one object. */
  static void readObject(JsonParser parser, FieldConsumer consumer) throws RefusedException {
    try {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new RefusedException(
            Refusal.MALFORMED_JSON, "not a JSON object; send one object per record");
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        consumer.field(name, parser, parser.nextToken());
      }
      if (parser.nextToken() != null) {
        throw new RefusedException(
            Refusal.MALFORMED_JSON, "data after the JSON object; send one object per record");
      }
    } catch (JsonProcessingException problem) {
      throw new RefusedException(Refusal.MALFORMED_JSON, problem.getOriginalMessage());
    } catch (IOException problem) {
      throw new RefusedException(Refusal.MALFORMED_JSON, String.valueOf(problem.getMessage()));
    }
  }

  /** Refuses what {@link #checkEncoding} does, and any bytes that are not UTF-8. */
  static void checkUtf8(byte[] raw) throws RefusedException {
    checkEncoding(raw);
    int invalid = Utf8.firstInvalid(raw);
    if (invalid >= 0) {
      throw new RefusedException(
          Refusal.MALFORMED_JSON,
          String.format(
              "byte %,d, 0x%02X, is not UTF-8; send JSON in UTF-8", invalid + 1, raw[invalid]));
    }
  }

  /** Refuses UTF-16 and UTF-32, which the JSON parser would detect from the first four bytes. */
  static void checkEncoding(byte[] raw) throws RefusedException {
    boolean byteOrderMark = raw.length > 1 && (raw[0] == (byte) 0xFE || raw[0] == (byte) 0xFF);
    boolean zero = false;
    for (int i = 0; i < Math.min(4, raw.length); i++) {
      zero |= raw[i] == 0;
    }
    if (byteOrderMark || zero) {
      throw new RefusedException(
          Refusal.MALFORMED_JSON, "the text is UTF-16 or UTF-32; send JSON in UTF-8");
    }
  }

  /** The current string value of a column. */
  static String text(JsonParser parser, JsonToken token, Column column)
      throws IOException, RefusedException {
    String field = column.fieldName;
    if (token != JsonToken.VALUE_STRING) {
      throw wrongType(parser, field, "a string");
    }
    String text = parser.getText();
    if (text.length() > MAX_ID_CHARACTERS) {
      throw new RefusedException(
          Refusal.INVALID_VALUE,
          field
              + " has "
              + text.length()
              + " characters; at most "
              + MAX_ID_CHARACTERS
              + " are allowed");
    }
    if (column.required && text.isBlank()) {
      throw new RefusedException(
          Refusal.INVALID_VALUE, field + " is empty; give a text that is not blank");
    }
    if (!isPlain(text)) {
      checkCharacters(text, column);
    }
    return text;
  }

  /** Whether the text consists of printable ASCII, as nearly all do. */
  private static boolean isPlain(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < ' ' || text.charAt(i) > '~') {
        return false;
      }
    }
    return true;
  }

  private static void checkCharacters(String text, Column column) throws RefusedException {
    if (hasHalfACharacter(text)) {
      throw new RefusedException(
          Refusal.INVALID_VALUE,
          column.fieldName + " contains half of a surrogate pair; send whole characters");
    }
    for (int i = 0; column.isId && i < text.length(); i++) {
      if (isControl(text.charAt(i))) {
        throw new RefusedException(
            Refusal.INVALID_VALUE,
            String.format(
                "%s has the control character U+%04X in it; send an id without",
                column.fieldName,
                (int) text.charAt(i)));
      }
    }
  }

  /**
   * Whether a character controls what shows it rather than being shown: C0, DEL and C1, the line
   * separators, and those that set the direction of writing. With them an id looks like another
   * one. {@code fraudstream/domain/transaction.py} has the same.
   */
  private static boolean isControl(char unit) {
    return unit < ' '
        || unit >= '\u007F' && unit <= '\u009F'
        || unit == '\u061C'
        || unit == '\u200E'
        || unit == '\u200F'
        || unit >= '\u2028' && unit <= '\u202E'
        || unit >= '\u2066' && unit <= '\u2069';
  }

  /** An unpaired surrogate has no UTF-8 form: it would become '?', making different ids equal. */
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

  /** The current value as an RFC 3339 time, in epoch ms. */
  static long timeMs(JsonParser parser, JsonToken token, String field)
      throws IOException, RefusedException {
    if (token != JsonToken.VALUE_STRING) {
      throw wrongType(parser, field, "a string in RFC 3339, like 2026-01-02T03:04:05.678Z");
    }
    String text = parser.getText();
    long timeMs = Rfc3339.parseMs(text);
    if (timeMs == Event.NO_TIME) {
      throw new RefusedException(
          Refusal.INVALID_TIME,
          field
              + " is "
              + quoted(text)
              + "; write RFC 3339 with an offset, like 2026-01-02T03:04:05.678Z");
    }
    return timeMs;
  }

  /** The current number of a column; its range is not checked, but that it is finite. */
  static double number(JsonParser parser, JsonToken token, Column column)
      throws IOException, RefusedException {
    if (!token.isNumeric()) {
      throw wrongType(parser, column.fieldName, "a number");
    }
    int characters = parser.getTextLength();
    if (characters > MAX_NUMBER_CHARACTERS) {
      // Not converted: its cost would grow with the square of its length.
      throw outOfRange(column, "a number of " + characters + " characters");
    }
    double value = parser.getDoubleValue();
    if (!Double.isFinite(value)) {
      throw outOfRange(column, quoted(parser.getText()));
    }
    return value;
  }

  /** The refusal of a number outside the range of its column. */
  static RefusedException outOfRange(Column column, String value) {
    boolean isAmount = column == Column.TRANSACTION_AMOUNT_VND;
    return new RefusedException(
        isAmount ? Refusal.INVALID_AMOUNT : Refusal.INVALID_VALUE,
        column.fieldName
            + " is "
            + value
            + "; it must be "
            + column.range
            + (isAmount ? ": correct it" : ": correct it, or leave it out if it is unknown"));
  }

  static boolean flag(JsonParser parser, JsonToken token, String field)
      throws IOException, RefusedException {
    if (!token.isBoolean()) {
      throw wrongType(parser, field, "true or false");
    }
    return parser.getBooleanValue();
  }

  static RefusedException missing(String field, String whose) {
    return new RefusedException(
        Refusal.MISSING_FIELD, field + " is missing or null; every " + whose + " needs it");
  }

  private static RefusedException wrongType(JsonParser parser, String field, String wanted)
      throws IOException {
    return new RefusedException(
        Refusal.WRONG_TYPE, field + " is " + quoted(parser.getText()) + "; it must be " + wanted);
  }

  private static String quoted(String text) {
    return text.length() <= MAX_QUOTED_CHARACTERS
        ? "'" + text + "'"
        : "'" + text.substring(0, MAX_QUOTED_CHARACTERS) + "…'";
  }
}
