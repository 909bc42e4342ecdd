package fraudstream.kernel.features;

import fraudstream.kernel.record.Event;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * The condensed part of a history, oldest pane first. No row of the history is older than a pane.
 *
 * <p>A pane counts in a window as a whole if its last transaction is in the window. At each window
 * edge among the panes, a count is therefore off by at most the transactions of one pane: too high
 * at the far edge, too low at the near edge (of a delayed window, or for a late event). When a pane
 * is created or merged, it has at most 1/64 as many transactions as are newer than it. Late
 * transactions are added to the pane of their time and can exceed that share.
 */
final class Panes {
  private final HistorySchema schema;
  private final Moments scratch = new Moments();
  private final Work work = new Work();
  private Pane[] panes;
  private int count;
  private PaneRanges ranges;
  private WindowSketch[] sketches = {};

  Panes(HistorySchema schema) {
    this(schema, new Pane[4], 0);
  }

  private Panes(HistorySchema schema, Pane[] panes, int count) {
    this.schema = schema;
    this.panes = panes;
    this.count = count;
  }

  int count() {
    return count;
  }

  Pane pane(int at) {
    return panes[at];
  }

  /** The event time of the newest condensed transaction. */
  long lastMs() {
    return panes[count - 1].lastMs();
  }

  Work work() {
    return work;
  }

  /** Sums over ranges of panes. */
  PaneRanges ranges() {
    if (ranges == null) {
      ranges = new PaneRanges(this, schema, work);
    }
    return ranges;
  }

  /** The sketch of window number {@code at}, a DISTINCT that reaches into the panes. */
  WindowSketch sketch(int at, int slot, int of) {
    if (at >= sketches.length) {
      sketches = Arrays.copyOf(sketches, at + 1);
    }
    if (sketches[at] == null) {
      sketches[at] = new WindowSketch(slot, of);
    }
    return sketches[at];
  }

  /** Called after a row is inserted: adds it to the sketches of windows. */
  void inserted(History history, int row) {
    for (WindowSketch sketch : sketches) {
      if (sketch != null) {
        sketch.add(history, row);
      }
    }
  }

  /**
   * Condenses the oldest rows, [from, to) of a sorted history, into a new pane; then merges
   * neighbouring panes that together have at most 1/{@code share} of the transactions newer than
   * they are.
   *
   * @param newerRows the number of rows that stay
   */
  void append(History history, int from, int to, int newerRows, int share) {
    Pane pane = new Pane(schema);
    pane.add(history, from, to, scratch);
    if (count == panes.length) {
      panes = Arrays.copyOf(panes, 2 * count);
    }
    panes[count++] = pane;
    merge(newerRows, share);
    ranges = null;
  }

  private void merge(long rows, int share) {
    long newer = rows + transactions();
    int kept = 0;
    for (int at = 0; at < count; at++) {
      Pane pane = panes[at];
      newer -= pane.count();
      if (kept > 0 && panes[kept - 1].count() + pane.count() <= newer / share) {
        panes[kept - 1].merge(pane, scratch);
      } else {
        panes[kept++] = pane;
      }
    }
    truncate(kept);
  }

  private void truncate(int kept) {
    Arrays.fill(panes, kept, count, null);
    count = kept;
  }

  /** Adds a row of another history, older than the newest pane, to the pane of its time. */
  void addLate(History history, int row) {
    int at = paneOf(history.timeMs(row));
    panes[at].add(history, row, row + 1, scratch);
    changed(at);
    for (WindowSketch sketch : sketches) {
      if (sketch != null) {
        sketch.addLate(history, row, panes[at].lastMs());
      }
    }
  }

  /** Counts a fraud in the pane of {@code timeMs}, which is not later than the newest pane. */
  void addFraud(long timeMs, long knownMs) {
    int at = paneOf(timeMs);
    if (panes[at].frauds() < panes[at].count()) {
      panes[at].addFraud(knownMs);
      changed(at);
    }
  }

  private void changed(int at) {
    if (ranges != null) {
      ranges.changed(at);
    }
  }

  private int paneOf(long timeMs) {
    return countUpTo(timeMs - 1);
  }

  /** The number of panes whose last transaction is at or before {@code timeMs}. */
  int countUpTo(long timeMs) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = low + high >>> 1;
      if (panes[middle].lastMs() <= timeMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The number of condensed transactions. */
  long transactions() {
    long sum = 0;
    for (int at = 0; at < count; at++) {
      sum += panes[at].count();
    }
    return sum;
  }

  /** Evicts panes; returns the last event time of the evicted ones, or {@link Event#NO_TIME}. */
  long evictUpTo(long timeMs) {
    if (count == 0 || panes[0].lastMs() > timeMs) {
      return Event.NO_TIME;
    }
    int gone = countUpTo(timeMs);
    long evictedMs = panes[gone - 1].lastMs();
    System.arraycopy(panes, gone, panes, 0, count - gone);
    truncate(count - gone);
    ranges = null;
    for (WindowSketch sketch : sketches) {
      if (sketch != null) {
        sketch.forget();
      }
    }
    return evictedMs;
  }

  Panes copy() {
    Pane[] copies = new Pane[count];
    for (int at = 0; at < count; at++) {
      copies[at] = panes[at].copy();
    }
    return new Panes(schema, copies, count);
  }

  Panes convertedTo(HistorySchema wanted, int[] slots) {
    Pane[] converted = new Pane[count];
    for (int at = 0; at < count; at++) {
      converted[at] = panes[at].convertedTo(schema, wanted, slots);
    }
    return new Panes(wanted, converted, count);
  }

  void write(DataOutput target) throws IOException {
    target.writeInt(count);
    for (int at = 0; at < count; at++) {
      panes[at].write(target);
    }
  }

  static Panes read(DataInput source, HistorySchema schema) throws IOException {
    Pane[] panes = new Pane[source.readInt()];
    for (int at = 0; at < panes.length; at++) {
      panes[at] = Pane.read(source, schema);
    }
    return new Panes(schema, panes, panes.length);
  }
}
