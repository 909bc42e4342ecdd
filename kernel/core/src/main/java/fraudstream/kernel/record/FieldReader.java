package fraudstream.kernel.record;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** Reads the fields of a JSON object. Errors name the field, its value and the fix. */
final class FieldReader {
  /** A Kinesis partition key has at most 256 characters, and alerts are keyed by account. */
  static final int MAX_ID_CHARACTERS = 256;

  /** The maximum number of characters of a value that an error message quotes. */
  private static final int MAX_QUOTED_CHARACTERS = 60;

  /** Reads one field, with the parser positioned at its value; must skip an unknown field. */
  interface FieldConsumer {
    void field(String name, JsonParser parser, JsonToken token)
        throws IOException, RefusedException;
  }

  private FieldReader() {}

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

  /** Refuses UTF-16 and UTF-32, which the JSON parser would detect from the first four bytes. */
  static void checkUtf8(byte[] raw) throws RefusedException {
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

  /** The current string value; must not be blank if {@code required}. */
  static String text(JsonParser parser, JsonToken token, String field, boolean required)
      throws IOException, RefusedException {
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
    if (required && text.isBlank()) {
      throw new RefusedException(
          Refusal.INVALID_VALUE, field + " is empty; give a text that is not blank");
    }
    if (hasHalfACharacter(text)) {
      throw new RefusedException(
          Refusal.INVALID_VALUE,
          field + " contains half of a surrogate pair; send whole characters");
    }
    return text;
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

  /** The current number; {@code infinite} is the refusal if it exceeds the range of a double. */
  static double number(JsonParser parser, JsonToken token, String field, Refusal infinite)
      throws IOException, RefusedException {
    if (!token.isNumeric()) {
      throw wrongType(parser, field, "a number");
    }
    double value = parser.getDoubleValue();
    if (!Double.isFinite(value)) {
      throw new RefusedException(
          infinite,
          field
              + " is "
              + quoted(parser.getText())
              + ", too large for a number; send one that a double holds");
    }
    return value;
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
