package fraudstream.kernel.features;

/** Index structures that speed up queries of a long history; each is built on first use. */
final class HistoryIndex {
  private final Limits limits;
  private MomentBlocks moments;
  private FraudMarks frauds;
  private ValueIndex[] values;
  private LongMap ids;

  HistoryIndex(Limits limits) {
    this.limits = limits;
  }

  MomentBlocks moments(History history) {
    if (moments == null) {
      moments = new MomentBlocks(limits, history.schema().momentSlots);
    }
    moments.catchUp(history);
    return moments;
  }

  FraudMarks frauds(History history) {
    if (frauds == null) {
      frauds = new FraudMarks();
    }
    frauds.catchUp(history);
    return frauds;
  }

  ValueIndex values(History history, int slot) {
    if (values == null) {
      values = new ValueIndex[history.schema().slots()];
    }
    if (values[slot] == null) {
      values[slot] = new ValueIndex(slot);
    }
    values[slot].catchUp(history);
    return values[slot];
  }

  boolean containsId(History history, long idHash) {
    if (ids == null) {
      ids = new LongMap();
      for (int row = history.first(); row < history.end(); row++) {
        rememberId(history.idHash(row));
      }
    }
    return ids.get(idHash) != LongMap.ABSENT;
  }

  void rememberId(long idHash) {
    if (ids != null) {
      ids.put(idHash, 1);
    }
  }

  void forgetIds(History history, int from, int to) {
    if (ids != null) {
      for (int row = from; row < to; row++) {
        ids.put(history.idHash(row), LongMap.ABSENT);
      }
    }
  }

  /** Called before a row is inserted: discards what is indexed for rows from there on. */
  void inserting(History history, int row) {
    if (moments != null) {
      moments.forgetFrom(row);
    }
    if (frauds != null) {
      frauds.forgetFrom(row);
    }
    if (values != null) {
      for (ValueIndex index : values) {
        if (index != null) {
          index.forgetFrom(history, row);
        }
      }
    }
  }

  void relabelled(int row, long label) {
    if (frauds != null) {
      frauds.mark(row, label);
    }
  }
}
