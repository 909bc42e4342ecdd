package fraudstream.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The transactions of one entity, ordered by event time, packed into one array of bytes.
 *
 * <p>Layout, version 1, big-endian: one byte of version, three of zero, the number of events (int),
 * the set of columns (long, bit = {@link Column#ordinal()}), then the events. An event is its time
 * (epoch ms), the hash of its transaction_id, and eight bytes for each column in the order of the
 * set: a number as double (NaN if null), a text as {@link Hash64} (0 if null). Of events with the
 * same time, the one that arrived first comes first. Bytes past the last event mean nothing.
 *
 * <p>The layout is saved state: {@code HistoryTest} holds golden bytes of every version.
 */
final class History {
  static final byte VERSION = 1;
  static final int HEADER_BYTES = 16;
  private static final int FIXED_WORDS = 2;
  private static final int FIRST_CAPACITY = 4;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

  private final long columns;
  private final int eventBytes;
  private byte[] bytes;
  private int count;

  private History(long columns, byte[] bytes, int count) {
    this.columns = columns;
    this.eventBytes = eventBytes(columns);
    this.bytes = bytes;
    this.count = count;
  }

  /** A history without events that keeps {@code columns}. */
  static History empty(long columns) {
    byte[] bytes = new byte[HEADER_BYTES + FIRST_CAPACITY * eventBytes(columns)];
    bytes[0] = VERSION;
    LONG.set(bytes, 8, columns);
    return new History(columns, bytes, 0);
  }

  /**
   * The history in {@code bytes}, which it takes over; an empty array is an empty history.
   *
   * <p>Bytes that were written with other columns are carried over: a column that is new holds null
   * in the old events, one that is gone is dropped.
   */
  static History of(byte[] bytes, long columns) {
    if (bytes.length == 0) {
      return empty(columns);
    }
    if (bytes[0] != VERSION) {
      throw new IllegalStateException(
          "saved state has layout version "
              + bytes[0]
              + "; this release reads version "
              + VERSION
              + ": start from the release that wrote it, or without its state");
    }
    long saved = (long) LONG.get(bytes, 8);
    History history = new History(saved, bytes, (int) INT.get(bytes, 4));
    return saved == columns ? history : history.withColumns(columns);
  }

  private static int eventBytes(long columns) {
    return Long.BYTES * (FIXED_WORDS + Long.bitCount(columns));
  }

  private History withColumns(long wanted) {
    History result = empty(wanted);
    for (int event = 0; event < count; event++) {
      int at = result.makeRoom(event);
      LONG.set(result.bytes, at, timeMs(event));
      LONG.set(result.bytes, at + Long.BYTES, idHash(event));
      for (Column column : Column.values()) {
        if ((wanted >> column.ordinal() & 1) == 1) {
          boolean kept = (columns >> column.ordinal() & 1) == 1;
          long word = kept ? word(event, slot(column)) : nullWord(column);
          result.set(event, result.slot(column), word);
        }
      }
    }
    return result;
  }

  static long nullWord(Column column) {
    return column.kind == Column.Kind.TEXT ? 0 : Double.doubleToLongBits(Double.NaN);
  }

  /** The array to save; it is this history's own, not a copy. */
  byte[] bytes() {
    return bytes;
  }

  int count() {
    return count;
  }

  long timeMs(int event) {
    return (long) LONG.get(bytes, HEADER_BYTES + event * eventBytes);
  }

  private long idHash(int event) {
    return (long) LONG.get(bytes, HEADER_BYTES + event * eventBytes + Long.BYTES);
  }

  /** Where a column's words are within an event; only for a column of this history. */
  int slot(Column column) {
    return Long.bitCount(columns & ((1L << column.ordinal()) - 1));
  }

  long word(int event, int slot) {
    return (long) LONG.get(bytes, wordAt(event, slot));
  }

  double number(int event, int slot) {
    return Double.longBitsToDouble(word(event, slot));
  }

  void set(int event, int slot, long word) {
    LONG.set(bytes, wordAt(event, slot), word);
  }

  private int wordAt(int event, int slot) {
    return HEADER_BYTES + event * eventBytes + (FIXED_WORDS + slot) * Long.BYTES;
  }

  /** The number of events with a time of {@code timeMs} or before. */
  int countUpTo(long timeMs) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (timeMs(middle) <= timeMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  boolean contains(long idHash) {
    for (int event = count - 1; event >= 0; event--) {
      if (idHash(event) == idHash) {
        return true;
      }
    }
    return false;
  }

  /** Puts an event in its place by time, behind those of the same time; returns its index. */
  int insert(long timeMs, long idHash) {
    int event = countUpTo(timeMs);
    int at = makeRoom(event);
    LONG.set(bytes, at, timeMs);
    LONG.set(bytes, at + Long.BYTES, idHash);
    return event;
  }

  private int makeRoom(int event) {
    int end = HEADER_BYTES + count * eventBytes;
    if (end + eventBytes > bytes.length) {
      bytes = Arrays.copyOf(bytes, HEADER_BYTES + 2 * count * eventBytes);
    }
    int at = HEADER_BYTES + event * eventBytes;
    System.arraycopy(bytes, at, bytes, at + eventBytes, end - at);
    setCount(count + 1);
    return at;
  }

  /** Forgets the events with a time of {@code timeMs} or before. */
  void evictUpTo(long timeMs) {
    int gone = countUpTo(timeMs);
    if (gone == 0) {
      return;
    }
    int kept = (count - gone) * eventBytes;
    System.arraycopy(bytes, HEADER_BYTES + gone * eventBytes, bytes, HEADER_BYTES, kept);
    setCount(count - gone);
    int roomy = HEADER_BYTES + 4 * Math.max(kept, FIRST_CAPACITY * eventBytes);
    if (bytes.length > roomy) {
      bytes = Arrays.copyOf(bytes, HEADER_BYTES + 2 * Math.max(kept, FIRST_CAPACITY * eventBytes));
    }
  }

  private void setCount(int newCount) {
    count = newCount;
    INT.set(bytes, 4, newCount);
  }
}
