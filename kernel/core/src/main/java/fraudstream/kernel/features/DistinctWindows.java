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
      count(index, view, features);
    }
    estimate(view, index, features);
  }

  private void count(HistoryIndex index, WindowView view, double[] features) {
    int counted = -1;
    int distinct = 0;
    for (int window = 0; window < far.length; window++) {
      int from = view.row(far[window]);
      // Windows that are longer than the history have the same rows.
      if (from != counted) {
        distinct = index.distinct(view.history(), slot, from, view.row(near));
        counted = from;
      }
      features[offsets[window]] = distinct;
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

  /** Estimates the windows that reach into the panes. */
  private void estimate(WindowView view, HistoryIndex index, double[] features) {
    History history = view.history();
    Panes panes = history.panes();
    int to = view.pane(near);
    boolean isNewest = !isDelayed && view.row(near) == history.end();
    HyperLogLog sketch = null;
    int sketchedFrom = to;
    for (int window = 0; window < far.length; window++) {
      int from = view.pane(far[window]);
      if (from == to) {
        continue;
      }
      if (isNewest && to == panes.count()) {
        WindowSketch newest = panes.sketch(windows + window, slot, of);
        features[offsets[window]] = newest.estimate(history, index, from);
        continue;
      }
      if (sketch == null) {
        // All of these windows begin before the first row.
        sketch = new HyperLogLog();
        WindowSketch.addRows(sketch, history, index, slot, of, view.row(near));
      }
      // Each window has the panes of the one before it, which is not longer.
      panes.ranges().addTo(sketch, of, from, sketchedFrom);
      sketchedFrom = from;
      features[offsets[window]] = sketch.estimate();
    }
  }
}
