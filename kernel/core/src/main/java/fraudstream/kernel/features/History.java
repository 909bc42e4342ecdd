package fraudstream.kernel.features;

import fraudstream.kernel.record.Event;
import java.util.Arrays;

/**
 * The transactions of one entity, ordered by event time; of those with the same time, the one that
 * arrived first comes first.
 *
 * <p>The newest are kept as rows of words ({@link HistorySchema}) in one array; a row is named by
 * its place in it, from {@link #first} to before {@link #end}, and moves when rows are inserted
 * before it. The oldest of a busy entity may be condensed into {@link Panes}. What follows from the
 * rows ({@link HistoryIndex}) is made when it's asked for, and never saved.
 */
public final class History {
  private static final int FIRST_CAPACITY = 2;
  private static final long[] NO_WORDS = {};

  /** Of the objects around the words, and of a pane with two sketches. */
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
  private HistoryIndex index;
  private IdFilter ids;

  /** A history without transactions. */
  public History(HistorySchema schema) {
    this(schema, NO_WORDS, 0, 0, Event.NO_TIME);
  }

  /** Takes over {@code words}, which begin with {@code count} rows. */
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

  /** Its own words, not a copy. */
  long[] words() {
    return words;
  }

  int first() {
    return first;
  }

  int end() {
    return end;
  }

  /** How many rows there are; what is condensed is not among them. */
  int count() {
    return end - first;
  }

  /** How many rows there is room for. */
  int capacity() {
    return words.length / schema.stride;
  }

  /** How many words of memory it takes, roughly; what is made of long ones for speed included. */
  public long memoryWords() {
    long paneCount = panes == null ? 0 : panes.count();
    return 2L * words.length + paneCount * PANE_WORDS + OBJECTS_WORDS;
  }

  /** How many transactions were ever inserted. */
  long ordinal() {
    return ordinal;
  }

  /** Counts one more transaction, and returns how many there are now. */
  long nextOrdinal() {
    return ++ordinal;
  }

  /** The greatest event time of all transactions so far, {@link Event#NO_TIME} before the first. */
  long newestMs() {
    return newestMs;
  }

  void setNewestMs(long timeMs) {
    newestMs = timeMs;
  }

  /** What is condensed, or null if nothing is. */
  Panes panes() {
    return panes;
  }

  void setPanes(Panes panes) {
    this.panes = panes;
  }

  /** Frauds whose transactions haven't arrived, or null if there are none. */
  PendingLabels pending() {
    return pending;
  }

  void setPending(PendingLabels pending) {
    this.pending = pending;
  }

  HistoryIndex index(Limits limits) {
    if (index == null) {
      index = new HistoryIndex(limits);
    }
    return index;
  }

  long timeMs(int row) {
    return words[row * schema.stride];
  }

  long idHash(int row) {
    return words[row * schema.stride + schema.idAt];
  }

  /** When the row became known as a fraud, {@link HistorySchema#NO_FRAUD} if it didn't. */
  long label(int row) {
    return words[row * schema.stride + schema.labelAt];
  }

  void setLabel(int row, long knownMs) {
    words[row * schema.stride + schema.labelAt] = knownMs;
    if (index != null) {
      index.relabelled(row, knownMs);
    }
  }

  /** Where the row has the word of a slot. */
  int at(int row, int slot) {
    return row * schema.stride + schema.at(slot);
  }

  long word(int row, int slot) {
    return words[at(row, slot)];
  }

