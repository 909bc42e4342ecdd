package fraudstream.kernel.features;

import java.util.Arrays;

/** Sums over ranges of panes; made anew when a pane changes. */
final class PaneRanges {
  private final Panes panes;
  private final long[] lastsMs;
  private final long[] countsBefore;
  private final long[] fraudsBefore;
  private long latestKnownMs = Long.MIN_VALUE;
  private Moments[] moments = {};
  private HyperLogLog[] sketches = {};
  private long[] ranges = {};

  PaneRanges(Panes panes) {
    this.panes = panes;
    int count = panes.count();
    lastsMs = new long[count];
    countsBefore = new long[count + 1];
    fraudsBefore = new long[count + 1];
    for (int at = 0; at < count; at++) {
      Pane pane = panes.pane(at);
      lastsMs[at] = pane.lastMs();
      countsBefore[at + 1] = countsBefore[at] + pane.count();
      fraudsBefore[at + 1] = fraudsBefore[at] + pane.frauds();
      latestKnownMs = Math.max(latestKnownMs, pane.latestKnownMs());
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
      Pane pane = panes.pane(at);
      known += pane.latestKnownMs() <= timeMs ? pane.frauds() : 0;
    }
    return known;
  }

  /**
   * The moments of slot {@code momentSlots[of]} in panes [from, to).
   *
   * @param window a number unique to the window, for which the result is cached until the range
   *     changes
   */
  Moments moments(int window, int of, int from, int to) {
    if (forgetUnless(window, from, to) || moments[window] == null) {
      moments[window] = new Moments();
      for (int at = from; at < to; at++) {
        panes.pane(at).addTo(moments[window], of);
      }
    }
    return moments[window];
  }

  /** The merged sketches of slot {@code sketchSlots[of]} in panes [from, to), cached likewise. */
  HyperLogLog sketch(int window, int of, int from, int to) {
    if (forgetUnless(window, from, to) || sketches[window] == null) {
      sketches[window] = panes.united(of, from, to);
    }
    return sketches[window];
  }

  /** Sets the range of a window; returns whether it differs from that of the cached results. */
  private boolean forgetUnless(int window, int from, int to) {
    if (window >= ranges.length) {
      moments = Arrays.copyOf(moments, window + 1);
      sketches = Arrays.copyOf(sketches, window + 1);
      ranges = Arrays.copyOf(ranges, window + 1);
    }
    long range = (long) from << Integer.SIZE | to;
    boolean isOther = ranges[window] != range;
    ranges[window] = range;
    return isOther;
  }
}
