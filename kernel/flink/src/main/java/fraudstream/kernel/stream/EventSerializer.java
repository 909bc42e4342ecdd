package fraudstream.kernel.stream;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * A compact serializer for events between the job's steps.
 *
 * <p>Events are never part of saved state, so the layout may change in any release.
 */
public final class EventSerializer extends TypeSerializerSingleton<Event> {
  public static final EventSerializer INSTANCE = new EventSerializer();

  private static final long serialVersionUID = 1L;
  private static final int NULL = -1;
  private static final Event.Kind[] KINDS = Event.Kind.values();

  @Override
  public boolean isImmutableType() {
    return false;
  }

  @Override
  public Event createInstance() {
    return new Event();
  }

  @Override
  public Event copy(Event from) {
    return from.copy();
  }

  @Override
  public Event copy(Event from, Event reuse) {
    return from.copy();
  }

  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public void serialize(Event event, DataOutputView target) throws IOException {
    write(event, event.words, event.features, target);
  }

  /** Writes an event with the given words and features instead of its own. */
  static void write(Event event, long[] words, double[] features, DataOutputView target)
      throws IOException {
    target.writeByte(event.kind.ordinal());
    write(event.raw, target);
    target.writeLong(event.arrivalMs);
    write(event.shardId, target);
    write(event.sequenceNumber, target);
    write(event.transactionId, target);
    write(event.contents, target);
    target.writeLong(event.idHash);
    target.writeLong(event.fingerprint);
    target.writeLong(event.timeMs);
    target.writeDouble(event.amountVnd);
    for (String id : event.ids) {
      write(id, target);
    }
    writeNumbers(words, event.ordinals, features, target);
    target.writeByte(event.outOfReach);
    write(event.metadataVersion, target);
    target.writeLong(event.availableAtMs);
    target.writeBoolean(event.isFraud);
  }

  @Override
  public Event deserialize(DataInputView source) throws IOException {
    Event event = new Event();
    event.kind = KINDS[source.readByte()];
    event.raw = readBytes(source);
    event.arrivalMs = source.readLong();
    event.shardId = readText(source);
    event.sequenceNumber = readText(source);
    event.transactionId = readText(source);
    event.contents = readBytes(source);
    event.idHash = source.readLong();
    event.fingerprint = source.readLong();
    event.timeMs = source.readLong();
    event.amountVnd = source.readDouble();
    for (int i = 0; i < Entity.COUNT; i++) {
      event.ids[i] = readText(source);
    }
    readNumbers(event, source);
    event.outOfReach = source.readByte();
    event.metadataVersion = readText(source);
    event.availableAtMs = source.readLong();
    event.isFraud = source.readBoolean();
    return event;
  }

  @Override
  public Event deserialize(Event reuse, DataInputView source) throws IOException {
    return deserialize(source);
  }

  @Override
  public void copy(DataInputView source, DataOutputView target) throws IOException {
    serialize(deserialize(source), target);
  }

  @Override
  public TypeSerializerSnapshot<Event> snapshotConfiguration() {
    return new Snapshot();
  }

  /** The serializer snapshot that Flink requires; it restores no state. */
  public static final class Snapshot extends SimpleTypeSerializerSnapshot<Event> {
    public Snapshot() {
      super(() -> INSTANCE);
    }
  }

  private static void writeNumbers(
      long[] words, long[] ordinals, double[] features, DataOutputView target) throws IOException {
    target.writeInt(words.length);
    target.writeInt(features.length);
    // Write one array: each single write to a view costs a bounds check.
    byte[] bytes = new byte[numberBytes(words.length, features.length)];
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asLongBuffer().put(words).put(ordinals);
    buffer.position((words.length + Entity.COUNT) * Long.BYTES);
    buffer.asDoubleBuffer().put(features);
    target.write(bytes);
  }

  private static void readNumbers(Event event, DataInputView source) throws IOException {
    event.words = new long[source.readInt()];
    event.features = new double[source.readInt()];
    byte[] bytes = new byte[numberBytes(event.words.length, event.features.length)];
    source.readFully(bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asLongBuffer().get(event.words).get(event.ordinals);
    buffer.position((event.words.length + Entity.COUNT) * Long.BYTES);
    buffer.asDoubleBuffer().get(event.features);
  }

  private static int numberBytes(int words, int features) {
    return (words + Entity.COUNT + features) * Long.BYTES;
  }

  private static void write(String text, DataOutputView target) throws IOException {
    write(text == null ? null : text.getBytes(StandardCharsets.UTF_8), target);
  }

  private static void write(byte[] bytes, DataOutputView target) throws IOException {
    if (bytes == null) {
      target.writeInt(NULL);
    } else {
      target.writeInt(bytes.length);
      target.write(bytes);
    }
  }

  private static String readText(DataInputView source) throws IOException {
    byte[] bytes = readBytes(source);
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }

  private static byte[] readBytes(DataInputView source) throws IOException {
    int length = source.readInt();
    if (length == NULL) {
      return null;
    }
    byte[] bytes = new byte[length];
    source.readFully(bytes);
    return bytes;
  }
}