  /** The row behind the last one with a time of {@code timeMs} or before. */
  int rowAfter(long timeMs) {
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

  /** The row of that id hash (not 0) and time, or -1 if there is none. */
  int find(long timeMs, long idHash) {
    for (int row = rowAfter(timeMs) - 1; row >= first && timeMs(row) == timeMs; row--) {
      if (idHash(row) == idHash) {
        return row;
      }
    }
    return -1;
  }

  /** Whether a row has that id hash (not 0). */
  boolean contains(long idHash, Limits limits) {
    if (!schema.keepsIds) {
      return false;
    }
    if (count() > limits.scannedIds) {
      return index(limits).containsId(this, idHash);
    }
    if (ids == null) {
      ids = new IdFilter(this);
    }
    if (!ids.mayHold(idHash)) {
      return false;
    }
    for (int row = end - 1; row >= first; row--) {
      if (idHash(row) == idHash) {
        return true;
      }
    }
    return false;
  }

  /** Puts a transaction in its place by time, behind those of the same time; returns its row. */
  int insert(Event event, int[] places) {
    makeRoom();
    int row = rowAfter(event.timeMs);
    if (index != null) {
      index.inserting(this, row);
    }
    int at = row * schema.stride;
    System.arraycopy(words, at, words, at + schema.stride, (end - row) * schema.stride);
    end++;
    words[at] = event.timeMs;
    if (schema.keepsIds) {
      words[at + schema.idAt] = event.idHash;
      if (index != null) {
        index.rememberId(event.idHash);
      }
      if (ids != null) {
        ids.add(event.idHash);
      }
    }
    if (schema.keepsLabels) {
      words[at + schema.labelAt] = takePending(event);
    }
    for (int slot = 0; slot < places.length; slot++) {
      long word = event.words[places[slot]];
      words[at + schema.at(slot)] = schema.isText(slot) ? word : canonical(word);
    }
    return row;
  }

  /** Equal numbers get equal words: 0.0 and -0.0 have one, and so has every NaN. */
  static long canonical(long word) {
    return Double.doubleToLongBits(Double.longBitsToDouble(word) + 0.0);
  }

  private long takePending(Event event) {
    if (pending == null) {
      return HistorySchema.NO_FRAUD;
    }
    long knownMs = pending.take(event.timeMs, event.idHash);
    pending = pending.count() == 0 ? null : pending;
    return knownMs;
  }

  private void makeRoom() {
    int capacity = capacity();
    if (end < capacity) {
      return;
    }
    if (first > 0 && first >= capacity / 4) {
      // A quarter at least, so that moving costs each transaction a few rows.
      moveTo(words);
    } else {
      words = Arrays.copyOf(words, grown(capacity) * schema.stride);
    }
  }

  private static int grown(int capacity) {
    return Math.max(FIRST_CAPACITY, capacity + (capacity + 1) / 2);
  }

  /** Rows begin at 0 again, and what was said of their places is void. */
  private void moveTo(long[] target) {
    int stride = schema.stride;
    System.arraycopy(words, first * stride, target, 0, count() * stride);
    words = target;
    end -= first;
    first = 0;
    index = null;
    ids = null;
  }

  /** Forgets what has a time of {@code timeMs} or before; a pane goes with its last transaction. */
  void evictUpTo(long timeMs) {
    if (panes != null) {
      panes.evictUpTo(timeMs);
      panes = panes.count() == 0 ? null : panes;
    }
    if (pending != null) {
      pending.evictUpTo(timeMs);
      pending = pending.count() == 0 ? null : pending;
    }
    if (first < end && timeMs(first) <= timeMs) {
      forgetFirst(rowAfter(timeMs) - first);
    }
  }

  /** Turns the oldest rows into a pane; see {@link Panes#append}. */
  void condense(int rows, int share) {
    if (panes == null) {
      panes = new Panes(schema);
    }
    panes.append(this, first, first + rows, share);
    forgetFirst(rows);
  }

  private void forgetFirst(int rows) {
    if (index != null) {
      index.forgetIds(this, first, first + rows);
    }
    first += rows;
    int wanted = grown(count());
    if (2 * wanted < capacity()) {
      moveTo(new long[wanted * schema.stride]);
    }
  }

  /** A history of its own; it has no index. */
  public History copy() {
    int stride = schema.stride;
    long[] copied = new long[grown(count()) * stride];
    System.arraycopy(words, first * stride, copied, 0, count() * stride);
    History copy = new History(schema, copied, count(), ordinal, newestMs);
    copy.panes = panes == null ? null : panes.copy();
    copy.pending = pending == null ? null : pending.copy();
    return copy;
  }

  /**
   * Keeps what {@code wanted} says from now on: a column that is new is null in the rows there are,
   * one that is gone is dropped; so with ids, labels, and what panes hold.
   */
  void convertTo(HistorySchema wanted) {
    if (!schema.equals(wanted)) {
      int[] slots = wanted.slotsIn(schema);
      long[] converted = new long[count() * wanted.stride];
      for (int row = first; row < end; row++) {
        convert(row, wanted, slots, converted, (row - first) * wanted.stride);
      }
      words = converted;
      end -= first;
      first = 0;
      index = null;
      ids = null;
      panes = panes == null ? null : panes.convertedTo(wanted, slots);
      pending = wanted.keepsLabels ? pending : null;
    }
    schema = wanted;
  }

  private void convert(int row, HistorySchema wanted, int[] slots, long[] target, int at) {
    target[at] = timeMs(row);
    if (wanted.keepsIds) {
      target[at + wanted.idAt] = schema.keepsIds ? idHash(row) : 0;
    }
    if (wanted.keepsLabels) {
      target[at + wanted.labelAt] = schema.keepsLabels ? label(row) : HistorySchema.NO_FRAUD;
    }
    for (int slot = 0; slot < slots.length; slot++) {
      target[at + wanted.at(slot)] =
          slots[slot] < 0 ? wanted.nullWord(slot) : word(row, slots[slot]);
    }
  }
}
