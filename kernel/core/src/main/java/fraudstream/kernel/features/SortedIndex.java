package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * An index of rows that lie in the array in their order; each structure is built on first use.
 *
 * <p>Inserting a row moves the rows after it, and what is indexed for them is discarded. That is
 * cheap if they are few: a transaction may move as many rows as those before it have saved.
 */
final class SortedIndex extends HistoryIndex {
  private final Limits limits;
  private final HistorySchema schema;
  private final ValueIndex[] values;
  private final SketchBlocks[] sketches;
  private MomentBlocks moments;
  private FraudMarks frauds;
  private ValueIndex ids;
  private LastPlaces places;

  /** The number of rows that insertions may move. */
  private int savedMoves;

  SortedIndex(HistorySchema schema, Limits limits) {
    this.schema = schema;
    this.limits = limits;
    values = new ValueIndex[schema.slots()];
    sketches = new SketchBlocks[schema.sketchSlots.length];
    savedMoves = limits.maxSavedMoves;
  }

  @Override
  RowOrder order() {
    return null;
  }

  @Override
  HistoryIndex inserting(History history, int row) {
    int moved = history.end() - row;
    savedMoves = Math.min(savedMoves + limits.movedRows, limits.maxSavedMoves);
    if (moved > savedMoves && history.count() > limits.scannedRows) {
      return new ShuffledIndex(history, limits);
    }
    if (moved > 0) {
      savedMoves = Math.max(0, savedMoves - moved);
      work.add(moved);
      forgetFrom(history, row);
    }
    return this;
  }

  private void forgetFrom(History history, int row) {
    if (moments != null) {
      moments.forgetFrom(row);
    }
    if (frauds != null) {
      frauds.forgetFrom(row);
    }
    if (ids != null) {
      ids.forgetFrom(history, row);
    }
    if (places != null) {
      places.forgetFrom(row);
    }
    for (ValueIndex index : values) {
      if (index != null) {
        index.forgetFrom(history, row);
      }
    }
    for (SketchBlocks blocks : sketches) {
      if (blocks != null) {
        blocks.forgetFrom(row);
      }
    }
  }

  @Override
  void inserted(History history, int row) {
    // Each structure catches up when it is used.
  }

  @Override
  void relabelled(int row, long label) {
    if (frauds != null) {
      frauds.mark(row, label);
    }
  }

  @Override
  void forgetBefore(int first) {
    // Rows keep their indexes, so no structure needs to be changed.
  }

  @Override
  long memoryWords(int rows) {
    long wordsPerRow = ids == null ? 0 : ValueIndex.WORDS_PER_ROW;
    for (ValueIndex index : values) {
      wordsPerRow += index == null ? 0 : ValueIndex.WORDS_PER_ROW;
    }
    return rows * wordsPerRow;
  }

  @Override
  boolean containsId(History history, long idHash) {
    return ids(history).last(idHash) >= history.first();
  }

  private ValueIndex ids(History history) {
    if (ids == null) {
      ids = new ValueIndex(schema.idAt, 0, work);
    }
    ids.catchUp(history);
    return ids;
  }

  @Override
  int find(History history, long timeMs, long idHash) {
    int row = ids(history).lastBefore(idHash, history.rowAfter(timeMs));
    return row >= history.first() && history.timeMs(row) == timeMs ? row : -1;
  }

  @Override
  void addMoments(Moments target, History history, int of, int from, int to) {
    if (moments == null) {
      moments = new MomentBlocks(limits, schema.momentSlots, work);
    }
    moments.catchUp(history);
    moments.addTo(target, history, of, from, to);
  }

  @Override
  void addWordsBefore(HyperLogLog target, History history, int of, int to) {
    if (sketches[of] == null) {
      sketches[of] = new SketchBlocks(limits, schema.sketchSlots[of], work);
    }
    sketches[of].addBefore(target, history, to);
  }

  private ValueIndex values(History history, int slot) {
    if (values[slot] == null) {
      values[slot] = new ValueIndex(schema.at(slot), schema.nullWord(slot), work);
    }
    values[slot].catchUp(history);
    return values[slot];
  }

  @Override
  int distinct(History history, int slot, int from, int to) {
    return values(history, slot).distinct(from, to);
  }

  @Override
  int occurrences(History history, int slot, long word, int from, int to) {
    return values(history, slot).occurrences(word, from, to);
  }

  @Override
  int knownFrauds(History history, int from, int to, long timeMs) {
    if (frauds == null) {
      frauds = new FraudMarks(work);
    }
    frauds.catchUp(history);
    return frauds.known(history, from, to, timeMs);
  }

  @Override
  int lastPlace(History history, int latitudeSlot, int longitudeSlot, int row) {
    if (places == null) {
      places = new LastPlaces(schema.at(latitudeSlot), schema.at(longitudeSlot), work);
    }
    return places.upTo(history, row);
  }

  /** For each row, the last row up to it that has coordinates. */
  private static final class LastPlaces {
    private static final int NONE = -1;

    private final int latitude;
    private final int longitude;
    private final Work work;
    private int[] last = {};
    private int end;

    LastPlaces(int latitude, int longitude, Work work) {
      this.latitude = latitude;
      this.longitude = longitude;
      this.work = work;
    }

    void forgetFrom(int row) {
      end = Math.min(end, row);
    }

    int upTo(History history, int row) {
      if (last.length < history.end()) {
        last = Arrays.copyOf(last, history.capacity());
      }
      work.add(history.end() - end);
      for (; end < history.end(); end++) {
        boolean hasBoth =
            Moments.isNumber(history.wordOfSlot(end, latitude))
                && Moments.isNumber(history.wordOfSlot(end, longitude));
        last[end] = hasBoth ? end : end == 0 ? NONE : last[end - 1];
      }
      return last[row];
    }
  }
}
