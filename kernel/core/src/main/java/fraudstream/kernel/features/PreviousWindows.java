package fraudstream.kernel.features;

import java.util.List;

/** Seconds from the latest other transaction in the window to the one at hand. */
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

  /** The newest row up to the edge that isn't the one at hand. */
  static int latestOther(WindowView view, int near) {
    int latest = view.row(near) - 1;
    return latest == view.row() ? latest - 1 : latest;
  }
}
