package fraudstream.kernel.features;

import java.util.Arrays;
import java.util.function.IntConsumer;

/**
 * The order of the rows of a long history, whatever the order in which they arrived.
 *
 * <p>Rows lie in the array of the history in order of arrival, each at its slot, where they stay.
 * They are ordered by event time and, within the same time, by slot. The order is kept as slots in
 * blocks, and the blocks in groups, so that inserting a row anywhere moves the slots of one block
 * (a tiered vector: Goodrich and Kloss, 1999). A full block or group is split. Results that are
 * derived from the rows of a block or a group are kept with it.
 *
 * <p>Rows that were evicted or condensed stay in the order until their whole group goes. They come
 * before all others, since no row is inserted before a row that has left.
 */
final class RowOrder {
  /** The approximate memory use: a time, and a slot in a block that may be half full. */
  static final int WORDS_PER_ROW = 2;

  private final int blockRows;
  private final int groupBlocks;
  private final int columns;
  private final Work work;

  /** For each slot its event time. */
  private long[] timesMs;

  private RowGroup[] groups = new RowGroup[4];

  /** For each group the index of its first row. */
  private int[] firstRows = new int[4];

  /** For each group the event time of its first row. */
  private long[] firstsMs = new long[4];


  private int count;
  private int groupChanges;

  // The row that was looked for or inserted last.
  private int atGroup;
  private int atBlock;
  private int offset;

  // The row whose slot was asked for last, and the slot.
  private int slotOfRow = -1;
  private int slot;

  /** Creates the order of a history's rows, which must lie in the array in that order. */
  RowOrder(History history, Limits limits, int columns, Work work) {
    blockRows = limits.blockRows;
    groupBlocks = limits.groupBlocks;
    this.columns = columns;
    this.work = work;
    timesMs = new long[history.capacity()];
    for (int row = history.first(); row < history.end(); row++) {
      timesMs[row] = history.wordOfSlot(row, 0);
      append(row);
    }
    work.addWords(2 * history.count());
  }

  /** The number of slots for which there is room. */
  int capacity() {
    return timesMs.length;
  }

  int groupCount() {
    return count;
  }

  RowGroup group(int at) {
    return groups[at];
  }

  int firstRow(int group) {
    return firstRows[group];
  }

  int blockRows() {
    return blockRows;
  }

  /** The number of times that a group was split or dropped. */
  int groupChanges() {
    return groupChanges;
  }

  /** The number of the group of the row that was looked for or inserted last. */
  int groupAt() {
    return atGroup;
  }

  /** The number, in its group, of the block of the row that was looked for or inserted last. */
  int blockAt() {
    return atBlock;
  }

  /** The group of the row that was looked for or inserted last. */
  RowGroup group() {
    return groups[atGroup];
  }

  /** The block of the row that was looked for or inserted last. */
  RowBlock block() {
    return groups[atGroup].blocks[atBlock];
  }

  /** The place within its block of the row that was looked for or inserted last. */
  int offset() {
    return offset;
  }

  long timeMsOfSlot(int slot) {
    return timesMs[slot];
  }

  long timeMs(int row) {
    return timesMs[slot(row)];
  }

  int slot(int row) {
    if (row != slotOfRow) {
      seek(row);
      slotOfRow = row;
      slot = block().slots[offset];
    }
    return slot;
  }

  /** The number of the group that has a row. */
  int groupOf(int row) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
      int middle = low + high + 1 >>> 1;
      if (firstRows[middle] <= row) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** Looks for a row by its index. */
  void seek(int row) {
    work.add(1);
    atGroup = groupOf(row);
    int rest = row - firstRows[atGroup];
    atBlock = groups[atGroup].blockOf(rest);
    offset = rest - groups[atGroup].starts[atBlock];
  }

  /** The first row from {@code first} on that is later than {@code timeMs}. */
  int rowAfter(long timeMs, int first) {
    return Math.max(first, rowUpTo(timeMs, Integer.MAX_VALUE) + 1);
  }

  /** Looks for the row at a slot, which must be alive; returns its index. */
  int seekSlot(int slot) {
    return rowUpTo(timesMs[slot], slot);
  }

  /** Looks for the last row up to a time and slot; returns -1 if there is none. */
  private int rowUpTo(long timeMs, int slot) {
    work.add(2);
    if (count == 0 || isAfter(groups[0].blocks[0].slots[0], timeMs, slot)) {
      return -1;
    }
    atGroup = groupUpTo(timeMs, slot);
    RowGroup group = groups[atGroup];
    atBlock = blockUpTo(group, timeMs, slot);
    offset = offsetUpTo(group.blocks[atBlock], timeMs, slot);
    return firstRows[atGroup] + group.starts[atBlock] + offset;
  }

