package fraudstream.kernel.features;

import fraudstream.kernel.record.Event;
import java.util.Arrays;

/**
 * The transactions of one id of an entity, ordered by event time and, within the same time, by
 * arrival.
 *
 * <p>The newest transactions are rows of 64-bit words ({@link HistorySchema}) in one array. A row
 * is identified by its index in [{@link #first}, {@link #end}), which changes when rows are
 * inserted before it. The oldest transactions of a busy id may be condensed into {@link Panes}. The
 * {@link HistoryIndex} is derived from the rows on demand and never saved. In a long history to
 * which old transactions are added, rows lie in order of arrival and the index has their order
 * ({@link RowOrder}), so that none is moved for another.
 */
public final class History {
  private static final int FIRST_CAPACITY = 2;
  private static final long[] NO_WORDS = {};

  /** The approximate memory, in words: the objects around the rows; a pane with two sketches. */
  private static final int OBJECTS_WORDS = 32;
  private static final int PANE_WORDS = 128;

  private HistorySchema schema;
  private long[] words;
  private int first;
  private int end;
  private long ordinal;
  private long newestMs;
  private Panes panes;
  private PendingLabels pending;
  private Frontier frontier;
  private IdFilter ids;
  private HistoryIndex index;

  /** The order of the index; null if the rows lie in the array in their order. */
  private RowOrder order;

  /** Creates an empty history. */
  public History(HistorySchema schema) {
    this(schema, NO_WORDS, 0, 0, Event.NO_TIME);
  }

  /** Takes ownership of {@code words}, whose first {@code count} rows are in use. */
  History(HistorySchema schema, long[] words, int count, long ordinal, long newestMs) {
    this.schema = schema;
    this.words = words;
    this.end = count;
    this.ordinal = ordinal;
    this.newestMs = newestMs;
  }

  HistorySchema schema() {
    return schema;
  }

  /** The internal array, not a copy; its rows are in order if they {@link #isSorted}. */
  long[] words() {
    return words;
  }

  /** Whether the rows lie in the array in their order, each at its index. */
  boolean isSorted() {
    return order == null;
  }

  /** A word of the row at a slot of the array, by its offset in the row. */
  long wordOfSlot(int slot, int offset) {
    return words[slot * schema.stride + offset];
  }

  private int slot(int row) {
    return order == null ? row : order.slot(row);
  }

  int first() {
    return first;
  }

  int end() {
    return end;
  }

  /** The number of rows, without condensed transactions. */
  int count() {
    return end - first;
  }

  /** The number of rows that fit into the array. */
  int capacity() {
    return words.length / schema.stride;
  }

  /** The approximate memory use in words, including the index of a long history. */
  public long memoryWords() {
    long paneCount = panes == null ? 0 : panes.count();
    long indexWords = index == null ? 0 : index.memoryWords(capacity());
    long rowWords = words.length + Math.max(words.length, indexWords);
    long frontierWords = frontier == null ? 0 : Frontier.WORDS;
    return rowWords + paneCount * PANE_WORDS + frontierWords + OBJECTS_WORDS;
  }

  /** The number of transactions ever counted. */
  public long ordinal() {
    return ordinal;
  }

  /** Counts one more transaction and returns its sequence number, from 1. */
  long nextOrdinal() {
    return ++ordinal;
  }

  /** The newest event time so far; {@link Event#NO_TIME} before the first transaction. */
  long newestMs() {
    return newestMs;
  }

  void setNewestMs(long timeMs) {
    newestMs = timeMs;
  }

  /** The condensed transactions; null if there are none. */
  Panes panes() {
    return panes;
  }

  void setPanes(Panes panes) {
    this.panes = panes;
  }

  /** Fraud labels whose transactions have not arrived yet; null if there are none. */
  PendingLabels pending() {
    return pending;
  }

  void setPending(PendingLabels pending) {
    this.pending = pending == null || pending.count() == 0 ? null : pending;
  }

  /** The on-time frontier of an entity that accounts share; null if it has none. */
  Frontier frontier() {
    return frontier;
  }

  void setFrontier(Frontier frontier) {
    this.frontier = frontier;
  }

  HistoryIndex index(Limits limits) {
    if (index == null) {
      index = new SortedIndex(schema, limits);
    }
    return index;
  }

  long timeMs(int row) {
    return order == null ? words[row * schema.stride] : order.timeMs(row);
  }

  long idHash(int row) {
    return words[slot(row) * schema.stride + schema.idAt];
  }

  /** The fingerprint of the row's fields; the schema must keep fingerprints. */
  long fingerprint(int row) {
    return words[slot(row) * schema.stride + schema.fingerprintAt];
  }

  /** When the row became known as a fraud; {@link HistorySchema#NO_FRAUD} if it is not. */
  long label(int row) {
    return words[slot(row) * schema.stride + schema.labelAt];
  }

  void setLabel(int row, long knownMs) {
    words[slot(row) * schema.stride + schema.labelAt] = knownMs;
    if (index != null) {
      index.relabelled(row, knownMs);
    }
  }

  /** The array index of a row's word of a slot. */
  int at(int row, int slot) {
    return slot(row) * schema.stride + schema.at(slot);
  }

  long word(int row, int slot) {
    return words[at(row, slot)];
  }

