package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * Precomputed moments of complete blocks of rows, and of complete groups of blocks.
 *
 * <p>Blocks are aligned to row indexes, so eviction needs no update: a block that has lost rows is
 * no longer complete within any window and is not used.
 */
final class MomentBlocks {
  /** The binary logarithms of the sizes below: a shift is faster than a division. */
  private final int blockShift;

  private final int groupShift;
  private final int blockRows;
  private final int groupRows;
  private final int[] slots;
  private final Work work;
  private final Moments scratch = new Moments();
  private double[] blocks = {};
  private double[] groups = {};
  private int blockCount;
  private int groupCount;

  MomentBlocks(Limits limits, int[] slots, Work work) {
    blockRows = limits.blockRows;
    groupRows = limits.blockRows * limits.groupBlocks;
    blockShift = Integer.numberOfTrailingZeros(blockRows);
    groupShift = Integer.numberOfTrailingZeros(groupRows);
    this.slots = slots;
    this.work = work;
  }

  void forgetFrom(int row) {
    blockCount = Math.min(blockCount, row >> blockShift);
    groupCount = Math.min(groupCount, row >> groupShift);
  }

  void catchUp(History history) {
    int width = slots.length * Moments.WIDTH;
    if ((blockCount + 1) * blockRows > history.end()) {
      return;
    }
    blocks = withRoom(blocks, history.capacity() / blockRows * width);
    groups = withRoom(groups, history.capacity() / groupRows * width);
    for (; (blockCount + 1) * blockRows <= history.end(); blockCount++) {
      for (int of = 0; of < slots.length; of++) {
        scratch.clear();
        addRows(scratch, history, of, blockCount * blockRows, (blockCount + 1) * blockRows);
        scratch.store(blocks, blockCount * width + of * Moments.WIDTH);
      }
    }
    for (; (groupCount + 1) * groupRows <= history.end(); groupCount++) {
      for (int of = 0; of < slots.length; of++) {
        scratch.clear();
        for (int block = 0; block < groupRows / blockRows; block++) {
          int at = groupCount * (groupRows / blockRows) + block;
          scratch.merge(blocks, at * width + of * Moments.WIDTH);
        }
        scratch.store(groups, groupCount * width + of * Moments.WIDTH);
      }
    }
  }

  private static double[] withRoom(double[] array, int length) {
    return array.length < length ? Arrays.copyOf(array, length) : array;
  }

  private void addRows(Moments to, History history, int of, int from, int end) {
    work.add(end - from);
    int stride = history.schema().stride;
    int at = history.at(from, slots[of]);
    to.add(history.words(), at, at + (end - from) * stride, stride);
  }

  /** Adds rows [from, end) of slot {@code momentSlots[of]} to {@code moments}. */
  void addTo(Moments moments, History history, int of, int from, int end) {
    int width = slots.length * Moments.WIDTH;
    int row = end;
    while (row > from) {
      work.add(1);
      if (isWhole(row, groupRows, from) && row >> groupShift <= groupCount) {
        row -= groupRows;
        moments.merge(groups, (row >> groupShift) * width + of * Moments.WIDTH);
      } else if (isWhole(row, blockRows, from) && row >> blockShift <= blockCount) {
        row -= blockRows;
        moments.merge(blocks, (row >> blockShift) * width + of * Moments.WIDTH);
      } else {
        int low = Math.max(from, row - 1 & -blockRows);
        addRows(moments, history, of, low, row);
        row = low;
      }
    }
  }

  /** Whether a block of {@code rows} ends at {@code end} and begins at or after {@code from}. */
  private static boolean isWhole(int end, int rows, int from) {
    return (end & rows - 1) == 0 && end - rows >= from;
  }
}
