package fraudstream.kernel.features;

/**
 * Moments of blocks and groups of rows, each made when it is first needed, so that the moments of
 * a range of rows read few of them. Rows that are inserted afterwards are added to them.
 *
 * <p>The numbers are copied into the columns of the blocks, since rows that are next to each other
 * in their order may lie anywhere in the array.
 */
final class RowMoments {
  private final RowOrder order;
  private final int[] slots;
  private final int firstColumn;
  private final Work work;
  private final Moments scratch = new Moments();
  private boolean hasColumns;

  /**
   * @param slots {@link HistorySchema#momentSlots}
   * @param firstColumn the column of the first of these slots, which the others follow
   */
  RowMoments(RowOrder order, int[] slots, int firstColumn, Work work) {
    this.order = order;
    this.slots = slots;
    this.firstColumn = firstColumn;
    this.work = work;
  }

  private void makeColumns(History history) {
    for (int at = 0; at < order.groupCount(); at++) {
      RowGroup group = order.group(at);
      for (int block = 0; block < group.count; block++) {
        RowBlock rows = group.blocks[block];
        for (int place = 0; place < rows.count; place++) {
          write(history, rows.slots[place], rows, place);
        }
      }
      work.add(group.rows);
    }
    hasColumns = true;
  }

  private void write(History history, int slot, RowBlock block, int offset) {
    for (int of = 0; of < slots.length; of++) {
      long word = history.wordOfSlot(slot, history.schema().at(slots[of]));
      block.column(firstColumn + of)[offset] = word;
    }
  }

  /** Adds a row that was just inserted into the order. */
  void insert(History history, int slot, RowGroup group, RowBlock block, int offset) {
    if (!hasColumns) {
      return;
    }
    write(history, slot, block, offset);
    for (int of = 0; of < slots.length; of++) {
      add(block.moments, of, block.columns[firstColumn + of], offset);
      add(group.moments, of, block.columns[firstColumn + of], offset);
    }
    work.add(2);
  }

  private void add(double[] moments, int of, long[] column, int offset) {
    if (moments != null) {
      scratch.clear();
      scratch.merge(moments, of * Moments.WIDTH);
      scratch.add(column, offset, offset + 1, 1);
      scratch.store(moments, of * Moments.WIDTH);
    }
  }

  /** Adds rows [from, end) of slot {@code momentSlots[of]} to {@code moments}, newest first. */
  void addTo(Moments moments, History history, int of, int from, int end) {
    if (from == end) {
      return;
    }
    if (!hasColumns) {
      makeColumns(history);
    }
    int oldest = order.groupOf(from);
    for (int at = order.groupOf(end - 1); at >= oldest; at--) {
      RowGroup group = order.group(at);
      int low = Math.max(from - order.firstRow(at), 0);
      int high = Math.min(end - order.firstRow(at), group.rows);
      if (high - low == group.rows) {
        work.add(1);
        moments.merge(moments(group), of * Moments.WIDTH);
      } else {
        addPart(moments, group, of, low, high);
      }
    }
  }

  private void addPart(Moments moments, RowGroup group, int of, int low, int high) {
    int oldest = group.blockOf(low);
    for (int at = group.blockOf(high - 1); at >= oldest; at--) {
      RowBlock block = group.blocks[at];
      int from = Math.max(low - group.starts[at], 0);
      int to = Math.min(high - group.starts[at], block.count);
      if (to - from == block.count) {
        work.add(1);
        moments.merge(moments(block), of * Moments.WIDTH);
      } else {
        work.addWords(to - from);
        moments.add(block.columns[firstColumn + of], from, to, 1);
      }
    }
  }

  private double[] moments(RowBlock block) {
    if (block.moments == null) {
      block.moments = new double[slots.length * Moments.WIDTH];
      for (int of = 0; of < slots.length; of++) {
        scratch.clear();
        scratch.add(block.columns[firstColumn + of], 0, block.count, 1);
        scratch.store(block.moments, of * Moments.WIDTH);
        work.addWords(block.count);
      }
    }
    return block.moments;
  }

  private double[] moments(RowGroup group) {
    if (group.moments == null) {
      group.moments = new double[slots.length * Moments.WIDTH];
      for (int of = 0; of < slots.length; of++) {
        Moments all = new Moments();
        for (int block = 0; block < group.count; block++) {
          all.merge(moments(group.blocks[block]), of * Moments.WIDTH);
        }
        all.store(group.moments, of * Moments.WIDTH);
        work.add(group.count);
      }
    }
    return group.moments;
  }
}
