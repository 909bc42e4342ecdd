package fraudstream.kernel.features;

import java.util.Arrays;

/** Sums over ranges of panes; made anew when panes are appended, merged or evicted. */
final class PaneRanges {
  private static final long NO_RANGE = -1;

  private final Panes panes;
  private final PaneBlocks blocks;
  private final long[] lastsMs;
  private final long[] countsBefore;
  private final long[] fraudsBefore;
  private final long[] knownMs;
  private long latestKnownMs = Long.MIN_VALUE;
  private final Work work;
  private Moments[] moments = {};
  private long[] ranges = {};

  PaneRanges(Panes panes, HistorySchema schema, Work work) {
    this.panes = panes;
    this.work = work;
    blocks = new PaneBlocks(panes, schema, work);
    int count = panes.count();
    lastsMs = new long[count];
    countsBefore = new long[count + 1];
    fraudsBefore = new long[count + 1];
    knownMs = new long[count];
    work.add(count);
    for (int at = 0; at < count; at++) {
      Pane pane = panes.pane(at);
      lastsMs[at] = pane.lastMs();
      countsBefore[at + 1] = countsBefore[at] + pane.count();
      fraudsBefore[at + 1] = fraudsBefore[at] + pane.frauds();
      knownMs[at] = pane.latestKnownMs();
      latestKnownMs = Math.max(latestKnownMs, pane.latestKnownMs());
    }
  }

  /** Called after a transaction or a fraud was added to a pane. */
  void changed(int pane) {
    Pane now = panes.pane(pane);
    long more = now.count() - transactions(pane, pane + 1);
    long moreFrauds = now.frauds() - (fraudsBefore[pane + 1] - fraudsBefore[pane]);
    for (int at = pane + 1; at < countsBefore.length; at++) {
      countsBefore[at] += more;
      fraudsBefore[at] += moreFrauds;
    }
    work.addWords(2 * (countsBefore.length - pane));
    knownMs[pane] = now.latestKnownMs();
    latestKnownMs = Math.max(latestKnownMs, knownMs[pane]);
    if (more > 0) {
      blocks.changed(pane);
      Arrays.fill(ranges, NO_RANGE);
    }
  }

  /** The number of panes whose last transaction is at or before {@code timeMs}. */
  int countUpTo(long timeMs) {
    int low = 0;
    int high = lastsMs.length;
    while (low < high) {
      int middle = low + high >>> 1;
      if (lastsMs[middle] <= timeMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  long lastMs(int pane) {
    return lastsMs[pane];
  }

  /** The number of transactions in panes [from, to). */
  long transactions(int from, int to) {
    return countsBefore[to] - countsBefore[from];
  }

  /**
   * The number of frauds in panes [from, to) known at {@code timeMs}. A pane with a fraud that was
   * not known yet counts none.
   */
  long knownFrauds(int from, int to, long timeMs) {
    if (latestKnownMs <= timeMs) {
      return fraudsBefore[to] - fraudsBefore[from];
    }
    long known = 0;
    for (int at = from; at < to; at++) {
      known += knownMs[at] <= timeMs ? fraudsBefore[at + 1] - fraudsBefore[at] : 0;
    }
    work.addWords(2 * (to - from));
    return known;
  }

  /**
   * The moments of slot {@code momentSlots[of]} in panes [from, to).
   *
   * @param window a number unique to the window, for which the result is cached until the range
   *     or one of its panes changes
   */
  Moments moments(int window, int of, int from, int to) {
    if (window >= ranges.length) {
      int before = ranges.length;
      moments = Arrays.copyOf(moments, window + 1);
      ranges = Arrays.copyOf(ranges, window + 1);
      Arrays.fill(ranges, before, window + 1, NO_RANGE);
    }
    long range = (long) from << Integer.SIZE | to;
    if (ranges[window] != range) {
      ranges[window] = range;
      moments[window] = new Moments();
      blocks.addTo(moments[window], of, from, to);
    }
    return moments[window];
  }

  /** Adds the sketches of slot {@code sketchSlots[of]} in panes [from, to) to {@code target}. */
  void addTo(HyperLogLog target, int of, int from, int to) {
    blocks.addTo(target, of, from, to);
  }
}
