package fraudstream.kernel.features;

import java.util.List;

/** OCCURRENCES: the number of rows with the current value, in windows of the same delay. */
final class OccurrenceWindows implements WindowFeatures {
  private final int slot;
  private final int place;
  private final boolean isText;
  private final long nullWord;
  private final int near;
  private final int[] far;
  private final int[] offsets;

  /** Takes windows in ascending order of length. */
  OccurrenceWindows(List<WindowSpec> specs, HistorySchema schema, WindowView view) {
    WindowColumn column = specs.get(0).columns.get(0);
    slot = schema.slot(column.id);
    place = column.place;
    isText = column.isText;
    nullWord = schema.nullWord(slot);
    near = view.edge(specs.get(0).delayMs);
    far = WindowFeatures.farEdges(specs, view);
    offsets = WindowFeatures.offsets(specs);
  }

  @Override
  public void evaluate(WindowView view, double[] features) {
    long word = view.event().words[place];
    long own = isText ? word : HistorySchema.canonical(word);
    HistoryIndex index = view.index();
    if (own == nullWord) {
      for (int offset : offsets) {
        features[offset] = Double.NaN;
      }
    } else if (index == null) {
      scan(view, own, features);
    } else {
      for (int window = 0; window < far.length; window++) {
        int from = view.row(far[window]);
        features[offsets[window]] =
            index.occurrences(view.history(), slot, own, from, view.row(near));
      }
    }
  }

  private void scan(WindowView view, long own, double[] features) {
    History history = view.history();
    long[] words = history.words();
    int stride = history.schema().stride;
    int found = 0;
    int at = history.at(view.row(near), slot);
    for (int window = 0; window < far.length; window++) {
      int from = history.at(view.row(far[window]), slot);
      while (at > from) {
        at -= stride;
        found += words[at] == own ? 1 : 0;
      }
      features[offsets[window]] = found;
    }
  }
}
