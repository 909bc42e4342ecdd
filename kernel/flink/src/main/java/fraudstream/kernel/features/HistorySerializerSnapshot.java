package fraudstream.kernel.features;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * The serializer snapshot: the schema of saved histories, written once per state ({@link
 * HistorySchema#write}).
 *
 * <p>Savepoints contain the fully qualified name of this class. Never rename or move it.
 */
public final class HistorySerializerSnapshot implements TypeSerializerSnapshot<History> {
  private HistorySchema schema;

  /** Required by Flink, which then calls {@link #readSnapshot}. */
  public HistorySerializerSnapshot() {}

  HistorySerializerSnapshot(HistorySchema schema) {
    this.schema = schema;
  }

  @Override
  public int getCurrentVersion() {
    return HistoryFormat.VERSION;
  }

  @Override
  public void writeSnapshot(DataOutputView out) throws IOException {
    schema.write(out);
  }

  @Override
  public void readSnapshot(int readVersion, DataInputView in, ClassLoader userCodeClassLoader)
      throws IOException {
    if (!HistoryFormat.isReadable(readVersion)) {
      throw HistoryFormat.unknownVersion(readVersion);
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
