package fraudstream.kernel.features;

import fraudstream.kernel.record.Event;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/** The edges of all windows in a history, as seen from one transaction. */
final class WindowView {
  private final Limits limits;

  /** The distance of each edge from the transaction's event time; distinct, ascending. */
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

  /** Finds the edges for a transaction, whose row must be the last one of its event time. */
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

  /** The first row before {@code end} that is later than {@code timeMs}; else {@code end}. */
  private int rowAfter(long timeMs, int end) {
    if (!history.isSorted()) {
      return history.rowAfter(timeMs);
    }
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

  /** Drops the references to the history and the event, so that they can be freed. */
  void close() {
    history = null;
    event = null;
  }

  /** The index of the edge {@code backMs} before the transaction. */
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

  /** The index of the history; null if its rows are few and in order, so that it can be scanned. */
  HistoryIndex index() {
    boolean isShort = history.count() <= limits.scannedRows && history.isSorted();
    return isShort ? null : history.index(limits);
  }
}
