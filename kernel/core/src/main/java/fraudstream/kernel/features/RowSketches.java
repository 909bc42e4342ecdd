package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * Sketches of the rows of blocks and groups, and of all rows before a block or a group, each made
 * when it is first needed. Rows that are inserted afterwards are added to them. Sketching all rows
 * before one then merges three sketches, and reads the rows of one block.
 */
final class RowSketches {
  private final RowOrder order;
  private final int[] slots;
  private final Work work;

  /** For each sketch slot and group, the rows of the history in the groups before it. */
  private final HyperLogLog[][] beforeGroups;

  /** The history's first row and the groups when {@link #beforeGroups} was begun. */
  private int first;

  private int groupChanges;

  /** @param slots {@link HistorySchema#sketchSlots} */
  RowSketches(RowOrder order, int[] slots, Work work) {
    this.order = order;
    this.slots = slots;
    this.work = work;
    beforeGroups = new HyperLogLog[slots.length][0];
  }

  /** Adds the row that was just inserted into the order to the sketches that include it. */
  void insert(History history, int slot) {
    for (int of = 0; of < slots.length; of++) {
      long word = history.wordOfSlot(slot, history.schema().at(slots[of]));
      if (word != history.schema().nullWord(slots[of])) {
        insert(of, word, order.group(), order.groupAt(), order.blockAt());
      }
    }
  }

  private void insert(int of, long word, RowGroup group, int groupAt, int blockAt) {
    add(group.blocks[blockAt].sketches, of, word);
    add(group.sketches, of, word);
    for (int block = blockAt + 1; group.sketchesBefore != null && block < group.count; block++) {
      add(group.sketchesBefore[block], of, word);
    }
    for (int later = groupAt + 1; later < beforeGroups[of].length; later++) {
      add(beforeGroups[of], later, word);
    }
  }

  private static void add(HyperLogLog[] sketches, int at, long word) {
    if (sketches != null && sketches[at] != null) {
      sketches[at].add(word);
    }
  }

  /** Adds the history's rows before {@code to} of slot {@code sketchSlots[of]} to a sketch. */
  void addBefore(HyperLogLog target, History history, int of, int to) {
    if (to == history.first()) {
      return;
    }
    int at = order.groupOf(to - 1);
    if (at > 0) {
      target.merge(beforeGroup(history, at, of));
    }
    int low = Math.max(history.first() - order.firstRow(at), 0);
    addPart(target, history, order.group(at), of, low, to - order.firstRow(at));
  }

  private HyperLogLog beforeGroup(History history, int at, int of) {
    if (first != history.first() || groupChanges != order.groupChanges()) {
      first = history.first();
      groupChanges = order.groupChanges();
      for (HyperLogLog[] sketches : beforeGroups) {
        Arrays.fill(sketches, null);
      }
    }
    if (beforeGroups[of].length <= at) {
      beforeGroups[of] = Arrays.copyOf(beforeGroups[of], order.groupCount());
    }
    if (beforeGroups[of][at] == null) {
      HyperLogLog before = new HyperLogLog();
      if (at > 1) {
        before.merge(beforeGroup(history, at - 1, of));
      }
      int low = Math.max(history.first() - order.firstRow(at - 1), 0);
      RowGroup group = order.group(at - 1);
      addPart(before, history, group, of, low, group.rows);
      beforeGroups[of][at] = before;
    }
    return beforeGroups[of][at];
  }

  /** Adds rows [low, high) of a group. */
  private void addPart(
      HyperLogLog target, History history, RowGroup group, int of, int low, int high) {
    int from = low;
    work.add(1);
    if (low == 0 && high == group.rows) {
      target.merge(ofGroup(history, group, of));
      return;
    }
    if (low == 0) {
      int last = group.blockOf(high - 1);
      target.merge(beforeBlock(history, group, last, of));
      from = group.starts[last];
    }
    for (int at = group.blockOf(from); at < group.count && group.starts[at] < high; at++) {
      RowBlock block = group.blocks[at];
      int begin = Math.max(from - group.starts[at], 0);
      int end = Math.min(high - group.starts[at], block.count);
      if (end - begin == block.count) {
        work.add(1);
        target.merge(ofBlock(history, block, of));
      } else {
        addRows(target, history, block, of, begin, end);
      }
    }
  }

  private void addRows(
      HyperLogLog target, History history, RowBlock block, int of, int from, int to) {
    work.add(to - from);
    int at = history.schema().at(slots[of]);
    long nullWord = history.schema().nullWord(slots[of]);
    for (int place = from; place < to; place++) {
      long word = history.wordOfSlot(block.slots[place], at);
      if (word != nullWord) {
        target.add(word);
      }
    }
  }

  private HyperLogLog ofBlock(History history, RowBlock block, int of) {
    if (block.sketches == null) {
      block.sketches = new HyperLogLog[slots.length];
    }
    if (block.sketches[of] == null) {
      block.sketches[of] = new HyperLogLog();
      addRows(block.sketches[of], history, block, of, 0, block.count);
    }
    return block.sketches[of];
  }

  private HyperLogLog ofGroup(History history, RowGroup group, int of) {
    if (group.sketches == null) {
      group.sketches = new HyperLogLog[slots.length];
    }
    if (group.sketches[of] == null) {
      HyperLogLog all = new HyperLogLog();
      int last = group.count - 1;
      all.merge(beforeBlock(history, group, last, of));
      all.merge(ofBlock(history, group.blocks[last], of));
      group.sketches[of] = all;
    }
    return group.sketches[of];
  }

  /** The rows of a group before block number {@code at}. */
  private HyperLogLog beforeBlock(History history, RowGroup group, int at, int of) {
    if (group.sketchesBefore == null) {
      group.sketchesBefore = new HyperLogLog[group.blocks.length][];
    }
    if (group.sketchesBefore[at] == null) {
      group.sketchesBefore[at] = new HyperLogLog[slots.length];
    }
    if (group.sketchesBefore[at][of] == null) {
      HyperLogLog before = new HyperLogLog();
      if (at > 0) {
        work.add(2);
        before.merge(beforeBlock(history, group, at - 1, of));
        before.merge(ofBlock(history, group.blocks[at - 1], of));
      }
      group.sketchesBefore[at][of] = before;
    }
    return group.sketchesBefore[at][of];
  }
}
