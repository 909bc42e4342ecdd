package fraudstream.kernel.features;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * A summary of consecutive transactions: their count, last event time, frauds, and the moments and
 * sketches of their columns.
 */
final class Pane {
  private long lastMs;
  private long count;
  private long frauds;
  private long latestKnownMs;
  private final double[] moments;
  private final HyperLogLog[] sketches;

  /** Creates an empty pane. */
  Pane(HistorySchema schema) {
    this(
        new double[schema.momentSlots.length * Moments.WIDTH],
        new HyperLogLog[schema.sketchSlots.length]);
    for (int of = 0; of < sketches.length; of++) {
      sketches[of] = new HyperLogLog();
    }
  }

  private Pane(double[] moments, HyperLogLog[] sketches) {
    this.moments = moments;
    this.sketches = sketches;
    lastMs = Long.MIN_VALUE;
    latestKnownMs = Long.MIN_VALUE;
  }

  long lastMs() {
    return lastMs;
  }

  long count() {
    return count;
  }

  long frauds() {
    return frauds;
  }

  /** The latest time at which one of its frauds became known; Long.MIN_VALUE without frauds. */
  long latestKnownMs() {
    return latestKnownMs;
  }

  /** Merges the moments of slot {@code momentSlots[of]} into {@code target}. */
  void addTo(Moments target, int of) {
    target.merge(moments, of * Moments.WIDTH);
  }

  HyperLogLog sketch(int of) {
    return sketches[of];
  }

  void add(History history, int from, int to, Moments scratch) {
    HistorySchema schema = history.schema();
    for (int of = 0; of < schema.momentSlots.length; of++) {
      int at = history.at(from, schema.momentSlots[of]);
      int length = (to - from) * schema.stride;
      scratch.clear();
      addTo(scratch, of);
      scratch.add(history.words(), at, at + length, schema.stride);
      scratch.store(moments, of * Moments.WIDTH);
    }
    for (int of = 0; of < schema.sketchSlots.length; of++) {
      addWords(history, from, to, schema.sketchSlots[of], sketches[of]);
    }
    for (int row = from; schema.keepsLabels && row < to; row++) {
      if (history.label(row) != HistorySchema.NO_FRAUD) {
        addFraud(history.label(row));
      }
    }
    count += to - from;
    lastMs = Math.max(lastMs, history.timeMs(to - 1));
  }

  static void addWords(History history, int from, int to, int slot, HyperLogLog sketch) {
    long nullWord = history.schema().nullWord(slot);
    for (int row = from; row < to; row++) {
      long word = history.word(row, slot);
      if (word != nullWord) {
        sketch.add(word);
      }
    }
  }

  void addFraud(long knownMs) {
    frauds++;
    latestKnownMs = Math.max(latestKnownMs, knownMs);
  }

  void merge(Pane other, Moments scratch) {
    for (int at = 0; at < moments.length; at += Moments.WIDTH) {
      scratch.clear();
      scratch.merge(moments, at);
      scratch.merge(other.moments, at);
      scratch.store(moments, at);
    }
    for (int of = 0; of < sketches.length; of++) {
      sketches[of].merge(other.sketches[of]);
    }
    lastMs = Math.max(lastMs, other.lastMs);
    count += other.count;
    frauds += other.frauds;
    latestKnownMs = Math.max(latestKnownMs, other.latestKnownMs);
  }

  Pane copy() {
    HyperLogLog[] copies = new HyperLogLog[sketches.length];
    for (int of = 0; of < copies.length; of++) {
      copies[of] = sketches[of].copy();
    }
    return withTotals(new Pane(moments.clone(), copies));
  }

  private Pane withTotals(Pane target) {
    target.lastMs = lastMs;
    target.count = count;
    target.frauds = frauds;
    target.latestKnownMs = latestKnownMs;
    return target;
  }

  /**
   * Converts the pane to another schema; new moments and sketches are empty.
   *
   * @param slots the slot in {@code from} of each slot in {@code to}, or -1
   */
  Pane convertedTo(HistorySchema from, HistorySchema to, int[] slots) {
    Pane converted = withTotals(new Pane(to));
    for (int of = 0; of < to.momentSlots.length; of++) {
      int old = Arrays.binarySearch(from.momentSlots, slots[to.momentSlots[of]]);
      if (old >= 0) {
        int width = Moments.WIDTH;
        System.arraycopy(moments, old * width, converted.moments, of * width, width);
      }
    }
    for (int of = 0; of < to.sketchSlots.length; of++) {
      int old = Arrays.binarySearch(from.sketchSlots, slots[to.sketchSlots[of]]);
      if (old >= 0) {
        converted.sketches[of].merge(sketches[old]);
      }
    }
    if (!to.keepsLabels) {
      converted.frauds = 0;
      converted.latestKnownMs = Long.MIN_VALUE;
    }
    return converted;
  }

  void write(DataOutput target) throws IOException {
    target.writeLong(lastMs);
    target.writeLong(count);
    target.writeLong(frauds);
    target.writeLong(latestKnownMs);
    for (double number : moments) {
      target.writeDouble(number);
    }
    for (HyperLogLog sketch : sketches) {
      target.write(sketch.registers());
    }
  }

  static Pane read(DataInput source, HistorySchema schema) throws IOException {
    Pane pane = new Pane(schema);
    pane.lastMs = source.readLong();
    pane.count = source.readLong();
    pane.frauds = source.readLong();
    pane.latestKnownMs = source.readLong();
    for (int at = 0; at < pane.moments.length; at++) {
      pane.moments[at] = source.readDouble();
    }
    for (HyperLogLog sketch : pane.sketches) {
      source.readFully(sketch.registers());
    }
    return pane;
  }
}
