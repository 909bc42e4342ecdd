package fraudstream.kernel.features;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The binary format of histories of one schema, layout version 4. Not thread-safe.
 *
 * <p>Layout: the version (byte); the number of transactions ever counted and the newest event time
 * (longs); the on-time frontier ({@link Frontier#write}), or -1 (byte) without one; the numbers of
 * rows and of pending labels (ints); the words of both (longs, little-endian); the number of panes
 * (int) and each pane ({@link Pane#write}). The schema is not included: Flink's saved state stores
 * it once for all histories, and a profile in front of its history ({@link ProfileFormat}).
 *
 * <p>Layout version 3 is read too. It has no frontier.
 */
public final class HistoryFormat implements Serializable {
  public static final int VERSION = 4;

  private static final long serialVersionUID = 1L;

  private static final int WITHOUT_FRONTIER = 3;
  private static final int NO_FRONTIER = -1;

  /** The layout whose ids and texts are hashed without a key, so that they can't be continued. */
  private static final int WITHOUT_KEY = 2;

  /** Little-endian like the processors that this runs on, so that writing a word is one move. */
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int CHUNK_BYTES = 8_192;

  private final HistorySchema schema;
  private transient byte[] chunk;

  public HistoryFormat(HistorySchema schema) {
    this.schema = schema;
  }

  public HistorySchema schema() {
    return schema;
  }

  /** Whether saved state of that layout version can be read. */
  public static boolean isReadable(int version) {
    return version == VERSION || version == WITHOUT_FRONTIER;
  }

  /** The error for a history that another release has written. */
  public static IOException unknownVersion(int version) {
    String remedy =
        version == WITHOUT_KEY
            ? ", whose ids and texts are hashed with a key, unlike that one's. Start without the"
                + " saved state, and read the stream from before the longest window"
                + " (start_position TRIM_HORIZON): alerts that were delivered before are recognised"
            : ": start from the release that wrote it, or without its state";
    return new IOException(
        "saved state has layout version "
            + version
            + "; this release reads version "
            + VERSION
            + remedy);
  }

  /** Writes a history, converted to this schema if it has another. The history is not changed. */
  public void write(History history, DataOutput target) throws IOException {
    if (history.schema().equals(schema)) {
      writeRows(history, target);
      return;
    }
    // Not in place: others read the history while a snapshot of it is written.
    History converted = history.copy();
    converted.convertTo(schema);
    writeRows(converted, target);
  }

  private void writeRows(History history, DataOutput target) throws IOException {
    PendingLabels pending = history.pending();
    int labels = pending == null ? 0 : pending.count();
    target.writeByte(VERSION);
    target.writeLong(history.ordinal());
    target.writeLong(history.newestMs());
    if (history.frontier() == null) {
      target.writeByte(NO_FRONTIER);
    } else {
      history.frontier().write(target);
    }
    target.writeInt(history.count());
    target.writeInt(labels);
    if (history.isSorted()) {
      int stride = schema.stride;
      write(history.words(), history.first() * stride, history.end() * stride, target);
    } else {
      long[] rows = history.rowWords(history.first(), history.end());
      write(rows, 0, rows.length, target);
    }
    if (pending != null) {
      write(pending.words(), 0, labels * PendingLabels.STRIDE, target);
    }
    if (history.panes() == null) {
      target.writeInt(0);
    } else {
      history.panes().write(target);
    }
  }

  /** Reads a history of this schema. */
  public History read(DataInput source) throws IOException {
    byte version = source.readByte();
    if (!isReadable(version)) {
      throw unknownVersion(version);
    }
    long ordinal = source.readLong();
    long newestMs = source.readLong();
    int recent = version == WITHOUT_FRONTIER ? NO_FRONTIER : source.readByte();
    Frontier frontier = recent == NO_FRONTIER ? null : Frontier.read(recent, source);
    int rows = source.readInt();
    int labels = source.readInt();
    long[] words = read(rows * schema.stride, source);
    History history = new History(schema, words, rows, ordinal, newestMs);
    history.setFrontier(frontier);
    if (labels > 0) {
      long[] pending = read(labels * PendingLabels.STRIDE, source);
      history.setPending(new PendingLabels(pending, labels));
    }
    Panes panes = Panes.read(source, schema);
    history.setPanes(panes.count() == 0 ? null : panes);
    return history;
  }

  private byte[] chunk() {
    if (chunk == null) {
      chunk = new byte[CHUNK_BYTES];
    }
    return chunk;
  }

  private void write(long[] words, int from, int to, DataOutput target) throws IOException {
    byte[] bytes = chunk();
    int at = from;
    while (at < to) {
      int size = Math.min(to - at, bytes.length / Long.BYTES);
      for (int word = 0; word < size; word++) {
        WORD.set(bytes, word * Long.BYTES, words[at + word]);
      }
      target.write(bytes, 0, size * Long.BYTES);
      at += size;
    }
  }

  private long[] read(int count, DataInput source) throws IOException {
    byte[] bytes = chunk();
    long[] words = new long[count];
    int at = 0;
    while (at < count) {
      int size = Math.min(count - at, bytes.length / Long.BYTES);
      source.readFully(bytes, 0, size * Long.BYTES);
      for (int word = 0; word < size; word++) {
        words[at + word] = (long) WORD.get(bytes, word * Long.BYTES);
      }
      at += size;
    }
    return words;
  }
}
