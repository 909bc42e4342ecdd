package fraudstream.kernel.features;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** What saved histories keep, written once per state: {@link HistorySchema#write}. */
public final class HistorySerializerSnapshot implements TypeSerializerSnapshot<History> {
  private HistorySchema schema;

  /** For Flink, which reads it next. */
  public HistorySerializerSnapshot() {}

  HistorySerializerSnapshot(HistorySchema schema) {
    this.schema = schema;
  }

  @Override
  public int getCurrentVersion() {
    return HistorySerializer.VERSION;
  }

  @Override
  public void writeSnapshot(DataOutputView out) throws IOException {
    schema.write(out);
  }

  @Override
  public void readSnapshot(int readVersion, DataInputView in, ClassLoader userCodeClassLoader)
      throws IOException {
    if (readVersion != HistorySerializer.VERSION) {
      throw HistorySerializer.unknownVersion(readVersion);
    }
    schema = HistorySchema.read(in);
  }

  @Override
  public TypeSerializer<History> restoreSerializer() {
    return new HistorySerializer(schema);
  }

  @Override
  public TypeSerializerSchemaCompatibility<History> resolveSchemaCompatibility(
      TypeSerializerSnapshot<History> oldSerializerSnapshot) {
    if (!(oldSerializerSnapshot instanceof HistorySerializerSnapshot)) {
      return TypeSerializerSchemaCompatibility.incompatible();
    }
    HistorySchema old = ((HistorySerializerSnapshot) oldSerializerSnapshot).schema;
    return schema.equals(old)
        ? TypeSerializerSchemaCompatibility.compatibleAsIs()
        : TypeSerializerSchemaCompatibility.compatibleAfterMigration();
  }
}
