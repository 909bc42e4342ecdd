package fraudstream.kernel.features;

/** Consecutive rows of a long history in their order, with the results derived from them. */
final class RowBlock {
  /** The slots of the rows; the first {@link #count} elements are in use. */
  final int[] slots;

  /** Words derived from the rows, in the order of the slots; null where there are none. */
  final long[][] columns;

  /** For columns that are {@link RowKeys}, bounds of the words. */
  final long[] least;

  final long[] greatest;

  int count;

  /** The moments of all rows; see {@link RowMoments}. */
  double[] moments;

  /** For each sketch slot, the sketch of all rows; see {@link RowSketches}. */
  HyperLogLog[] sketches;

  RowBlock(int capacity, int columnCount) {
    slots = new int[capacity];
    columns = new long[columnCount][];
    least = new long[columnCount];
    greatest = new long[columnCount];
  }

  boolean isFull() {
    return count == slots.length;
  }

  /** Makes room for a row at {@code offset}, whose words in the columns are then undefined. */
  void open(int offset, int slot) {
    int moved = count - offset;
    System.arraycopy(slots, offset, slots, offset + 1, moved);
    for (long[] column : columns) {
      if (column != null) {
        System.arraycopy(column, offset, column, offset + 1, moved);
      }
    }
    slots[offset] = slot;
    count++;
  }

  /** The words of a column, which is made if need be. */
  long[] column(int at) {
    if (columns[at] == null) {
      columns[at] = new long[slots.length];
      least[at] = Long.MAX_VALUE;
      greatest[at] = Long.MIN_VALUE;
    }
    return columns[at];
  }

  /** Sets a word of a column that has bounds. */
  void set(int column, int offset, long word) {
    column(column)[offset] = word;
    least[column] = Math.min(least[column], word);
    greatest[column] = Math.max(greatest[column], word);
  }

  /** Moves the upper half of the rows into a new block. */
  RowBlock split() {
    RowBlock upper = new RowBlock(slots.length, columns.length);
    int kept = count / 2;
    upper.count = count - kept;
    System.arraycopy(slots, kept, upper.slots, 0, upper.count);
    for (int at = 0; at < columns.length; at++) {
      if (columns[at] != null) {
        System.arraycopy(columns[at], kept, upper.column(at), 0, upper.count);
        upper.least[at] = least[at];
        upper.greatest[at] = greatest[at];
      }
    }
    count = kept;
    moments = null;
    sketches = null;
    return upper;
  }
}
