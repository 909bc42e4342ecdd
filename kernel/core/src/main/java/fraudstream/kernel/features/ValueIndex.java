package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * An index of one word of sorted rows that links each row to the previous row with the same value.
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
  /** The approximate memory use: three links, and a place in a map if each value is different. */
  static final int WORDS_PER_ROW = 5;

  private static final int NONE = -1;

  /** The previous row of a row with a null value: larger than any row, so it is never counted. */
  private static final int NO_VALUE = Integer.MAX_VALUE;

  private final int word;
  private final long nullWord;
  private final Work work;
  private final LongMap latest = new LongMap();
  private int[] earlier = {};
  private int[] farEarlier = {};
  private int[] rank = {};
  private long[] isLatest = {};
  private int end;

  /**
   * @param word the offset of the value in a row
   * @param nullWord the value that stands for none
   */
  ValueIndex(int word, long nullWord, Work work) {
    this.word = word;
    this.nullWord = nullWord;
    this.work = work;
  }

  void catchUp(History history) {
    if (earlier.length < history.end()) {
      int capacity = history.capacity();
      earlier = Arrays.copyOf(earlier, capacity);
      farEarlier = Arrays.copyOf(farEarlier, capacity);
      rank = Arrays.copyOf(rank, capacity);
      isLatest = Arrays.copyOf(isLatest, capacity / Long.SIZE + 1);
    }
    work.add(history.end() - end);
    for (; end < history.end(); end++) {
      long value = history.wordOfSlot(end, word);
      if (value == nullWord) {
        earlier[end] = NO_VALUE;
      } else {
        add(end, value);
      }
    }
  }

  private void add(int row, long value) {
    int before = latest.get(value);
    latest.put(value, row);
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
      latest.put(history.wordOfSlot(end, word), before);
      work.add(1);
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
    work.addWords((end - from) / Long.SIZE);
    int at = from / Long.SIZE;
    int found = from < end ? Long.bitCount(isLatest[at] & -1L << from) : 0;
    for (at++; at <= (end - 1) / Long.SIZE; at++) {
      found += Long.bitCount(isLatest[at]);
    }
    return found;
  }

  /** The number of rows in [low, high) whose previous equal row is before {@code from}. */
  private int firsts(int low, int high, int from) {
    work.addWords(high - low);
    int found = 0;
    for (int row = low; row < high; row++) {
      found += earlier[row] < from ? 1 : 0;
    }
    return found;
  }

  /** The last row with that value; -1 if there never was one. */
  int last(long value) {
    return latest.get(value);
  }

  /** The last row before {@code to} with that value; -1 if there never was one. */
  int lastBefore(long value, int to) {
    int row = latest.get(value);
    while (row >= to) {
      int far = farEarlier[row];
      row = far >= to && far < row ? far : earlier[row];
      work.add(1);
    }
    return row;
  }

  /** The number of rows in [from, to) with that value. */
  int occurrences(long value, int from, int to) {
    int row = lastBefore(value, to);
    if (row < from) {
      return 0;
    }
    int last = row;
    while (earlier[row] >= from) {
      row = farEarlier[row] >= from ? farEarlier[row] : earlier[row];
      work.add(1);
    }
    return rank[last] - rank[row] + 1;
  }
}
