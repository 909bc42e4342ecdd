package fraudstream.kernel.features;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Flink serializer of histories in keyed state, in the core's format ({@link HistoryFormat}). */
public final class HistorySerializer extends TypeSerializer<History> {
  private static final long serialVersionUID = 1L;

  private final HistoryFormat format;

  /** @param schema the schema of written histories; those with another schema are converted */
  public HistorySerializer(HistorySchema schema) {
    format = new HistoryFormat(schema);
  }

  @Override
  public void serialize(History history, DataOutputView target) throws IOException {
    format.write(history, target);
  }

  @Override
  public History deserialize(DataInputView source) throws IOException {
    return format.read(source);
  }

  @Override
  public History createInstance() {
    return new History(format.schema());
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
    format.write(format.read(source), target);
  }

  @Override
  public History deserialize(History reuse, DataInputView source) throws IOException {
    return format.read(source);
  }

  @Override
  public boolean isImmutableType() {
    return false;
  }

  /** Duplicates because the format has a buffer, which is not thread-safe. */
  @Override
  public TypeSerializer<History> duplicate() {
    return new HistorySerializer(format.schema());
  }

  /** Histories have no fixed length. */
  @Override
  public int getLength() {
    return -1;
  }

  @Override
  public TypeSerializerSnapshot<History> snapshotConfiguration() {
    return new HistorySerializerSnapshot(format.schema());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HistorySerializer
        && format.schema().equals(((HistorySerializer) other).format.schema());
  }

  @Override
  public int hashCode() {
    return format.schema().hashCode();
  }
}
