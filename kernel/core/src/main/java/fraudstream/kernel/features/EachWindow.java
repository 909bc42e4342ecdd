package fraudstream.kernel.features;

import java.util.List;

/** Base of statistics that compute each window separately from its edges; delays may differ. */
abstract class EachWindow implements WindowFeatures {
  private final int[] far;
  private final int[] near;
  private final int[] offsets;

  EachWindow(List<WindowSpec> specs, WindowView view) {
    far = WindowFeatures.farEdges(specs, view);
    near = specs.stream().mapToInt(spec -> view.edge(spec.delayMs)).toArray();
    offsets = WindowFeatures.offsets(specs);
  }

  @Override
  public final void evaluate(WindowView view, double[] features) {
    for (int window = 0; window < far.length; window++) {
      features[offsets[window]] = value(view, far[window], near[window]);
    }
  }

  abstract double value(WindowView view, int far, int near);
}