  /** The first row with an event time later than {@code timeMs}; else {@link #end}. */
  int rowAfter(long timeMs) {
    if (order != null) {
      return order.rowAfter(timeMs, first);
    }
    if (first == end || timeMs(end - 1) <= timeMs) {
      return end;
    }
    int low = first;
    int high = end - 1;
    while (low < high) {
      int middle = low + high >>> 1;
      if (timeMs(middle) <= timeMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The row with that id hash (not 0) and event time; -1 if not found. */
  int find(long timeMs, long idHash, Limits limits) {
    if (order != null || count() > limits.scannedIds) {
      return index(limits).find(this, timeMs, idHash);
    }
    for (int row = rowAfter(timeMs) - 1; row >= first && timeMs(row) == timeMs; row--) {
      if (idHash(row) == idHash) {
        return row;
      }
    }
    return -1;
  }

  /** Whether any row has that id hash (not 0). */
  boolean contains(long idHash, Limits limits) {
    if (!schema.keepsIds) {
      return false;
    }
    if (order != null || count() > limits.scannedIds) {
      return index(limits).containsId(this, idHash);
    }
    if (ids == null) {
      ids = new IdFilter(this);
    }
    return ids.isIn(this, idHash);
  }

  /** Inserts a transaction by event time, after those of the same time; returns its row. */
  int insert(Event event, int[] places) {
    makeRoom();
    int row = rowAfter(event.timeMs);
    if (index != null) {
      index = index.inserting(this, row);
      order = index.order();
    }
    int slot = order == null ? row : end;
    if (order == null) {
      int from = row * schema.stride;
      System.arraycopy(words, from, words, from + schema.stride, (end - row) * schema.stride);
    }
    end++;
    schema.write(event, places, takePending(event), words, slot * schema.stride);
    if (ids != null) {
      ids.add(event.idHash);
    }
    if (index != null) {
      index.inserted(this, row);
    }
    return row;
  }

  private long takePending(Event event) {
    if (pending == null) {
      return HistorySchema.NO_FRAUD;
    }
    long knownMs = pending.take(event.timeMs, event.idHash);
    setPending(pending);
    return knownMs;
  }

  private void makeRoom() {
    int capacity = capacity();
    if (end < capacity) {
      return;
    }
    if (first > 0 && first >= capacity / 4) {
      // At least a quarter of the array is free, so moving costs each transaction a few rows. Rows
      // out of order need another array, and more work: make room for as many as there are.
      moveTo(isSorted() ? words : new long[2 * count() * schema.stride]);
    } else {
      words = Arrays.copyOf(words, grown(capacity) * schema.stride);
    }
  }

  private static int grown(int capacity) {
    return Math.max(FIRST_CAPACITY, capacity + (capacity + 1) / 2);
  }

  /** Moves the rows to the start of {@code target}; discards what depends on row indexes. */
  private void moveTo(long[] target) {
    copyTo(target, first, end);
    replace(target);
  }

  private void replace(long[] rows) {
    words = rows;
    end -= first;
    first = 0;
    index = null;
    order = null;
    ids = null;
  }

  /**
   * Evicts up to and including {@code timeMs}; a pane is evicted with its last transaction.
   *
   * @return the newest event time that was evicted; {@link Event#NO_TIME} if nothing was
   */
  long evictUpTo(long timeMs) {
    long evictedMs = Event.NO_TIME;
    if (panes != null) {
      evictedMs = panes.evictUpTo(timeMs);
      panes = panes.count() == 0 ? null : panes;
    }
    if (pending != null) {
      pending.evictUpTo(timeMs);
      setPending(pending);
    }
    if (first < end && timeMs(first) <= timeMs) {
      int kept = rowAfter(timeMs);
      evictedMs = timeMs(kept - 1);
      forgetFirst(kept - first);
    }
    return evictedMs;
  }

  /** Copies rows [from, to) in their order to the start of {@code target}; changes nothing else. */
  private void copyTo(long[] target, int from, int to) {
    int stride = schema.stride;
    if (isSorted()) {
      System.arraycopy(words, from * stride, target, 0, (to - from) * stride);
      return;
    }
    int[] copied = {0};
    order.forEach(
        from,
        to,
        slot -> {
          System.arraycopy(words, slot * stride, target, copied[0], stride);
          copied[0] += stride;
        });
  }

  /** A copy of the words of rows [from, to) in their order. */
  long[] rowWords(int from, int to) {
    long[] rows = new long[(to - from) * schema.stride];
    copyTo(rows, from, to);
    return rows;
  }

  /** Condenses the oldest rows into a pane; see {@link Panes#append}. */
  void condense(int rows, int share) {
    if (panes == null) {
      panes = new Panes(schema);
    }
    History oldest =
        isSorted() ? this : new History(schema, rowWords(first, first + rows), rows, 0, newestMs);
    panes.append(oldest, oldest.first, oldest.first + rows, count() - rows, share);
    forgetFirst(rows);
  }

  private void forgetFirst(int rows) {
    first += rows;
    if (index != null) {
      index.forgetBefore(first);
    }
    int wanted = grown(count());
    if (2 * wanted < capacity()) {
      moveTo(new long[wanted * schema.stride]);
    }
  }

  /** A deep copy, without the index. */
  public History copy() {
    long[] copied = new long[grown(count()) * schema.stride];
    copyTo(copied, first, end);
    History copy = new History(schema, copied, count(), ordinal, newestMs);
    copy.panes = panes == null ? null : panes.copy();
    copy.pending = pending == null ? null : pending.copy();
    copy.frontier = frontier == null ? null : frontier.copy();
    return copy;
  }

  /**
   * Converts this history to another schema. New columns are null in existing rows, removed ones
   * are dropped; the same applies to ids, labels and the content of panes.
   */
  void convertTo(HistorySchema wanted) {
    if (!schema.equals(wanted)) {
      int[] slots = wanted.slotsIn(schema);
      replace(schema.converted(rowWords(first, end), wanted, slots));
      panes = panes == null ? null : panes.convertedTo(wanted, slots);
      pending = wanted.keepsLabels ? pending : null;
    }
    schema = wanted;
  }
}
