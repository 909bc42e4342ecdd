package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * Sketches of one slot over complete blocks of sorted rows, and over complete groups of blocks,
 * each made when it is first needed. Aligned to row indexes, as {@link MomentBlocks} are.
 */
final class SketchBlocks {
  private final int slot;
  private final Work work;
  private final int blockRows;
  private final int groupRows;
  private HyperLogLog[] blocks = {};
  private HyperLogLog[] groups = {};

  SketchBlocks(Limits limits, int slot, Work work) {
    this.slot = slot;
    this.work = work;
    blockRows = limits.blockRows;
    groupRows = limits.blockRows * limits.groupBlocks;
  }

  void forgetFrom(int row) {
    forgetFrom(blocks, row / blockRows);
    forgetFrom(groups, row / groupRows);
  }

  /** Clears elements from {@code at} on. Those that exist needn't be contiguous, but are few. */
  private static void forgetFrom(HyperLogLog[] sketches, int at) {
    if (at < sketches.length) {
      Arrays.fill(sketches, at, sketches.length, null);
    }
  }

  /** Adds the history's rows before {@code to} to a sketch. */
  void addBefore(HyperLogLog target, History history, int to) {
    if (blocks.length * blockRows < history.end()) {
      blocks = Arrays.copyOf(blocks, history.capacity() / blockRows + 1);
      groups = Arrays.copyOf(groups, history.capacity() / groupRows + 1);
    }
    int row = history.first();
    while (row < to) {
      work.add(1);
      if (row % groupRows == 0 && row + groupRows <= to) {
        target.merge(group(history, row / groupRows));
        row += groupRows;
      } else if (row % blockRows == 0 && row + blockRows <= to) {
        target.merge(block(history, row / blockRows));
        row += blockRows;
      } else {
        int end = Math.min(to, (row / blockRows + 1) * blockRows);
        work.add(end - row);
        Pane.addWords(history, row, end, slot, target);
        row = end;
      }
    }
  }

  private HyperLogLog group(History history, int at) {
    if (groups[at] == null) {
      groups[at] = new HyperLogLog();
      int groupBlocks = groupRows / blockRows;
      work.add(groupBlocks);
      for (int block = at * groupBlocks; block < (at + 1) * groupBlocks; block++) {
        groups[at].merge(block(history, block));
      }
    }
    return groups[at];
  }

  private HyperLogLog block(History history, int at) {
    if (blocks[at] == null) {
      blocks[at] = new HyperLogLog();
      work.add(blockRows);
      Pane.addWords(history, at * blockRows, (at + 1) * blockRows, slot, blocks[at]);
    }
    return blocks[at];
  }
}
