package fraudstream.kernel.features;

/**
 * Sketches of the rows of blocks and groups, each made when it is first needed, so that sketching
 * a range of rows reads few of them.
 */
final class RowSketches {
  private final RowOrder order;
  private final int[] slots;
  private final Work work;

  /** @param slots {@link HistorySchema#sketchSlots} */
  RowSketches(RowOrder order, int[] slots, Work work) {
    this.order = order;
    this.slots = slots;
    this.work = work;
  }

  /** Adds a row that was just inserted into the order to the sketches that include it. */
  void insert(History history, int slot, RowGroup group, RowBlock block) {
    for (int of = 0; of < slots.length; of++) {
      long word = history.wordOfSlot(slot, history.schema().at(slots[of]));
      if (word != history.schema().nullWord(slots[of])) {
        add(group.sketches, of, word);
        add(block.sketches, of, word);
      }
    }
  }

  private static void add(HyperLogLog[] sketches, int of, long word) {
    if (sketches != null && sketches[of] != null) {
      sketches[of].add(word);
    }
  }

  /** Adds rows [from, to) of slot {@code sketchSlots[of]} to a sketch. */
  void addTo(HyperLogLog sketch, History history, int of, int from, int to) {
    for (int at = from < to ? order.groupOf(from) : order.groupCount();
        at < order.groupCount() && order.firstRow(at) < to;
        at++) {
      RowGroup group = order.group(at);
      int low = from - order.firstRow(at);
      int high = to - order.firstRow(at);
      if (low <= 0 && high >= group.rows) {
        work.add(1);
        sketch.merge(sketch(history, group, of));
      } else {
        addPart(sketch, history, group, of, low, high);
      }
    }
  }

  private void addPart(
      HyperLogLog sketch, History history, RowGroup group, int of, int low, int high) {
    for (int at = group.blockOf(Math.max(low, 0)); at < group.count; at++) {
      RowBlock block = group.blocks[at];
      int from = Math.max(low - group.starts[at], 0);
      int to = Math.min(high - group.starts[at], block.count);
      if (to <= 0) {
        break;
      }
      if (to - from == block.count) {
        work.add(1);
        sketch.merge(sketch(history, block, of));
      } else {
        addRows(sketch, history, block, of, from, to);
      }
    }
  }

  private void addRows(
      HyperLogLog sketch, History history, RowBlock block, int of, int from, int to) {
    work.add(to - from);
    int at = history.schema().at(slots[of]);
    long nullWord = history.schema().nullWord(slots[of]);
    for (int place = from; place < to; place++) {
      long word = history.wordOfSlot(block.slots[place], at);
      if (word != nullWord) {
        sketch.add(word);
      }
    }
  }

  private HyperLogLog sketch(History history, RowBlock block, int of) {
    if (block.sketches == null) {
      block.sketches = new HyperLogLog[slots.length];
    }
    if (block.sketches[of] == null) {
      block.sketches[of] = new HyperLogLog();
      addRows(block.sketches[of], history, block, of, 0, block.count);
    }
    return block.sketches[of];
  }

  private HyperLogLog sketch(History history, RowGroup group, int of) {
    if (group.sketches == null) {
      group.sketches = new HyperLogLog[slots.length];
    }
    if (group.sketches[of] == null) {
      group.sketches[of] = new HyperLogLog();
      work.add(group.count);
      for (int block = 0; block < group.count; block++) {
        group.sketches[of].merge(sketch(history, group.blocks[block], of));
      }
    }
    return group.sketches[of];
  }
}
