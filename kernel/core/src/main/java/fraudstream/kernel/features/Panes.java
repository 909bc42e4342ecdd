package fraudstream.kernel.features;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * The condensed part of a history, oldest pane first; every row of the history is as new or newer.
 *
 * <p>A pane counts in a window, wholly, if its last transaction lies in it. So at each edge of a
 * window that lies among the panes, what a window counts is off by one pane's transactions at most:
 * too many at the far edge, too few at the near one (of a delayed window, or of a late event). When
 * it is made or merged, a pane has at most 1/64 as many transactions as are newer than it; those
 * that arrive late are added to the pane of their time, and come on top.
 */
final class Panes {
  private final HistorySchema schema;
  private final Moments scratch = new Moments();
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

  /** The time of the newest condensed transaction. */
  long lastMs() {
    return panes[count - 1].lastMs();
  }

  /** Sums over ranges of panes. */
  PaneRanges ranges() {
    if (ranges == null) {
      ranges = new PaneRanges(this);
    }
    return ranges;
  }

  /** What stands for the {@code at}th window with DISTINCT, if it reaches into the panes. */
  WindowSketch sketch(int at, int slot, int of, int mostLagRows) {
    if (at >= sketches.length) {
      sketches = Arrays.copyOf(sketches, at + 1);
    }
    if (sketches[at] == null) {
      sketches[at] = new WindowSketch(slot, of, mostLagRows);
    }
    return sketches[at];
  }

  /** The {@code of}th sketches of panes from {@code from} to before {@code to}, in a new one. */
  HyperLogLog united(int of, int from, int to) {
    HyperLogLog sketch = new HyperLogLog();
    for (int at = from; at < to; at++) {
      sketch.merge(panes[at].sketch(of));
    }
    return sketch;
  }

  /** A row was inserted. */
  void inserted(History history, int row) {
    for (WindowSketch sketch : sketches) {
      if (sketch != null) {
        sketch.add(history, row);
      }
    }
  }

  /**
   * Makes a pane of a history's oldest rows, and merges neighbours that together have at most one
   * {@code share}th of the transactions newer than they are.
   */
  void append(History history, int from, int to, int share) {
    Pane pane = new Pane(schema);
    pane.add(history, from, to, scratch);
    if (count == panes.length) {
      panes = Arrays.copyOf(panes, 2 * count);
    }
    panes[count++] = pane;
    merge(history.end() - to, share);
    ranges = null;
  }

  private void merge(long rows, int share) {
    long newer = rows;
    for (int at = 0; at < count; at++) {
      newer += panes[at].count();
    }
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
    panes[paneOf(history.timeMs(row))].add(history, row, row + 1, scratch);
    changed();
  }

  /** One of its transactions, not newer than the newest pane, became known as a fraud. */
  void addFraud(long timeMs, long knownMs) {
    Pane pane = panes[paneOf(timeMs)];
    if (pane.frauds() < pane.count()) {
      pane.addFraud(knownMs);
    }
    ranges = null;
  }

  private int paneOf(long timeMs) {
    return countUpTo(timeMs - 1);
  }

  /** How many panes have their last transaction at {@code timeMs} or before. */
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

  void evictUpTo(long timeMs) {
    if (count == 0 || panes[0].lastMs() > timeMs) {
      return;
    }
    int gone = countUpTo(timeMs);
    System.arraycopy(panes, gone, panes, 0, count - gone);
    truncate(count - gone);
    changed();
  }

  private void changed() {
    ranges = null;
    for (WindowSketch sketch : sketches) {
      if (sketch != null) {
        sketch.forget();
      }
    }
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
