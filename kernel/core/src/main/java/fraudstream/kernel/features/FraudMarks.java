package fraudstream.kernel.features;

import java.util.Arrays;

/** A bitmap of the rows labelled as frauds. Few are, so counting them reads few rows. */
final class FraudMarks {
  private final Work work;
  private long[] marks = {};
  private int end;

  FraudMarks(Work work) {
    this.work = work;
  }

  void catchUp(History history) {
    if (marks.length * Long.SIZE < history.end()) {
      marks = Arrays.copyOf(marks, history.capacity() / Long.SIZE + 1);
    }
    work.add(history.end() - end);
    for (; end < history.end(); end++) {
      mark(end, history.label(end));
    }
  }

  void forgetFrom(int row) {
    end = Math.min(end, row);
  }

  /** Sets the bit of a row for its label; {@link HistorySchema#NO_FRAUD} clears it. */
  void mark(int row, long label) {
    if (row < marks.length * Long.SIZE) {
      long bit = 1L << row;
      int at = row / Long.SIZE;
      marks[at] = label == HistorySchema.NO_FRAUD ? marks[at] & ~bit : marks[at] | bit;
    }
  }

  /** The number of rows in [from, to) that were known to be frauds at {@code timeMs}. */
  int known(History history, int from, int to, long timeMs) {
    work.addWords((to - from) / Long.SIZE);
    int known = 0;
    for (int at = from / Long.SIZE; at * Long.SIZE < to; at++) {
      work.add(Long.bitCount(marks[at]));
      for (long left = marks[at]; left != 0; left &= left - 1) {
        int row = at * Long.SIZE + Long.numberOfTrailingZeros(left);
        known += row >= from && row < to && history.label(row) <= timeMs ? 1 : 0;
      }
    }
    return known;
  }

  /** Computes the same as {@link #known} by scanning the rows. */
  static int scan(History history, int from, int to, long timeMs) {
    int known = 0;
    for (int row = from; row < to; row++) {
      known += history.label(row) <= timeMs ? 1 : 0;
    }
    return known;
  }
}
