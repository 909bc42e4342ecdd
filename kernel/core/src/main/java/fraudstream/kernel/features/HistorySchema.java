package fraudstream.kernel.features;

import fraudstream.kernel.record.Event;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * The layout of a transaction in a history: a row of 64-bit words.
 *
 * <p>A row holds the event time (epoch ms); the transaction's id hash, the fingerprint of its
 * fields and its label, if they are kept; and one word per slot. A label is the time at which the
 * transaction became known as a fraud (epoch ms), or {@link #NO_FRAUD}. The slots are the columns
 * of the entity's windows, sorted by column id.
 */
public final class HistorySchema implements Serializable {
  private static final long serialVersionUID = 1L;

  /** The label of a transaction that is not known to be a fraud. */
  static final long NO_FRAUD = Long.MAX_VALUE;

  private static final Set<WindowSpec.Statistic> OF_MOMENTS =
      EnumSet.of(
          WindowSpec.Statistic.SUM,
          WindowSpec.Statistic.MEAN,
          WindowSpec.Statistic.MIN,
          WindowSpec.Statistic.MAX,
          WindowSpec.Statistic.STD,
          WindowSpec.Statistic.RATIO_TO_MEAN,
          WindowSpec.Statistic.Z_SCORE);

  final boolean keepsIds;
  final boolean keepsFingerprints;
  final boolean keepsLabels;

  /** The number of words in a row. */
  final int stride;

  /** The offset of the id hash in a row; -1 if ids are not kept. */
  final int idAt;

  /** The offset of the fingerprint in a row; -1 if fingerprints are not kept. */
  final int fingerprintAt;

  /** The offset of the label in a row; -1 if labels are not kept. */
  final int labelAt;

  /** The slots whose moments are kept in panes and blocks, ascending. */
  final int[] momentSlots;

  /** The slots whose sketches are kept in panes, ascending. */
  final int[] sketchSlots;

  private final int slotsAt;
  private final long[] ids;
  private final boolean[] texts;

  private HistorySchema(
      boolean keepsIds, boolean keepsFingerprints, boolean keepsLabels, Slot[] slots) {
    this.keepsIds = keepsIds;
    this.keepsFingerprints = keepsFingerprints;
    this.keepsLabels = keepsLabels;
    int next = 1;
    idAt = keepsIds ? next++ : -1;
    fingerprintAt = keepsFingerprints ? next++ : -1;
    labelAt = keepsLabels ? next++ : -1;
    slotsAt = next;
    stride = slotsAt + slots.length;
    ids = new long[slots.length];
    texts = new boolean[slots.length];
    for (int slot = 0; slot < slots.length; slot++) {
      ids[slot] = slots[slot].id;
      texts[slot] = slots[slot].isText;
    }
    momentSlots = slotsWhere(slots, true, false);
    sketchSlots = slotsWhere(slots, false, true);
  }

  private static final class Slot {
    private long id;
    private boolean isText;
    private boolean hasMoments;
    private boolean hasSketch;
  }

  private static int[] slotsWhere(Slot[] slots, boolean moments, boolean sketch) {
    int[] found = new int[slots.length];
    int count = 0;
    for (int slot = 0; slot < slots.length; slot++) {
      if (moments && slots[slot].hasMoments || sketch && slots[slot].hasSketch) {
        found[count++] = slot;
      }
    }
    return Arrays.copyOf(found, count);
  }

  /**
   * The schema for the windows of one entity; windows that use labels need the ids too.
   *
   * @param recognisesCopies whether to keep what duplicates are recognised by
   */
  static HistorySchema of(List<WindowSpec> specs, boolean recognisesCopies) {
    TreeMap<Long, Slot> slots = new TreeMap<>();
    boolean labels = false;
    for (WindowSpec spec : specs) {
      labels |= spec.statistic == WindowSpec.Statistic.FRAUD_RATE;
      for (WindowColumn column : spec.columns) {
        Slot slot = slots.computeIfAbsent(column.id, id -> new Slot());
        slot.id = column.id;
        slot.isText = column.isText;
        slot.hasMoments |= OF_MOMENTS.contains(spec.statistic);
        slot.hasSketch |= spec.statistic == WindowSpec.Statistic.DISTINCT;
      }
    }
    return new HistorySchema(
        recognisesCopies || labels,
        recognisesCopies,
        labels,
        slots.values().toArray(new Slot[0]));
  }

  static boolean isOfMoments(WindowSpec.Statistic statistic) {
    return OF_MOMENTS.contains(statistic);
  }

  int slots() {
    return ids.length;
  }

  /** The slot of a column; -1 if it is not kept. */
  int slot(long columnId) {
    return Math.max(-1, Arrays.binarySearch(ids, columnId));
  }

  /** The offset of a slot's word in a row. */
  int at(int slot) {
    return slotsAt + slot;
  }

  boolean isText(int slot) {
    return texts[slot];
  }

  long nullWord(int slot) {
    return texts[slot] ? 0 : Moments.NULL_WORD;
  }

  /** For each slot, the slot of the same column in {@code other}; -1 if it has none. */
  int[] slotsIn(HistorySchema other) {
    int[] found = new int[ids.length];
    for (int slot = 0; slot < found.length; slot++) {
      found[slot] = other.slot(ids[slot]);
      if (found[slot] >= 0 && other.texts[found[slot]] != texts[slot]) {
        found[slot] = -1;
      }
    }
    return found;
  }

  /** Writes the schema, which saved state holds once for all its histories. */
  public void write(DataOutput target) throws IOException {
    target.writeBoolean(keepsIds);
    target.writeBoolean(keepsFingerprints);
    target.writeBoolean(keepsLabels);
    target.writeInt(ids.length);
    for (int slot = 0; slot < ids.length; slot++) {
      target.writeLong(ids[slot]);
      target.writeBoolean(texts[slot]);
      target.writeBoolean(Arrays.binarySearch(momentSlots, slot) >= 0);
      target.writeBoolean(Arrays.binarySearch(sketchSlots, slot) >= 0);
    }
  }

  /** Reads a schema written by {@link #write}. */
  public static HistorySchema read(DataInput source) throws IOException {
    boolean keepsIds = source.readBoolean();
    boolean keepsFingerprints = source.readBoolean();
    boolean keepsLabels = source.readBoolean();
    Slot[] slots = new Slot[source.readInt()];
    for (int at = 0; at < slots.length; at++) {
      Slot slot = new Slot();
      slot.id = source.readLong();
      slot.isText = source.readBoolean();
      slot.hasMoments = source.readBoolean();
      slot.hasSketch = source.readBoolean();
      slots[at] = slot;
    }
    return new HistorySchema(keepsIds, keepsFingerprints, keepsLabels, slots);
  }

  @Override
  public boolean equals(Object other) {
    if (this == other) {
      return true;
    }
    if (!(other instanceof HistorySchema)) {
      return false;
    }
    HistorySchema that = (HistorySchema) other;
    return keepsIds == that.keepsIds
        && keepsFingerprints == that.keepsFingerprints
        && keepsLabels == that.keepsLabels
        && Arrays.equals(ids, that.ids)
        && Arrays.equals(texts, that.texts)
        && Arrays.equals(momentSlots, that.momentSlots)
        && Arrays.equals(sketchSlots, that.sketchSlots);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(ids) + (keepsIds ? 2 : 0) + (keepsLabels ? 1 : 0);
  }

  /** Maps equal numbers to the same word: -0.0 to that of 0.0, and every NaN to one. */
  static long canonical(long word) {
    return Double.doubleToLongBits(Double.longBitsToDouble(word) + 0.0);
  }

  /**
   * Writes a transaction as a row to {@code target} from {@code at} on.
   *
   * @param places for each slot, the index of its word in {@link Event#words}
   * @param knownMs when it became known as a fraud; {@link #NO_FRAUD} if it is not
   */
  void write(Event event, int[] places, long knownMs, long[] target, int at) {
    target[at] = event.timeMs;
    if (keepsIds) {
      target[at + idAt] = event.idHash;
    }
    if (keepsFingerprints) {
      target[at + fingerprintAt] = event.fingerprint;
    }
    if (keepsLabels) {
      target[at + labelAt] = knownMs;
    }
    for (int slot = 0; slot < places.length; slot++) {
      long word = event.words[places[slot]];
      target[at + at(slot)] = isText(slot) ? word : canonical(word);
    }
  }

  /**
   * Converts rows to another schema: new columns are null, removed ones are dropped.
   *
   * @param slots {@code wanted.slotsIn(this)}
   */
  long[] converted(long[] rows, HistorySchema wanted, int[] slots) {
    long[] target = new long[rows.length / stride * wanted.stride];
    int to = 0;
    for (int from = 0; from < rows.length; from += stride) {
      target[to] = rows[from];
      if (wanted.keepsIds) {
        target[to + wanted.idAt] = keepsIds ? rows[from + idAt] : 0;
      }
      if (wanted.keepsFingerprints) {
        target[to + wanted.fingerprintAt] = keepsFingerprints ? rows[from + fingerprintAt] : 0;
      }
      if (wanted.keepsLabels) {
        target[to + wanted.labelAt] = keepsLabels ? rows[from + labelAt] : NO_FRAUD;
      }
      for (int slot = 0; slot < slots.length; slot++) {
        target[to + wanted.at(slot)] =
            slots[slot] < 0 ? wanted.nullWord(slot) : rows[from + at(slots[slot])];
      }
      to += wanted.stride;
    }
    return target;
  }
}
