package fraudstream.kernel.features;

/**
 * Estimates the different values in a window that reaches into the panes, from one transaction to
 * the next.
 *
 * <p>New rows are added. Condensing or merging what is in the window changes nothing; so it has to
 * be made anew only when the window's far edge passes the next pane. For a transaction that isn't
 * the newest there is a second sketch, which lags behind by some rows: these are then added to a
 * copy, up to the transaction.
 */
final class WindowSketch {
  private static final double NOT_MADE = -1;

  private final int slot;
  private final int of;

  /** The lag is half of this to all of it; rows are condensed behind it. */
  private final int mostLagRows;

  private HyperLogLog newest;
  private HyperLogLog lagging;

  /** The lagging one has all up to this time, and this many rows less than there are. */
  private long laggingMs;

  private int lagRows;

  private long beforeMs;
  private double estimate;

  /** Of a slot, which is the {@code of}th that panes have sketches of. */
  WindowSketch(int slot, int of, int mostLagRows) {
    this.slot = slot;
    this.of = of;
    this.mostLagRows = mostLagRows;
  }

  void forget() {
    newest = null;
  }

  /** A row was inserted. */
  void add(History history, int row) {
    if (newest == null) {
      return;
    }
    long word = history.word(row, slot);
    boolean isNull = word == history.schema().nullWord(slot);
    if (!isNull && newest.add(word)) {
      estimate = NOT_MADE;
    }
    if (history.timeMs(row) > laggingMs) {
      lagRows++;
    } else if (!isNull) {
      lagging.add(word);
    }
    if (lagRows > mostLagRows) {
      catchUp(history, history.end() - lagRows);
    }
  }

  /** Of all panes from {@code fromPane} on, and all rows to before {@code to}. */
  double estimate(History history, int fromPane, int to) {
    long lastBeforeMs =
        fromPane == 0 ? Long.MIN_VALUE : history.panes().ranges().lastMs(fromPane - 1);
    if (newest == null || lastBeforeMs != beforeMs) {
      make(history, fromPane);
      beforeMs = lastBeforeMs;
    }
    if (to == history.end()) {
      estimate = estimate == NOT_MADE ? newest.estimate() : estimate;
      return estimate;
    }
    return upTo(history, fromPane, to).estimate();
  }

  private void make(History history, int fromPane) {
    lagging = history.panes().united(of, fromPane, history.panes().count());
    laggingMs = Long.MIN_VALUE;
    catchUp(history, history.first());
    newest = lagging.copy();
    Pane.addWords(history, history.end() - lagRows, history.end(), slot, newest);
    estimate = NOT_MADE;
  }

  /** Adds rows from {@code from} on to the lagging sketch. */
  private void catchUp(History history, int from) {
    int lagEnd = from;
    if (history.end() - from > mostLagRows / 2) {
      laggingMs = history.timeMs(history.end() - mostLagRows / 2 - 1);
      lagEnd = history.rowAfter(laggingMs);
      Pane.addWords(history, from, lagEnd, slot, lagging);
    }
    lagRows = history.end() - lagEnd;
  }

  private HyperLogLog upTo(History history, int fromPane, int to) {
    int lagEnd = history.end() - lagRows;
    boolean isAhead = to >= lagEnd;
    HyperLogLog sketch =
        isAhead
            ? lagging.copy()
            : history.panes().united(of, fromPane, history.panes().count());
    Pane.addWords(history, isAhead ? lagEnd : history.first(), to, slot, sketch);
    return sketch;
  }
}
