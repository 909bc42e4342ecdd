package fraudstream.kernel.features;

/**
 * An index of rows that lie in the array in order of arrival. Inserting a row anywhere changes
 * little of it. Each structure is built on first use and updated with each row.
 */
final class ShuffledIndex extends HistoryIndex {
  private final HistorySchema schema;
  private final RowOrder order;
  private final RowMoments moments;
  private final RowSketches sketches;
  private final RowValues[] values;
  private RowValues ids;
  private RowKeys labels;
  private RowPlaces places;

  /** Indexes the rows of a history that lie in the array in their order. */
  ShuffledIndex(History history, Limits limits) {
    schema = history.schema();
    // Columns for the keys of each slot's values, for labels, and for numbers.
    int numbersAt = schema.slots() + 1;
    order = new RowOrder(history, limits, numbersAt + schema.momentSlots.length, work);
    moments = new RowMoments(order, schema.momentSlots, numbersAt, work);
    sketches = new RowSketches(order, schema.sketchSlots, work);
    values = new RowValues[schema.slots()];
  }

  @Override
  RowOrder order() {
    return order;
  }

  @Override
  HistoryIndex inserting(History history, int row) {
    return this;
  }

  @Override
  void inserted(History history, int row) {
    int slot = history.end() - 1;
    order.insert(row, slot, history);
    RowGroup group = order.group();
    RowBlock block = order.block();
    int offset = order.offset();
    sketches.insert(history, slot);
    moments.insert(history, slot, group, block, offset);
    for (RowValues index : values) {
      if (index != null) {
        index.insert(history, slot, group, block, offset);
      }
    }
    if (ids != null) {
      ids.insert(history, slot, group, block, offset);
    }
    if (labels != null) {
      labels.insert(group, block, offset, history.wordOfSlot(slot, schema.labelAt));
    }
    if (places != null) {
      places.insert(history, slot);
    }
  }

  @Override
  void relabelled(int row, long label) {
    if (labels != null) {
      order.seek(row);
      labels.change(order.group(), order.block(), order.offset(), label);
    }
  }

  @Override
  void forgetBefore(int first) {
    order.forgetBefore(first);
  }

  @Override
  long memoryWords(int rows) {
    long wordsPerRow = RowOrder.WORDS_PER_ROW + 2L * schema.momentSlots.length;
    wordsPerRow += ids == null ? 0 : RowValues.WORDS_PER_ROW;
    wordsPerRow += labels == null ? 0 : RowKeys.WORDS_PER_ROW;
    for (RowValues index : values) {
      wordsPerRow += index == null ? 0 : RowValues.WORDS_PER_ROW + RowKeys.WORDS_PER_ROW;
    }
    return rows * wordsPerRow;
  }

  @Override
  boolean containsId(History history, long idHash) {
    return ids(history).contains(history, idHash);
  }

  @Override
  int find(History history, long timeMs, long idHash) {
    return ids(history).find(history, timeMs, idHash);
  }

  private RowValues ids(History history) {
    if (ids == null) {
      // Their values aren't counted, so there are no keys.
      ids = new RowValues(history, order, schema.idAt, 0, -1, work);
    }
    return ids;
  }

  @Override
  void addMoments(Moments target, History history, int of, int from, int to) {
    moments.addTo(target, history, of, from, to);
  }

  @Override
  void addWordsBefore(HyperLogLog target, History history, int of, int to) {
    sketches.addBefore(target, history, of, to);
  }

  private RowValues values(History history, int slot) {
    if (values[slot] == null) {
      values[slot] =
          new RowValues(history, order, schema.at(slot), schema.nullWord(slot), slot, work);
    }
    return values[slot];
  }

  @Override
  int distinct(History history, int slot, int from, int to) {
    return values(history, slot).distinct(history, from, to);
  }

  @Override
  int occurrences(History history, int slot, long word, int from, int to) {
    return values(history, slot).occurrences(history, word, from, to);
  }

  @Override
  int knownFrauds(History history, int from, int to, long timeMs) {
    if (labels == null) {
      int word = schema.labelAt;
      labels =
          new RowKeys(order, schema.slots(), slot -> history.wordOfSlot(slot, word), work);
    }
    return labels.count(from, to, timeMs);
  }

  @Override
  int lastPlace(History history, int latitudeSlot, int longitudeSlot, int row) {
    if (places == null) {
      places = new RowPlaces(history, order, latitudeSlot, longitudeSlot, work);
    }
    return places.lastUpTo(history, row);
  }
}
