package fraudstream.kernel.features;

import java.util.List;

/** SECONDS_SINCE_PREVIOUS: seconds from the latest other transaction in the window; else NaN. */
final class PreviousWindows extends EachWindow {
  static final double MS_PER_SECOND = 1000.0;

  PreviousWindows(List<WindowSpec> specs, WindowView view) {
    super(specs, view);
  }

  @Override
  double value(WindowView view, int far, int near) {
    History history = view.history();
    long timeMs = view.event().timeMs;
    int previous = latestOther(view, near);
    if (previous >= view.row(far)) {
      return (timeMs - history.timeMs(previous)) / MS_PER_SECOND;
    }
    if (view.pane(near) > view.pane(far)) {
      return (timeMs - history.panes().ranges().lastMs(view.pane(near) - 1)) / MS_PER_SECOND;
    }
    return Double.NaN;
  }

  /** The newest row before the near edge, except the current transaction's own. */
  static int latestOther(WindowView view, int near) {
    int latest = view.row(near) - 1;
    return latest == view.row() ? latest - 1 : latest;
  }
}
