package fraudstream.kernel.json;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.core.io.NumberOutput;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Rfc3339;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes JSON, one value after the other, into a buffer that may be used again.
 *
 * <p>For the records that every transaction has, of which most is names and numbers: with Jackson's
 * generator they were half of the work of the step that writes them. Quoting and digits are
 * Jackson's. For use by one thread.
 */
final class JsonLine {
  /** Doubles up to here hold every whole number, so one may be written without a fraction. */
  private static final double MAX_WHOLE = 1L << 53;

  private static final int FIRST_BYTES = 4_096;
  private static final int MOST_DIGITS = 24;
  private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] FALSE = "false".getBytes(StandardCharsets.US_ASCII);

  private byte[] bytes = new byte[FIRST_BYTES];
  private int end;
  private boolean isBehindValue;

  /** A name as it's written, colon included; made once. */
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

  /** A name made by {@link #name}; its value comes next. */
  void field(byte[] name) {
    word(name);
    isBehindValue = false;
  }

  /** A text, or null. */
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

  /** A text, given as what stands between the quotes. */
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

  /** RFC 3339; null for {@link Event#NO_TIME}. */
  void time(long timeMs) {
    text(timeMs == Event.NO_TIME ? null : Rfc3339.format(timeMs));
  }

  void whole(long number) {
    separate(MOST_DIGITS);
    end = NumberOutput.outputLong(number, bytes, end);
  }

  /** JSON has no infinity, and many readers refuse 1e999: null stands for what is not finite. */
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

  /** Makes room for so many bytes, and sets them apart from a value before them. */
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
