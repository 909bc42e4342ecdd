package fraudstream.kernel.features;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Window features of an entity that are computed in one pass over its history. */
interface WindowFeatures {
  /** Computes the features of the view's transaction and writes them to the feature vector. */
  void evaluate(WindowView view, double[] features);

  /** All window features of an entity, grouped into passes. */
  static WindowFeatures[] of(List<WindowSpec> specs, HistorySchema schema, WindowView view) {
    List<WindowFeatures> all = new ArrayList<>();
    Map<List<Object>, List<WindowSpec>> passes = new LinkedHashMap<>();
    specs.stream()
        .sorted(Comparator.comparingLong(spec -> spec.windowMs))
        .forEach(spec -> passes.computeIfAbsent(pass(spec), key -> new ArrayList<>()).add(spec));
    // Panes cache results per window, so each window gets a unique number.
    int windows = 0;
    for (List<WindowSpec> pass : passes.values()) {
      all.add(of(pass, schema, view, windows));
      windows += pass.size();
    }
    return all.toArray(new WindowFeatures[0]);
  }

  /** The grouping key: windows with equal keys are computed in one pass. */
  private static List<Object> pass(WindowSpec spec) {
    switch (spec.statistic) {
      case DISTINCT:
      case OCCURRENCES:
        return List.of(spec.statistic, spec.columns.get(0).id, spec.delayMs);
      case COUNT:
      case SECONDS_SINCE_PREVIOUS:
      case FRAUD_RATE:
        return List.of(spec.statistic);
      case SPEED_KMH:
      case LAST_N:
        return List.of(spec);
      default:
        return List.of("moments", spec.columns.get(0).id, spec.delayMs);
    }
  }

  private static WindowFeatures of(
      List<WindowSpec> pass, HistorySchema schema, WindowView view, int windows) {
    WindowSpec first = pass.get(0);
    switch (first.statistic) {
      case DISTINCT:
        return new DistinctWindows(pass, schema, view, windows);
      case OCCURRENCES:
        return new OccurrenceWindows(pass, schema, view);
      case COUNT:
        return new CountWindows(pass, view);
      case SECONDS_SINCE_PREVIOUS:
        return new PreviousWindows(pass, view);
      case FRAUD_RATE:
        return new FraudRateWindows(pass, view);
      case SPEED_KMH:
        return new SpeedWindow(first, schema, view);
      case LAST_N:
        return new LastWindow(first, schema, view);
      default:
        return new MomentsWindows(pass, schema, view, windows);
    }
  }

  /** The slot of a window's column, which must be numeric. */
  static int numberSlot(WindowSpec spec, int column, HistorySchema schema) {
    if (spec.columns.get(column).isText) {
      throw new IllegalArgumentException(spec.statistic + " takes a column of numbers, not text");
    }
    return schema.slot(spec.columns.get(column).id);
  }

  /** The far edge of each window. */
  static int[] farEdges(List<WindowSpec> specs, WindowView view) {
    return specs.stream().mapToInt(spec -> view.edge(spec.reachMs())).toArray();
  }

  /** The position of each window's value in the feature vector. */
  static int[] offsets(List<WindowSpec> specs) {
    return specs.stream().mapToInt(spec -> spec.offset).toArray();
  }
}
