package fraudstream.kernel.features;

import java.util.Arrays;
import java.util.List;

/**
 * DISTINCT: the number of different values of one column, in windows of the same delay. Exact over
 * rows; an estimate ({@link HyperLogLog}) for a window that reaches into the panes.
 */
final class DistinctWindows implements WindowFeatures {
  private final int slot;
  private final long nullWord;
  private final int of;
  private final int near;
  private final int[] far;
  private final int[] offsets;
  private final int windows;
  private final boolean isDelayed;
  private final LongMap.Scratch seen = new LongMap.Scratch();

  /** Takes windows in ascending order of length, numbered from {@code windows} on. */
  DistinctWindows(List<WindowSpec> specs, HistorySchema schema, WindowView view, int windows) {
    slot = schema.slot(specs.get(0).columns.get(0).id);
    nullWord = schema.nullWord(slot);
    of = Arrays.binarySearch(schema.sketchSlots, slot);
    near = view.edge(specs.get(0).delayMs);
    far = WindowFeatures.farEdges(specs, view);
    offsets = WindowFeatures.offsets(specs);
    this.windows = windows;
    isDelayed = specs.get(0).delayMs > 0;
  }

  @Override
  public void evaluate(WindowView view, double[] features) {
    HistoryIndex index = view.index();
    if (index == null) {
      scan(view, features);
    } else {
      ValueIndex values = index.values(view.history(), slot);
      for (int window = 0; window < far.length; window++) {
        features[offsets[window]] = values.distinct(view.row(far[window]), view.row(near));
      }
    }
    for (int window = 0; window < far.length; window++) {
      if (view.pane(far[window]) < view.pane(near)) {
        features[offsets[window]] = estimate(view, window);
      }
    }
  }

  private void scan(WindowView view, double[] features) {
    History history = view.history();
    long[] words = history.words();
    int stride = history.schema().stride;
    seen.clear();
    int at = history.at(view.row(near), slot);
    for (int window = 0; window < far.length; window++) {
      int from = history.at(view.row(far[window]), slot);
      while (at > from) {
        at -= stride;
        if (words[at] != nullWord) {
          seen.add(words[at]);
        }
      }
      features[offsets[window]] = seen.size();
    }
  }

  private double estimate(WindowView view, int window) {
    History history = view.history();
    Panes panes = history.panes();
    int from = view.pane(far[window]);
    int to = view.pane(near);
    if (!isDelayed && to == panes.count()) {
      return panes
          .sketch(windows + window, slot, of, view.limits().lagRows)
          .estimate(history, from, view.row(near));
    }
    HyperLogLog sketch = panes.ranges().sketch(windows + window, of, from, to);
    if (view.row(far[window]) < view.row(near)) {
      sketch = sketch.copy();
      Pane.addWords(history, view.row(far[window]), view.row(near), slot, sketch);
    }
    return sketch.estimate();
  }
}
