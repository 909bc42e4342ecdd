package fraudstream.kernel.json;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.core.io.NumberOutput;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Rfc3339;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A minimal JSON writer with a reusable buffer. Not thread-safe.
 *
 * <p>It writes the records that every transaction has, which consist mostly of names and numbers.
 * With Jackson's generator, writing them was half of the work of the step. Jackson still quotes
 * texts and formats numbers.
 */
final class JsonLine {
  /** Up to here a double represents every integer, so integers are written without a fraction. */
  private static final double MAX_WHOLE = 1L << 53;

  private static final int FIRST_BYTES = 4_096;
  private static final int MOST_DIGITS = 24;
  private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] FALSE = "false".getBytes(StandardCharsets.US_ASCII);

  private byte[] bytes = new byte[FIRST_BYTES];
  private int end;
  private boolean isBehindValue;

  /** Encodes a field name with its quotes and colon; call it once per name. */
  static byte[] name(String name) {
    String quoted = new String(JsonStringEncoder.getInstance().quoteAsString(name));
    return ('"' + quoted + "\":").getBytes(StandardCharsets.UTF_8);
  }

  void clear() {
    end = 0;
    isBehindValue = false;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, end);
  }

  void begin(char bracket) {
    separate(1);
    bytes[end++] = (byte) bracket;
    isBehindValue = false;
  }

  void end(char bracket) {
    makeRoom(1);
    bytes[end++] = (byte) bracket;
    isBehindValue = true;
  }

  /** Writes a field name made by {@link #name}; write its value next. */
  void field(byte[] name) {
    word(name);
    isBehindValue = false;
  }

  /** Writes a string, or null. */
  void text(String text) {
    if (text == null) {
      nothing();
      return;
    }
    separate(text.length() + 2);
    int start = end;
    bytes[end++] = '"';
    for (int i = 0; i < text.length(); i++) {
      char letter = text.charAt(i);
      if (letter < ' ' || letter > '~' || letter == '"' || letter == '\\') {
        end = start;
        put(JsonStringEncoder.getInstance().quoteAsUTF8(text));
        return;
      }
      bytes[end++] = (byte) letter;
    }
    bytes[end++] = '"';
  }

  /** Writes a string whose content is already quoted and in UTF-8. */
  void quoted(byte[] quoted) {
    separate(0);
    put(quoted);
  }

  private void put(byte[] quoted) {
    makeRoom(quoted.length + 2);
    bytes[end++] = '"';
    append(quoted);
    bytes[end++] = '"';
  }

  /** Writes a time (epoch ms) in RFC 3339; null for {@link Event#NO_TIME}. */
  void time(long timeMs) {
    text(timeMs == Event.NO_TIME ? null : Rfc3339.format(timeMs));
  }

  void whole(long number) {
    separate(MOST_DIGITS);
    end = NumberOutput.outputLong(number, bytes, end);
  }

  /** Writes a number; null if not finite, as JSON has no infinity and many readers refuse 1e999. */
  void number(double value) {
    if (!Double.isFinite(value)) {
      nothing();
    } else if (value == Math.rint(value) && Math.abs(value) <= MAX_WHOLE) {
      whole((long) value);
    } else {
      String digits = NumberOutput.toString(value, true);
      separate(digits.length());
      for (int i = 0; i < digits.length(); i++) {
        bytes[end++] = (byte) digits.charAt(i);
      }
    }
  }

  void truth(boolean value) {
    word(value ? TRUE : FALSE);
  }

  void nothing() {
    word(NULL);
  }

  private void word(byte[] word) {
    separate(word.length);
    append(word);
  }

  /** Makes room for {@code length} bytes and writes a comma if a value precedes them. */
  private void separate(int length) {
    makeRoom(length + 1);
    if (isBehindValue) {
      bytes[end++] = ',';
    }
    isBehindValue = true;
  }

  private void append(byte[] more) {
    System.arraycopy(more, 0, bytes, end, more.length);
    end += more.length;
  }

  private void makeRoom(int length) {
    if (bytes.length - end < length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, end + length));
    }
  }
}
