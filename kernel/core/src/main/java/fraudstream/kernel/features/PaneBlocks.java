package fraudstream.kernel.features;

/**
 * Moments and sketches of blocks of neighbouring panes, each made when it is first needed, so that
 * those of any range of panes are merged from few.
 */
final class PaneBlocks {
  /** There are some hundred panes, so about as many blocks as panes in a block. */
  private static final int PANES = 16;

  private final Panes panes;
  private final HistorySchema schema;
  private final Work work;
  private final Moments scratch = new Moments();
  private double[] moments;
  private boolean[] hasMoments;
  private HyperLogLog[] sketches;

  PaneBlocks(Panes panes, HistorySchema schema, Work work) {
    this.panes = panes;
    this.schema = schema;
    this.work = work;
  }

  private int count() {
    return panes.count() / PANES;
  }

  /** Whether panes from {@code from} on, but before {@code to}, are a block. */
  private static boolean isBlock(int from, int to) {
    return from % PANES == 0 && from + PANES <= to;
  }

  /** Adds panes [from, to) of slot {@code momentSlots[of]} to {@code target}. */
  void addTo(Moments target, int of, int from, int to) {
    int at = from;
    while (at < to) {
      work.add(1);
      if (isBlock(at, to)) {
        target.merge(moments(at / PANES, of), place(at / PANES, of) * Moments.WIDTH);
        at += PANES;
      } else {
        panes.pane(at).addTo(target, of);
        at++;
      }
    }
  }

  private int place(int block, int of) {
    return block * schema.momentSlots.length + of;
  }

  /** The array that has the moments of a block at its {@link #place}. */
  private double[] moments(int block, int of) {
    if (moments == null) {
      moments = new double[count() * schema.momentSlots.length * Moments.WIDTH];
      hasMoments = new boolean[count() * schema.momentSlots.length];
    }
    int place = place(block, of);
    if (!hasMoments[place]) {
      scratch.clear();
      work.add(PANES);
      for (int at = block * PANES; at < (block + 1) * PANES; at++) {
        panes.pane(at).addTo(scratch, of);
      }
      scratch.store(moments, place * Moments.WIDTH);
      hasMoments[place] = true;
    }
    return moments;
  }

  /** Adds panes [from, to) of slot {@code sketchSlots[of]} to {@code target}. */
  void addTo(HyperLogLog target, int of, int from, int to) {
    int at = from;
    while (at < to) {
      work.add(1);
      if (isBlock(at, to)) {
        target.merge(sketch(at / PANES, of));
        at += PANES;
      } else {
        target.merge(panes.pane(at).sketch(of));
        at++;
      }
    }
  }

  private HyperLogLog sketch(int block, int of) {
    if (sketches == null) {
      sketches = new HyperLogLog[count() * schema.sketchSlots.length];
    }
    int place = block * schema.sketchSlots.length + of;
    if (sketches[place] == null) {
      sketches[place] = new HyperLogLog();
      work.add(PANES);
      for (int at = block * PANES; at < (block + 1) * PANES; at++) {
        sketches[place].merge(panes.pane(at).sketch(of));
      }
    }
    return sketches[place];
  }

  /** Called after a transaction was added to a pane. */
  void changed(int pane) {
    int block = pane / PANES;
    for (int of = 0; moments != null && block < count() && of < schema.momentSlots.length; of++) {
      hasMoments[place(block, of)] = false;
    }
    for (int of = 0; sketches != null && block < count() && of < schema.sketchSlots.length; of++) {
      HyperLogLog sketch = sketches[block * schema.sketchSlots.length + of];
      if (sketch != null) {
        sketch.merge(panes.pane(pane).sketch(of));
      }
    }
  }
}
