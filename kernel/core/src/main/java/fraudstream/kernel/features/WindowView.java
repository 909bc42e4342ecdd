package fraudstream.kernel.features;

import fraudstream.kernel.record.Event;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** What one transaction sees of its history: where the edges of all windows lie in it. */
final class WindowView {
  private final Limits limits;

  /** How far back from the transaction each edge lies; ascending, each one once. */
  private final long[] edgesMs;

  private final int[] rows;
  private final int[] panes;
  private History history;
  private Event event;
  private int row;

  WindowView(List<WindowSpec> specs, Limits limits) {
    this.limits = limits;
    edgesMs =
        specs.stream()
            .flatMapToLong(spec -> LongStream.of(spec.delayMs, spec.reachMs()))
            .sorted()
            .distinct()
            .toArray();
    rows = new int[edgesMs.length];
    panes = new int[edgesMs.length];
  }

  /** Looks from a transaction, which is in that row: the last one of its time. */
  void look(History from, int atRow, Event at) {
    history = from;
    row = atRow;
    event = at;
    int end = atRow + 1;
    for (int edge = 0; edge < edgesMs.length; edge++) {
      end = edgesMs[edge] == 0 ? end : rowAfter(at.timeMs - edgesMs[edge], end);
      rows[edge] = end;
    }
    if (from.panes() != null) {
      for (int edge = 0; edge < edgesMs.length; edge++) {
        panes[edge] = from.panes().ranges().countUpTo(at.timeMs - edgesMs[edge]);
      }
    }
  }

  /** The row behind the last one up to that time, among those before {@code end}. */
  private int rowAfter(long timeMs, int end) {
    int first = history.first();
    if (end == first || history.timeMs(first) > timeMs) {
      return first;
    }
    int high = end;
    int step = 1;
    while (high - step > first && history.timeMs(high - step) > timeMs) {
      high -= step;
      step *= 2;
    }
    int low = Math.max(first, high - step) + 1;
    while (low < high) {
      int middle = low + high >>> 1;
      if (history.timeMs(middle) <= timeMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** Lets go of the history, which may not outlive its turn in memory. */
  void close() {
    history = null;
    event = null;
  }

  /** The edge that many ms back. */
  int edge(long backMs) {
    return Arrays.binarySearch(edgesMs, backMs);
  }

  History history() {
    return history;
  }

  Event event() {
    return event;
  }

  /** The transaction's row. */
  int row() {
    return row;
  }

  /** The first row that is newer than the edge. */
  int row(int edge) {
    return rows[edge];
  }

  /** The first pane whose last transaction is newer than the edge. */
  int pane(int edge) {
    return history.panes() == null ? 0 : panes[edge];
  }

  Limits limits() {
    return limits;
  }

  /** What helps with long histories; null if there's no need. */
  HistoryIndex index() {
    return history.count() > limits.scannedRows ? history.index(limits) : null;
  }
}
