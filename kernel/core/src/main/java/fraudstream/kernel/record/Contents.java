package fraudstream.kernel.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The canonical bytes of a transaction's fields: equal for records that say the same, whatever the
 * order of their fields, the form of their numbers and the offset of their times.
 *
 * <p>For each field that is not null, in the order of {@link Column}: its place there (byte), and
 * the time (epoch ms) or the bits of the number (8 bytes), or the length (2 bytes) and the UTF-8 of
 * the text; big-endian. A column added at the end leaves the bytes of records without it as they
 * are, because saved state has their hashes.
 */
final class Contents {
  private static final Column[] COLUMNS = Column.values();
  private static final int TEXT_HEAD_BYTES = Byte.BYTES + Short.BYTES;
  private static final int NUMBER_BYTES = Byte.BYTES + Long.BYTES;

  private Contents() {}

  static byte[] of(Fields fields) {
    byte[][] texts = new byte[COLUMNS.length][];
    int length = 0;
    for (int place = 0; place < COLUMNS.length; place++) {
      Column column = COLUMNS[place];
      if (fields.isNull(column)) {
        continue;
      }
      if (column.kind == Column.Kind.TEXT) {
        texts[place] = fields.text(column).getBytes(StandardCharsets.UTF_8);
        length += TEXT_HEAD_BYTES + texts[place].length;
      } else {
        length += NUMBER_BYTES;
      }
    }
    return written(fields, texts, ByteBuffer.allocate(length));
  }

  private static byte[] written(Fields fields, byte[][] texts, ByteBuffer contents) {
    for (int place = 0; place < COLUMNS.length; place++) {
      Column column = COLUMNS[place];
      if (texts[place] != null) {
        contents.put((byte) place).putShort((short) texts[place].length).put(texts[place]);
      } else if (!fields.isNull(column)) {
        contents.put((byte) place).putLong(bits(fields, column));
      }
    }
    return contents.array();
  }

  private static long bits(Fields fields, Column column) {
    return column.kind == Column.Kind.TIME
        ? fields.timeMs
        : Double.doubleToRawLongBits(fields.number(column));
  }

  /** Takes the bytes [from, to) of one text. */
  interface TextConsumer {
    void text(int place, int from, int to);
  }

  /** Passes each text to {@code consumer}, by its column's place. */
  static void forEachText(byte[] contents, TextConsumer consumer) {
    int at = 0;
    while (at < contents.length) {
      int place = contents[at];
      if (COLUMNS[place].kind == Column.Kind.TEXT) {
        int length = (contents[at + 1] & 0xff) << Byte.SIZE | contents[at + 2] & 0xff;
        at += TEXT_HEAD_BYTES;
        consumer.text(place, at, at + length);
        at += length;
      } else {
        at += NUMBER_BYTES;
      }
    }
  }
}
