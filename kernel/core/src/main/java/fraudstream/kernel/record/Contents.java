package fraudstream.kernel.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes the canonical bytes of a transaction's fields: equal for records that say the same,
 * whatever the order of their fields, the form of their numbers and the offset of their times. Not
 * thread-safe.
 *
 * <p>First the ids of account and transaction, each as its length (2 bytes) and its UTF-8, which
 * keeps ("ab", "c") apart from ("a", "bc"). Then the event time (epoch ms), and for each other field
 * that is not null, in the order of {@link Column}: its place there (byte), and the bits of the
 * number (8 bytes), or length and UTF-8 of the text. All numbers are big-endian. A column added at
 * the end leaves the bytes of records without it as they are, because saved state has their hashes.
 * Metadata are no part of them: a copy of a transaction is one after its customer's metadata changed.
 */
final class Contents {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final Column[] COLUMNS = Column.OF_RECORDS.toArray(Column[]::new);
  private static final int LENGTH_BYTES = Short.BYTES;
  private static final int FIRST_BYTES = 1_024;

  /** The greatest number of bytes that a character of a text takes in UTF-8. */
  private static final int CHARACTER_BYTES = 3;

  private byte[] buffer = new byte[FIRST_BYTES];
  private int end;

  /** The bytes of a transaction, given its values by {@link Column}. */
  byte[] of(String[] texts, double[] numbers, long timeMs) {
    end = 0;
    putIds(texts[Column.ACCOUNT_ID.ordinal()], texts[Column.TRANSACTION_ID.ordinal()]);
    put(timeMs);
    for (int place = 0; place < COLUMNS.length; place++) {
      if (texts[place] != null && !isOfTheIdentity(place)) {
        buffer[end++] = (byte) place;
        put(texts[place]);
      } else if (!Double.isNaN(numbers[place])) {
        buffer[end++] = (byte) place;
        put(Double.doubleToRawLongBits(numbers[place]));
      }
    }
    return Arrays.copyOf(buffer, end);
  }

  /** The bytes of a label, which says nothing else of its transaction. */
  byte[] ofIds(String accountId, String transactionId) {
    end = 0;
    putIds(accountId, transactionId);
    return Arrays.copyOf(buffer, end);
  }

  private void putIds(String accountId, String transactionId) {
    put(accountId);
    put(transactionId);
  }

  private static boolean isOfTheIdentity(int place) {
    return place == Column.ACCOUNT_ID.ordinal() || place == Column.TRANSACTION_ID.ordinal();
  }

  private void put(long word) {
    WORD.set(buffer, end, word);
    end += Long.BYTES;
    makeRoom(0);
  }

  private void put(String text) {
    makeRoom(text.length());
    int from = end + LENGTH_BYTES;
    int to = from;
    for (int i = 0; i < text.length(); i++) {
      char unit = text.charAt(i);
      if (unit > 0x7f) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(utf8, 0, buffer, from, utf8.length);
        to = from + utf8.length;
        break;
      }
      buffer[to++] = (byte) unit;
    }
    buffer[end] = (byte) (to - from >> Byte.SIZE);
    buffer[end + 1] = (byte) (to - from);
    end = to;
    makeRoom(0);
  }

  /** Makes room for a text of so many characters, and the head of the next field. */
  private void makeRoom(int characters) {
    int length = CHARACTER_BYTES * characters + LENGTH_BYTES + Byte.BYTES + Long.BYTES;
    if (buffer.length - end < length) {
      buffer = Arrays.copyOf(buffer, 2 * buffer.length + length);
    }
  }

  // ---- reading ----

  /** Takes the bytes [from, to) of one text. */
  interface TextConsumer {
    void text(int place, int from, int to);
  }

  /** The end of the ids. */
  static int endOfIds(byte[] contents) {
    int accountEnd = endOfText(contents, 0);
    return endOfText(contents, accountEnd);
  }

  /** Passes each text to {@code consumer}, by its column's place. */
  static void forEachText(byte[] contents, TextConsumer consumer) {
    int accountEnd = endOfText(contents, 0);
    int idsEnd = endOfText(contents, accountEnd);
    consumer.text(Column.ACCOUNT_ID.ordinal(), LENGTH_BYTES, accountEnd);
    consumer.text(Column.TRANSACTION_ID.ordinal(), accountEnd + LENGTH_BYTES, idsEnd);
    int at = idsEnd + Long.BYTES;
    while (at < contents.length) {
      int place = contents[at++];
      if (COLUMNS[place].kind == Column.Kind.TEXT) {
        int textEnd = endOfText(contents, at);
        consumer.text(place, at + LENGTH_BYTES, textEnd);
        at = textEnd;
      } else {
        at += Long.BYTES;
      }
    }
  }

  private static int endOfText(byte[] contents, int at) {
    int length = (contents[at] & 0xff) << Byte.SIZE | contents[at + 1] & 0xff;
    return at + LENGTH_BYTES + length;
  }
}