  private int groupUpTo(long timeMs, int slot) {
    int low = 0;
    int high = count - 1;
    while (low < high) {
      int middle = low + high + 1 >>> 1;
      if (firstsMs[middle] > timeMs
          || firstsMs[middle] == timeMs && groups[middle].blocks[0].slots[0] > slot) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    return low;
  }

  private int blockUpTo(RowGroup group, long timeMs, int slot) {
    int low = 0;
    int high = group.count - 1;
    while (low < high) {
      int middle = low + high + 1 >>> 1;
      if (group.firstsMs[middle] > timeMs
          || group.firstsMs[middle] == timeMs && group.blocks[middle].slots[0] > slot) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    return low;
  }

  private int offsetUpTo(RowBlock block, long timeMs, int slot) {
    int low = 0;
    int high = block.count - 1;
    while (low < high) {
      int middle = low + high + 1 >>> 1;
      if (isAfter(block.slots[middle], timeMs, slot)) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    return low;
  }

  /** Whether the row at {@code slot} comes after a time and slot. */
  boolean isAfter(int slot, long timeMs, int otherSlot) {
    return timesMs[slot] > timeMs || timesMs[slot] == timeMs && slot > otherSlot;
  }

  /** Whether the row at {@code slot} comes before a time and slot. */
  boolean isBefore(int slot, long timeMs, int otherSlot) {
    return timesMs[slot] < timeMs || timesMs[slot] == timeMs && slot < otherSlot;
  }

  /** Whether one slot's row comes before another's. */
  boolean isBefore(int slot, int other) {
    return isBefore(slot, timesMs[other], other);
  }

  /** Inserts a row that was just written to a slot. */
  void insert(int row, int slot, History history) {
    if (slot >= timesMs.length) {
      timesMs = Arrays.copyOf(timesMs, history.capacity());
    }
    timesMs[slot] = history.wordOfSlot(slot, 0);
    slotOfRow = -1;
    if (row == slot) {
      append(slot);
    } else {
      insertAt(row, slot, history.first());
    }
  }

  private void append(int slot) {
    if (count == 0 || groups[count - 1].last().count >= blockRows) {
      if (count == 0 || groups[count - 1].count >= groupBlocks) {
        addGroup(count, new RowGroup(2 * groupBlocks, columns), slot, timesMs[slot]);
      }
      groups[count - 1].append(new RowBlock(2 * blockRows, columns), timesMs[slot]);
    }
    atGroup = count - 1;
    atBlock = groups[atGroup].count - 1;
    offset = block().count;
    groups[atGroup].open(atBlock, offset, slot, timesMs[slot]);
  }

  private void addGroup(int at, RowGroup group, int firstRow, long firstMs) {
    if (count == groups.length) {
      groups = Arrays.copyOf(groups, 2 * count);
      firstRows = Arrays.copyOf(firstRows, 2 * count);
      firstsMs = Arrays.copyOf(firstsMs, 2 * count);
    }
    move(at, at + 1);
    groups[at] = group;
    firstRows[at] = firstRow;
    firstsMs[at] = firstMs;
    count++;
  }

  /** Moves the groups from {@code from} on to {@code to} and after. */
  private void move(int from, int to) {
    System.arraycopy(groups, from, groups, to, count - from);
    System.arraycopy(firstRows, from, firstRows, to, count - from);
    System.arraycopy(firstsMs, from, firstsMs, to, count - from);
  }

  private void insertAt(int row, int slot, int first) {
    seekRoom(row, first);
    if (block().isFull()) {
      splitBlock();
      seekRoom(row, first);
    }
    work.addWords((block().count - offset) * (1 + columns));
    groups[atGroup].open(atBlock, offset, slot, timesMs[slot]);
    if (atBlock == 0 && offset == 0) {
      firstsMs[atGroup] = timesMs[slot];
    }
    for (int later = atGroup + 1; later < count; later++) {
      firstRows[later]++;
    }
  }

  /** Looks for the place to insert a row: in the block of the row before it, if that is alive. */
  private void seekRoom(int row, int first) {
    if (row > first) {
      seek(row - 1);
      offset++;
    } else {
      seek(row);
    }
  }

  private void splitBlock() {
    if (groups[atGroup].isFull()) {
      work.add(groups[atGroup].rows);
      RowGroup upper = groups[atGroup].split();
      int firstRow = firstRows[atGroup] + groups[atGroup].rows;
      addGroup(atGroup + 1, upper, firstRow, upper.firstsMs[0]);
      groupChanges++;
      if (atBlock >= groups[atGroup].count) {
        atBlock -= groups[atGroup].count;
        atGroup++;
      }
    }
    groups[atGroup].splitBlock(atBlock, this);
  }

  /** Drops groups of which all rows come before {@code first}. */
  void forgetBefore(int first) {
    int gone = 0;
    while (gone < count && firstRows[gone] + groups[gone].rows <= first) {
      gone++;
    }
    if (gone > 0) {
      groupChanges++;
      move(gone, 0);
      Arrays.fill(groups, count - gone, count, null);
      count -= gone;
    }
  }

  /**
   * Passes the slots of all rows from {@code from} to before {@code to} in their order. Changes
   * nothing, so that a snapshot may read rows while another thread does.
   */
  void forEach(int from, int to, IntConsumer action) {
    for (int at = 0; at < count; at++) {
      RowGroup group = groups[at];
      for (int block = 0; block < group.count; block++) {
        int start = firstRows[at] + group.starts[block];
        int low = Math.max(from - start, 0);
        int high = Math.min(to - start, group.blocks[block].count);
        for (int place = low; place < high; place++) {
          action.accept(group.blocks[block].slots[place]);
        }
      }
    }
  }
}
