package fraudstream.kernel.features;

import java.util.List;

/** COUNT: the number of transactions in a window. */
final class CountWindows extends EachWindow {
  CountWindows(List<WindowSpec> specs, WindowView view) {
    super(specs, view);
  }

  @Override
  double value(WindowView view, int far, int near) {
    return transactions(view, far, near);
  }

  static long transactions(WindowView view, int far, int near) {
    int rows = view.row(near) - view.row(far);
    Panes panes = view.history().panes();
    return panes == null
        ? rows
        : rows + panes.ranges().transactions(view.pane(far), view.pane(near));
  }
}
