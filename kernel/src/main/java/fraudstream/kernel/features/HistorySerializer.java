package fraudstream.kernel.features;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * Writes and reads histories, in layout version 2.
 *
 * <p>A history: the version (byte), the ordinal and the newest event time (longs), the numbers of
 * rows and of pending labels (ints), the words of both (longs, little-endian), the number of panes
 * (int) and each of them ({@link Pane#write}). What the words are says the snapshot, once.
 */
public final class HistorySerializer extends TypeSerializer<History> {
  static final int VERSION = 2;

  private static final long serialVersionUID = 1L;

  /** As the processors do that this runs on, so that a word is a move. */
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int CHUNK_BYTES = 8_192;

  private final HistorySchema schema;
  private transient byte[] chunk;

  HistorySerializer(HistorySchema schema) {
    this.schema = schema;
  }

  /** The message for what another release has written. */
  static IOException unknownVersion(int version) {
    return new IOException(
        "saved state has layout version "
            + version
            + "; this release reads version "
            + VERSION
            + ": start from the release that wrote it, or without its state");
  }

  @Override
  public void serialize(History history, DataOutputView target) throws IOException {
    if (history.schema().equals(schema)) {
      write(history, target);
      return;
    }
    // Not in its place: a snapshot is written while others read what is in it.
    History converted = history.copy();
    converted.convertTo(schema);
    write(converted, target);
  }

  private void write(History history, DataOutputView target) throws IOException {
    PendingLabels pending = history.pending();
    int labels = pending == null ? 0 : pending.count();
    target.writeByte(VERSION);
    target.writeLong(history.ordinal());
    target.writeLong(history.newestMs());
    target.writeInt(history.count());
    target.writeInt(labels);
    write(history.words(), history.first() * schema.stride, history.end() * schema.stride, target);
    if (pending != null) {
      write(pending.words(), 0, labels * PendingLabels.STRIDE, target);
    }
    if (history.panes() == null) {
      target.writeInt(0);
    } else {
      history.panes().write(target);
    }
  }

  @Override
  public History deserialize(DataInputView source) throws IOException {
    byte version = source.readByte();
    if (version != VERSION) {
      throw unknownVersion(version);
    }
    long ordinal = source.readLong();
    long newestMs = source.readLong();
    int rows = source.readInt();
    int labels = source.readInt();
    long[] words = read(rows * schema.stride, source);
    History history = new History(schema, words, rows, ordinal, newestMs);
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

  private void write(long[] words, int from, int to, DataOutputView target) throws IOException {
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

  private long[] read(int count, DataInputView source) throws IOException {
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

  @Override
  public History createInstance() {
    return new History(schema);
  }

  @Override
  public History copy(History from) {
    return from.copy();
  }

  @Override
  public History copy(History from, History reuse) {
    return from.copy();
  }

  @Override
  public void copy(DataInputView source, DataOutputView target) throws IOException {
    serialize(deserialize(source), target);
  }

  @Override
  public History deserialize(History reuse, DataInputView source) throws IOException {
    return deserialize(source);
  }

  @Override
  public boolean isImmutableType() {
    return false;
  }

  /** Each has a buffer of its own. */
  @Override
  public TypeSerializer<History> duplicate() {
    return new HistorySerializer(schema);
  }

  /** Histories differ in length. */
  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public TypeSerializerSnapshot<History> snapshotConfiguration() {
    return new HistorySerializerSnapshot(schema);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HistorySerializer && schema.equals(((HistorySerializer) other).schema);
  }

  @Override
  public int hashCode() {
    return schema.hashCode();
  }
}
