package fraudstream.kernel.features;

/**
 * The estimated number of distinct values in a window that reaches into the panes, updated from one
 * transaction to the next.
 *
 * <p>New rows are added to the sketch. Condensing rows or merging panes inside the window does not
 * change it, so it is rebuilt only when the far edge of the window passes another pane. For a
 * transaction that is not the newest, a second sketch lags some rows behind: the missing rows up to
 * the transaction are added to a copy of it.
 */
final class WindowSketch {
  private static final double NOT_MADE = -1;

  private final int slot;
  private final int of;

  /** The lag is between half of this and all of it. Only rows older than the lag are condensed. */
  private final int mostLagRows;

  private HyperLogLog newest;
  private HyperLogLog lagging;

  /** The lagging sketch includes everything up to this event time. */
  private long laggingMs;

  /** The number of newest rows that the lagging sketch does not include. */
  private int lagRows;

  /** The last event time of the pane before the window; Long.MIN_VALUE without one. */
  private long beforeMs;
  private double estimate;

  /** @param of the index of {@code slot} in {@link HistorySchema#sketchSlots} */
  WindowSketch(int slot, int of, int mostLagRows) {
    this.slot = slot;
    this.of = of;
    this.mostLagRows = mostLagRows;
  }

  void forget() {
    newest = null;
  }

  /** Called after a row is inserted. */
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

  /** The estimate over all panes from {@code fromPane} on and all rows before {@code to}. */
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

  /** Adds rows from {@code from} on to the lagging sketch, except for the newest. */
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
