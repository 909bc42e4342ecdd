package fraudstream.kernel.features;

import java.util.Arrays;

/** Consecutive blocks of rows, with the results derived from them. */
final class RowGroup {
  /** The first {@link #count} elements are in use. */
  final RowBlock[] blocks;

  /** For each block, the number of rows of the group that come before it. */
  final int[] starts;

  /** For each block, the event time of its first row. */
  final long[] firstsMs;

  int count;

  /** The number of rows in all blocks. */
  int rows;

  /** The moments of all rows; see {@link RowMoments}. */
  double[] moments;

  /** For each sketch slot, the sketch of all rows; see {@link RowSketches}. */
  HyperLogLog[] sketches;

  /** For each block and sketch slot, the sketch of the rows in the blocks before it. */
  HyperLogLog[][] sketchesBefore;

  /** For columns that are {@link RowKeys}, the words of all rows in ascending order; else null. */
  final long[][] sortedKeys;

  RowGroup(int capacity, int columnCount) {
    blocks = new RowBlock[capacity];
    starts = new int[capacity];
    firstsMs = new long[capacity];
    sortedKeys = new long[columnCount][];
  }

  RowBlock last() {
    return blocks[count - 1];
  }

  boolean isFull() {
    return count == blocks.length;
  }

  /** The number of the last block that starts at or before a row of the group. */
  int blockOf(int row) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
      int middle = low + high + 1 >>> 1;
      if (starts[middle] <= row) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  void append(RowBlock block, long firstMs) {
    starts[count] = rows;
    firstsMs[count] = firstMs;
    blocks[count++] = block;
  }

  /** Puts a row into block number {@code at}. */
  void open(int at, int offset, int slot, long timeMs) {
    blocks[at].open(offset, slot);
    if (offset == 0) {
      firstsMs[at] = timeMs;
    }
    rows++;
    for (int later = at + 1; later < count; later++) {
      starts[later]++;
    }
  }

  /** Splits block number {@code at}; there must be room for one more. */
  void splitBlock(int at, RowOrder order) {
    System.arraycopy(blocks, at + 1, blocks, at + 2, count - at - 1);
    System.arraycopy(starts, at + 1, starts, at + 2, count - at - 1);
    System.arraycopy(firstsMs, at + 1, firstsMs, at + 2, count - at - 1);
    blocks[at + 1] = blocks[at].split();
    firstsMs[at + 1] = order.timeMsOfSlot(blocks[at + 1].slots[0]);
    starts[at + 1] = starts[at] + blocks[at].count;
    count++;
    sketchesBefore = null;
  }

  /** Moves the upper half of the blocks into a new group. */
  RowGroup split() {
    RowGroup upper = new RowGroup(blocks.length, sortedKeys.length);
    int kept = count / 2;
    for (int at = kept; at < count; at++) {
      upper.append(blocks[at], firstsMs[at]);
      upper.rows += blocks[at].count;
    }
    Arrays.fill(blocks, kept, count, null);
    count = kept;
    rows -= upper.rows;
    moments = null;
    sketches = null;
    sketchesBefore = null;
    for (int column = 0; column < sortedKeys.length; column++) {
      if (sortedKeys[column] != null) {
        sortedKeys[column] = sorted(column);
        upper.sortedKeys[column] = upper.sorted(column);
      }
    }
    return upper;
  }

  /** The words of a column of all rows in ascending order. */
  long[] sorted(int column) {
    long[] all = new long[rows];
    for (int at = 0; at < count; at++) {
      System.arraycopy(blocks[at].columns[column], 0, all, starts[at], blocks[at].count);
    }
    Arrays.sort(all);
    return all;
  }
}
