package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * An index of one slot that links each row to the previous row with the same value.
 *
 * <p>The number of distinct values in a window that ends with the newest row is the number of its
 * rows that are the last with their value; a bitmap marks these. If the window ends earlier, the
 * values that first occur after its end are subtracted. For a window shorter than the rows after
 * it, the rows that are the first with their value in the window are counted instead.
 *
 * <p>Occurrences are counted along the chain of one value. A second, longer link per row lets that
 * take a logarithmic number of steps (Myers, "An applicative random-access stack", 1983).
 *
 * <p>Rows are added and removed only at the end; eviction needs no update.
 */
final class ValueIndex {
  private static final int NONE = -1;

  /** The previous row of a row with a null value: larger than any row, so it is never counted. */
  private static final int NO_VALUE = Integer.MAX_VALUE;

  private final int slot;
  private final LongMap latest = new LongMap();
  private int[] earlier = {};
  private int[] farEarlier = {};
  private int[] rank = {};
  private long[] isLatest = {};
  private int end;

  ValueIndex(int slot) {
    this.slot = slot;
  }

  void catchUp(History history) {
    if (earlier.length < history.end()) {
      int capacity = history.capacity();
      earlier = Arrays.copyOf(earlier, capacity);
      farEarlier = Arrays.copyOf(farEarlier, capacity);
      rank = Arrays.copyOf(rank, capacity);
      isLatest = Arrays.copyOf(isLatest, capacity / Long.SIZE + 1);
    }
    long nullWord = history.schema().nullWord(slot);
    for (; end < history.end(); end++) {
      long word = history.word(end, slot);
      if (word == nullWord) {
        earlier[end] = NO_VALUE;
      } else {
        add(end, word);
      }
    }
  }

  private void add(int row, long word) {
    int before = latest.get(word);
    latest.put(word, row);
    earlier[row] = before;
    isLatest[row / Long.SIZE] |= 1L << row;
    if (before == NONE) {
      farEarlier[row] = row;
      rank[row] = 0;
      return;
    }
    isLatest[before / Long.SIZE] &= ~(1L << before);
    rank[row] = rank[before] + 1;
    int far = farEarlier[before];
    boolean evenSteps = rank[before] - rank[far] == rank[far] - rank[farEarlier[far]];
    farEarlier[row] = evenSteps ? farEarlier[far] : before;
  }

  /**
   * Removes the rows from {@code row} on. Call it before a row is inserted there, while the history
   * still has the rows at these indexes; {@link #catchUp} adds them again. Until then, earlier rows
   * that become the last with their value again are not marked as such.
   */
  void forgetFrom(History history, int row) {
    while (end > row) {
      end--;
      int before = earlier[end];
      if (before == NO_VALUE) {
        continue;
      }
      latest.put(history.word(end, slot), before);
      isLatest[end / Long.SIZE] &= ~(1L << end);
    }
  }

  /** The number of distinct values in rows [from, to). */
  int distinct(int from, int to) {
    if (from == to) {
      return 0;
    }
    return to - from < end - to
        ? firsts(from, to, from)
        : latestFrom(from) - firsts(to, end, from);
  }

  private int latestFrom(int from) {
    int at = from / Long.SIZE;
    int found = from < end ? Long.bitCount(isLatest[at] & -1L << from) : 0;
    for (at++; at <= (end - 1) / Long.SIZE; at++) {
      found += Long.bitCount(isLatest[at]);
    }
    return found;
  }

  /** The number of rows in [low, high) whose previous equal row is before {@code from}. */
  private int firsts(int low, int high, int from) {
    int found = 0;
    for (int row = low; row < high; row++) {
      found += earlier[row] < from ? 1 : 0;
    }
    return found;
  }

  /** The number of rows in [from, to) with that value. */
  int occurrences(long word, int from, int to) {
    int row = latest.get(word);
    while (row >= to) {
      int far = farEarlier[row];
      row = far >= to && far < row ? far : earlier[row];
    }
    if (row < from) {
      return 0;
    }
    int last = row;
    while (earlier[row] >= from) {
      row = farEarlier[row] >= from ? farEarlier[row] : earlier[row];
    }
    return rank[last] - rank[row] + 1;
  }
}
