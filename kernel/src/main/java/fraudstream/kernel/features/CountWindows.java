package fraudstream.kernel.features;

import java.util.List;

/** How many transactions windows have. */
final class CountWindows implements WindowFeatures {
  private final int[] far;
  private final int[] near;
  private final int[] offsets;

  CountWindows(List<WindowSpec> specs, WindowView view) {
    far = WindowFeatures.farEdges(specs, view);
    near = WindowFeatures.nearEdges(specs, view);
    offsets = WindowFeatures.offsets(specs);
  }

  @Override
  public void evaluate(WindowView view, double[] features) {
    for (int window = 0; window < far.length; window++) {
      features[offsets[window]] = transactions(view, far[window], near[window]);
    }
  }

  static long transactions(WindowView view, int far, int near) {
    int rows = view.row(near) - view.row(far);
    Panes panes = view.history().panes();
    return panes == null
        ? rows
        : rows + panes.ranges().transactions(view.pane(far), view.pane(near));
  }
}
