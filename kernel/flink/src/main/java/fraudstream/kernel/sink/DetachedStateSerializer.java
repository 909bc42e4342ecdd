package fraudstream.kernel.sink;

import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * Serializes the state of a detached sink in the format of Flink's Kinesis sink, version 1 ({@code
 * KinesisStreamsStateSerializer}), so that either reads what the other saved: a job of a release before
 * or of Flink 2 has that sink itself.
 *
 * <p>A row is its payload and its key, which is the partition key. Flink's sink writes the length of a
 * key in characters where it reads bytes, so it can't restore keys that are not ASCII; this one can.
 */
final class DetachedStateSerializer implements SimpleVersionedSerializer<DetachedState> {
  private static final int VERSION = 1;

  /** Comes first in states of Flink's asynchronous sinks. */
  private static final long IDENTIFIER = -1;

  private static final int FIRST_BYTES = 1_024;

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(DetachedState state) throws IOException {
    DataOutputSerializer out = new DataOutputSerializer(FIRST_BYTES);
    out.writeLong(IDENTIFIER);
    out.writeInt(state.entries.size());
    for (Entry entry : state.entries) {
      out.writeLong(entry.payload.length);
      out.write(entry.payload);
      out.writeInt(entry.key.length);
      out.write(entry.key);
    }
    return out.getCopyOfBuffer();
  }

  @Override
  public DetachedState deserialize(int version, byte[] bytes) throws IOException {
    DataInputDeserializer in = new DataInputDeserializer(bytes);
    try {
      if (version != VERSION || in.readLong() != IDENTIFIER) {
        throw damaged("has version " + version + " or another beginning");
      }
      List<Entry> entries = new ArrayList<>();
      for (int rest = in.readInt(); rest > 0; rest--) {
        byte[] payload = read(in, in.readLong());
        entries.add(new Entry(read(in, in.readInt()), payload));
      }
      return new DetachedState(entries);
    } catch (EOFException end) {
      throw damaged("ends too early");
    }
  }

  private static byte[] read(DataInputDeserializer in, long length) throws IOException {
    if (length < 0 || length > in.available()) {
      throw damaged("has a row of " + length + " bytes");
    }
    byte[] bytes = new byte[(int) length];
    in.readFully(bytes);
    return bytes;
  }

  private static IOException damaged(String why) {
    return new IOException(
        "the saved state of a sink "
            + why
            + "; its rows are lost: start with --allow-dropped-state true and another sink stream, or"
            + " from an older savepoint");
  }
}
