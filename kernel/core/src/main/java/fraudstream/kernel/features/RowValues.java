package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * An index of one word of the rows of a {@link RowOrder} that links each row to the others with the
 * same value.
 *
 * <p>The rows of each value are a tree ({@link RowTrees}), in which occurrences are counted. The
 * number of distinct values in a window is the number of its rows whose previous row with the same
 * value is before the window ({@link RowKeys}).
 */
final class RowValues {
  /** The approximate memory use: a node, and a place in a map if each value is different. */
  static final int WORDS_PER_ROW = 5;

  /** The time of the previous row, for a row that is the first with its value. */
  private static final long NO_ROW = Long.MIN_VALUE;

  /** The same for a row with a null value, which is never counted. */
  private static final long NO_VALUE = Long.MAX_VALUE;

  private final RowOrder order;
  private final int word;
  private final long nullWord;
  private final int column;
  private final Work work;
  private final LongMap roots = new LongMap();
  private final RowTrees trees;

  /** The event time of each row's previous row with the same value; null until it is needed. */
  private RowKeys previousMs;

  /**
   * @param word the offset of the value in a row
   * @param nullWord the value that stands for none
   * @param column the number of the index's {@link RowKeys} in {@link RowBlock#columns}
   */
  RowValues(History history, RowOrder order, int word, long nullWord, int column, Work work) {
    this.order = order;
    this.word = word;
    this.nullWord = nullWord;
    this.column = column;
    this.work = work;
    trees = new RowTrees(order, work);
    order.forEach(history.first(), history.end(), slot -> add(history, slot));
  }

  /** Adds a row to the tree of its value; returns whether it has one. */
  private boolean add(History history, int slot) {
    long value = history.wordOfSlot(slot, word);
    if (value == nullWord) {
      return false;
    }
    int root = roots.get(value);
    int newRoot = trees.insert(root, slot);
    if (newRoot != root) {
      roots.put(value, newRoot);
    }
    return true;
  }

  /** Adds a row that was just inserted into the order. */
  void insert(History history, int slot, RowGroup group, RowBlock block, int offset) {
    boolean hasValue = add(history, slot);
    if (previousMs == null) {
      return;
    }
    previousMs.insert(group, block, offset, hasValue ? timeMs(trees.before()) : NO_VALUE);
    if (hasValue && trees.after() != RowTrees.NONE) {
      order.seekSlot(trees.after());
      previousMs.change(order.group(), order.block(), order.offset(), timeMs(slot));
    }
  }

  private long timeMs(int slot) {
    return slot == RowTrees.NONE ? NO_ROW : order.timeMsOfSlot(slot);
  }

  /** See {@link HistoryIndex#distinct}. */
  int distinct(History history, int from, int to) {
    if (from == to) {
      return 0;
    }
    if (previousMs == null) {
      previousMs = previousMs(history);
    }
    return previousMs.count(from, to, history.timeMs(from) - 1);
  }

  private RowKeys previousMs(History history) {
    long[] ofSlots = new long[history.end()];
    LongMap latest = new LongMap();
    Arrays.fill(ofSlots, NO_VALUE);
    order.forEach(
        history.first(),
        history.end(),
        slot -> {
          long value = history.wordOfSlot(slot, word);
          if (value != nullWord) {
            ofSlots[slot] = timeMs(latest.get(value));
            latest.put(value, slot);
          }
        });
    return new RowKeys(order, column, slot -> ofSlots[slot], work);
  }

  /** The number of rows in [from, to) with that value. */
  int occurrences(History history, long value, int from, int to) {
    int root = roots.get(value);
    if (root == RowTrees.NONE || from == to) {
      return 0;
    }
    int upTo = to == history.end() ? trees.count(root) : trees.countBefore(root, order.slot(to));
    return upTo - trees.countBefore(root, order.slot(from));
  }

  /** Whether any row of the history has that value. */
  boolean contains(History history, long value) {
    return slot(history, value, Long.MAX_VALUE) != RowTrees.NONE;
  }

  /** The last row of a time with that value; -1 if there is none. */
  int find(History history, long timeMs, long value) {
    int slot = slot(history, value, timeMs);
    return slot == RowTrees.NONE || order.timeMsOfSlot(slot) != timeMs ? -1 : order.seekSlot(slot);
  }

  /** The slot of the history's last row up to a time with that value. */
  private int slot(History history, long value, long timeMs) {
    int slot = trees.lastUpTo(roots.get(value), timeMs, Integer.MAX_VALUE);
    boolean isGone =
        slot == RowTrees.NONE
            || history.count() == 0
            || order.isBefore(slot, order.slot(history.first()));
    return isGone ? RowTrees.NONE : slot;
  }
}
