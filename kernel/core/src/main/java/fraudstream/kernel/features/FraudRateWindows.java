package fraudstream.kernel.features;

import java.util.List;

/** FRAUD_RATE: the share of a window's transactions known as frauds at the current event time. */
final class FraudRateWindows extends EachWindow {
  FraudRateWindows(List<WindowSpec> specs, WindowView view) {
    super(specs, view);
  }

  @Override
  double value(WindowView view, int far, int near) {
    long all = CountWindows.transactions(view, far, near);
    double known = known(view, far, near);
    return all == 0 ? Double.NaN : known / all;
  }

  private static long known(WindowView view, int far, int near) {
    History history = view.history();
    long timeMs = view.event().timeMs;
    HistoryIndex index = view.index();
    long known =
        index == null
            ? FraudMarks.scan(history, view.row(far), view.row(near), timeMs)
            : index.knownFrauds(history, view.row(far), view.row(near), timeMs);
    return view.pane(far) == view.pane(near)
        ? known
        : known + history.panes().ranges().knownFrauds(view.pane(far), view.pane(near), timeMs);
  }
}
