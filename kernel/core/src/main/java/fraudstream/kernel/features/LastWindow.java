package fraudstream.kernel.features;

import java.util.Arrays;

/** LAST_N: the newest n rows of a window as amounts, gaps to the next older row, other values. */
final class LastWindow implements WindowFeatures {
  private final int amountSlot;
  private final int otherSlot;
  private final int far;
  private final int near;
  private final int n;
  private final int offset;

  LastWindow(WindowSpec spec, HistorySchema schema, WindowView view) {
    amountSlot = WindowFeatures.numberSlot(spec, 0, schema);
    otherSlot = WindowFeatures.numberSlot(spec, 1, schema);
    far = view.edge(spec.reachMs());
    near = view.edge(spec.delayMs);
    n = spec.n;
    offset = spec.offset;
  }

  @Override
  public void evaluate(WindowView view, double[] features) {
    History history = view.history();
    Arrays.fill(features, offset, offset + 3 * n, Double.NaN);
    int oldest = view.row(far);
    int row = view.row(near) - 1;
    for (int at = offset; at < offset + n && row >= oldest; at++) {
      features[at] = Double.longBitsToDouble(history.word(row, amountSlot));
      features[at + 2 * n] = Double.longBitsToDouble(history.word(row, otherSlot));
      if (row > oldest) {
        features[at + n] =
            (history.timeMs(row) - history.timeMs(row - 1)) / PreviousWindows.MS_PER_SECOND;
      }
      row--;
    }
  }
}
