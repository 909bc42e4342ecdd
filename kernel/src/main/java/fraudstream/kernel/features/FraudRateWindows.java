package fraudstream.kernel.features;

import java.util.List;

/** The share of a window's transactions that were known as frauds by the one at hand's time. */
final class FraudRateWindows implements WindowFeatures {
  private final int[] far;
  private final int[] near;
  private final int[] offsets;

  FraudRateWindows(List<WindowSpec> specs, WindowView view) {
    far = WindowFeatures.farEdges(specs, view);
    near = WindowFeatures.nearEdges(specs, view);
    offsets = WindowFeatures.offsets(specs);
  }

  @Override
  public void evaluate(WindowView view, double[] features) {
    for (int window = 0; window < far.length; window++) {
      long all = CountWindows.transactions(view, far[window], near[window]);
      double known = known(view, far[window], near[window]);
      features[offsets[window]] = all == 0 ? Double.NaN : known / all;
    }
  }

  private static long known(WindowView view, int far, int near) {
    History history = view.history();
    long timeMs = view.event().timeMs;
    HistoryIndex index = view.index();
    long known =
        index == null
            ? FraudMarks.scan(history, view.row(far), view.row(near), timeMs)
            : index.frauds(history).known(history, view.row(far), view.row(near), timeMs);
    return view.pane(far) == view.pane(near)
        ? known
        : known + history.panes().ranges().knownFrauds(view.pane(far), view.pane(near), timeMs);
  }
}
