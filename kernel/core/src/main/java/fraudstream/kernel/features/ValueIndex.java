package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * Where the values of one slot occur: for each row, the one before it with the same value.
 *
 * <p>A window that ends with the newest row has as many different values as rows that are the last
 * of their value, and those are marked by a bit each. If it ends earlier, values that begin behind
 * its end are taken off; or, in a short one, the rows are counted that are the first of their value
 * in it. Occurrences are counted along the chain of one value, which
 * is shortened by a second link per row (Myers, "An applicative random-access stack", 1983): a
 * logarithmic number of steps.
 *
 * <p>Rows are added and taken away at the end only; eviction changes nothing.
 */
final class ValueIndex {
  private static final int NONE = -1;

  /** In place of an earlier row, of a row without value: lies in no window, and before none. */
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
   * Takes the rows from there on away, which the history still has in their places, and which are
   * added again behind the one that is inserted there. So none before it is the latest meanwhile.
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

  /** How many different values rows {@code from} to before {@code to} have. */
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

  /** Rows {@code low} to before {@code high} whose value has none from {@code from} on before. */
  private int firsts(int low, int high, int from) {
    int found = 0;
    for (int row = low; row < high; row++) {
      found += earlier[row] < from ? 1 : 0;
    }
    return found;
  }

  /** How many of rows {@code from} to before {@code to} have that value. */
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
