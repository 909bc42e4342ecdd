package fraudstream.kernel.features;

import java.util.Arrays;
import java.util.function.IntToLongFunction;

/**
 * A number for each row, its key, for counting the rows of a range whose key is at most a bound.
 *
 * <p>Each block has the keys of its rows, and each group has them in ascending order as well: a
 * whole group is counted by a binary search. Of the two groups at the ends of a range the keys are
 * scanned that are in the range, or those that are not if they are fewer.
 */
final class RowKeys {
  /** The approximate memory use: a key in a block and one in its group, which may be half full. */
  static final int WORDS_PER_ROW = 3;

  private final RowOrder order;
  private final int column;
  private final Work work;

  /**
   * @param column the number of these keys in {@link RowBlock#columns}
   * @param ofSlot the key of the row at a slot
   */
  RowKeys(RowOrder order, int column, IntToLongFunction ofSlot, Work work) {
    this.order = order;
    this.column = column;
    this.work = work;
    for (int at = 0; at < order.groupCount(); at++) {
      RowGroup group = order.group(at);
      for (int block = 0; block < group.count; block++) {
        RowBlock rows = group.blocks[block];
        for (int place = 0; place < rows.count; place++) {
          rows.set(column, place, ofSlot.applyAsLong(rows.slots[place]));
        }
      }
      group.sortedKeys[column] = group.sorted(column);
      work.add(group.rows);
    }
  }

  /** Sets the key of a row that was just inserted into the order. */
  void insert(RowGroup group, RowBlock block, int offset, long key) {
    block.set(column, offset, key);
    int others = group.rows - 1;
    long[] sorted = group.sortedKeys[column];
    if (sorted == null) {
      sorted = new long[order.blockRows()];
    } else if (others == sorted.length) {
      sorted = Arrays.copyOf(sorted, 2 * others);
    }
    group.sortedKeys[column] = sorted;
    int at = countUpTo(sorted, others, key);
    System.arraycopy(sorted, at, sorted, at + 1, others - at);
    sorted[at] = key;
    work.addWords(others - at);
  }

  /** Changes the key of a row. */
  void change(RowGroup group, RowBlock block, int offset, long key) {
    long before = block.columns[column][offset];
    if (key == before) {
      return;
    }
    block.set(column, offset, key);
    long[] sorted = group.sortedKeys[column];
    int from = countUpTo(sorted, group.rows, before) - 1;
    int to = countUpTo(sorted, group.rows, key);
    if (from < to) {
      to--;
      System.arraycopy(sorted, from + 1, sorted, from, to - from);
    } else {
      System.arraycopy(sorted, to, sorted, to + 1, from - to);
    }
    sorted[to] = key;
    work.addWords(Math.abs(to - from));
  }

  /** The number of rows in [from, to) whose key is at most {@code bound}. */
  int count(int from, int to, long bound) {
    int found = 0;
    for (int at = from < to ? order.groupOf(from) : order.groupCount();
        at < order.groupCount() && order.firstRow(at) < to;
        at++) {
      RowGroup group = order.group(at);
      int low = Math.max(from - order.firstRow(at), 0);
      int high = Math.min(to - order.firstRow(at), group.rows);
      work.add(1);
      found +=
          2 * (high - low) < group.rows
              ? scan(group, low, high, bound)
              : countUpTo(group.sortedKeys[column], group.rows, bound)
                  - scan(group, 0, low, bound)
                  - scan(group, high, group.rows, bound);
    }
    return found;
  }

  private int scan(RowGroup group, int low, int high, long bound) {
    int found = 0;
    int at = low < high ? group.blockOf(low) : group.count;
    for (; at < group.count && group.starts[at] < high; at++) {
      RowBlock block = group.blocks[at];
      int from = Math.max(low - group.starts[at], 0);
      int to = Math.min(high - group.starts[at], block.count);
      work.add(1);
      if (block.greatest[column] <= bound) {
        found += to - from;
      } else if (block.least[column] <= bound) {
        work.addWords(to - from);
        found += countUpTo(block.columns[column], from, to, bound);
      }
    }
    return found;
  }

  private static int countUpTo(long[] keys, int from, int to, long bound) {
    int found = 0;
    for (int at = from; at < to; at++) {
      found += keys[at] <= bound ? 1 : 0;
    }
    return found;
  }

  private static int countUpTo(long[] sorted, int count, long bound) {
    if (count == 0 || sorted[0] > bound) {
      return 0;
    }
    int low = 0;
    int high = count - 1;
    if (sorted[high] <= bound) {
      return count;
    }
    // sorted[low] <= bound < sorted[high]
    while (low + 1 < high) {
      int middle = low + high >>> 1;
      if (sorted[middle] <= bound) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return high;
  }
}
