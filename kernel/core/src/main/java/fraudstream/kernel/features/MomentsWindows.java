package fraudstream.kernel.features;

import java.util.Arrays;
import java.util.List;

/**
 * SUM, MEAN, MIN, MAX, STD, RATIO_TO_MEAN and Z_SCORE of one column, in windows of the same delay.
 *
 * <p>Computed in one pass backwards from the near edge: each window continues from the result of
 * the previous window, which is not longer.
 */
final class MomentsWindows implements WindowFeatures {
  private final WindowSpec.Statistic[] statistics;
  private final int slot;
  private final int place;
  private final int of;
  private final int near;
  private final int[] far;
  private final int[] offsets;
  private final int windows;
  private final Moments rows = new Moments();
  private final Moments all = new Moments();

  /** Takes windows in ascending order of length, numbered from {@code windows} on. */
  MomentsWindows(List<WindowSpec> specs, HistorySchema schema, WindowView view, int windows) {
    slot = WindowFeatures.numberSlot(specs.get(0), 0, schema);
    place = specs.get(0).columns.get(0).place;
    of = Arrays.binarySearch(schema.momentSlots, slot);
    near = view.edge(specs.get(0).delayMs);
    far = WindowFeatures.farEdges(specs, view);
    offsets = WindowFeatures.offsets(specs);
    statistics = specs.stream().map(spec -> spec.statistic).toArray(WindowSpec.Statistic[]::new);
    this.windows = windows;
  }

  @Override
  public void evaluate(WindowView view, double[] features) {
    HistoryIndex index = view.index();
    double own = Double.longBitsToDouble(view.event().words[place]);
    rows.clear();
    int end = view.row(near);
    Moments moments = rows;
    for (int window = 0; window < far.length; window++) {
      // Often several statistics are of the same window.
      if (window == 0 || far[window] != far[window - 1]) {
        int from = view.row(far[window]);
        if (from < end) {
          add(view.history(), index, from, end);
          end = from;
        }
        moments = withPanes(view, window);
      }
      features[offsets[window]] = value(statistics[window], moments, own);
    }
  }

  private void add(History history, HistoryIndex index, int from, int end) {
    if (index != null) {
      index.addMoments(rows, history, of, from, end);
      return;
    }
    int stride = history.schema().stride;
    int at = history.at(from, slot);
    rows.add(history.words(), at, at + (end - from) * stride, stride);
  }

  private Moments withPanes(WindowView view, int window) {
    int from = view.pane(far[window]);
    int to = view.pane(near);
    if (from == to) {
      return rows;
    }
    all.set(rows);
    all.merge(view.history().panes().ranges().moments(windows + window, of, from, to));
    return all;
  }

  private static double value(WindowSpec.Statistic statistic, Moments moments, double own) {
    switch (statistic) {
      case SUM:
        return moments.sum();
      case MEAN:
        return moments.mean();
      case MIN:
        return moments.min();
      case MAX:
        return moments.max();
      case STD:
        return moments.std();
      case RATIO_TO_MEAN:
        return moments.ratioToMean(own);
      case Z_SCORE:
        return moments.zScore(own);
      default:
        throw new IllegalArgumentException(statistic + " is not a statistic of moments");
    }
  }
}
