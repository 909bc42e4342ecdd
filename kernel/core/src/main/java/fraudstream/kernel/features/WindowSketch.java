package fraudstream.kernel.features;

/**
 * The estimated number of distinct values in a window that ends with the newest row and reaches
 * into the panes, updated from one transaction to the next.
 *
 * <p>New rows and late transactions are added to the sketch. Condensing rows or merging panes
 * inside the window does not change it, so it is rebuilt only when the far edge of the window
 * passes another pane.
 */
final class WindowSketch {
  private static final double NOT_MADE = -1;

  private final int slot;
  private final int of;
  private HyperLogLog sketch;

  /** The last event time of the pane before the window; Long.MIN_VALUE without one. */
  private long beforeMs;

  private double estimate;

  /** @param of the index of {@code slot} in {@link HistorySchema#sketchSlots} */
  WindowSketch(int slot, int of) {
    this.slot = slot;
    this.of = of;
  }

  /** Called after panes were evicted. */
  void forget() {
    sketch = null;
  }

  /** Called after a row is inserted. */
  void add(History history, int row) {
    if (sketch != null) {
      add(history.word(row, slot), history.schema());
    }
  }

  /** Called after a row of another history was added to a pane that ends at {@code lastMs}. */
  void addLate(History history, int row, long lastMs) {
    if (sketch != null && lastMs > beforeMs) {
      add(history.word(row, slot), history.schema());
    }
  }

  private void add(long word, HistorySchema schema) {
    if (word != schema.nullWord(slot) && sketch.add(word)) {
      estimate = NOT_MADE;
    }
  }

  /** The estimate over all rows and all panes from {@code fromPane} on. */
  double estimate(History history, HistoryIndex index, int fromPane) {
    PaneRanges ranges = history.panes().ranges();
    long lastBeforeMs = fromPane == 0 ? Long.MIN_VALUE : ranges.lastMs(fromPane - 1);
    if (sketch == null || lastBeforeMs != beforeMs) {
      sketch = new HyperLogLog();
      ranges.addTo(sketch, of, fromPane, history.panes().count());
      addRows(sketch, history, index, slot, of, history.end());
      beforeMs = lastBeforeMs;
      estimate = NOT_MADE;
    }
    estimate = estimate == NOT_MADE ? sketch.estimate() : estimate;
    return estimate;
  }

  /** Adds all rows before {@code to} to a sketch. */
  static void addRows(
      HyperLogLog sketch, History history, HistoryIndex index, int slot, int of, int to) {
    if (index == null) {
      Pane.addWords(history, history.first(), to, slot, sketch);
    } else {
      index.addWordsBefore(sketch, history, of, to);
    }
  }
}
