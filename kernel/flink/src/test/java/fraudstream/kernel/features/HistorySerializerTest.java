package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Entity;
import java.io.IOException;
import java.io.InputStream;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshotSerializationUtil;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

/** Uses the core's golden files, because Flink state has the same bytes. */
class HistorySerializerTest {
  private static final String SUM =
      Catalogues.window("a", "account_id", "sum", "'column':'transaction_amount_vnd','window':'1h'");
  private static final String DEVICES =
      Catalogues.window("b", "account_id", "distinct", "'column':'device_id','window':'1h'");

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream = HistorySerializerTest.class.getResourceAsStream("/golden/" + name)) {
      return stream.readAllBytes();
    }
  }

  private static HistorySerializerSnapshot golden(int version) throws IOException {
    HistorySerializerSnapshot snapshot = new HistorySerializerSnapshot();
    snapshot.readSnapshot(
        version,
        new DataInputDeserializer(resource("snapshot-v3.bin")),
        HistorySerializerTest.class.getClassLoader());
    return snapshot;
  }

  private static HistorySerializer serializer(String... features) {
    return new HistorySerializer(
        Catalogues.of(features).windows(Entity.ACCOUNT_ID, 0, 0).schema());
  }

  private static byte[] bytes(TypeSerializer<History> serializer, History history)
      throws IOException {
    DataOutputSerializer target = new DataOutputSerializer(64);
    serializer.serialize(history, target);
    return target.getCopyOfBuffer();
  }

  @Test
  void savedStateIsReadAndWrittenByteForByteAsEver() throws IOException {
    DataOutputSerializer schema = new DataOutputSerializer(64);
    golden(4).writeSnapshot(schema);
    assertArrayEquals(resource("snapshot-v3.bin"), schema.getCopyOfBuffer());
    byte[] saved = resource("history-v4.bin");
    TypeSerializer<History> serializer = golden(4).restoreSerializer();
    History history = serializer.deserialize(new DataInputDeserializer(saved));
    assertArrayEquals(saved, bytes(serializer, history));
    assertArrayEquals(saved, bytes(serializer, serializer.copy(history)));
    DataOutputSerializer copy = new DataOutputSerializer(64);
    serializer.copy(new DataInputDeserializer(saved), copy);
    assertArrayEquals(saved, copy.getCopyOfBuffer());
  }

  @Test
  void savedStateOfTheLayoutBeforeIsReadAndWrittenAsThisOne() throws IOException {
    TypeSerializer<History> serializer = golden(3).restoreSerializer();
    byte[] before = resource("history-v3.bin");
    History history = serializer.deserialize(new DataInputDeserializer(before));
    assertArrayEquals(resource("history-v4.bin"), bytes(serializer, history));
    assertTrue(
        golden(4).resolveSchemaCompatibility(golden(3)).isCompatibleAsIs(), "none is rewritten");
  }

  @Test
  void anUnknownLayoutIsRefused() throws IOException {
    HistorySerializerSnapshot snapshot = new HistorySerializerSnapshot();
    DataInputDeserializer anything = new DataInputDeserializer(new byte[9]);
    for (int version : new int[] {1, 2, 5}) {
      IOException refused =
          assertThrows(IOException.class, () -> snapshot.readSnapshot(version, anything, null));
      assertEquals(HistoryFormat.unknownVersion(version).getMessage(), refused.getMessage());
    }
    assertEquals(4, snapshot.getCurrentVersion());
  }

  /** Savepoints contain the class name; if it were renamed or moved they could not be read. */
  @Test
  void savedStateNamesTheSnapshotAsEver() throws IOException {
    DataOutputSerializer target = new DataOutputSerializer(64);
    TypeSerializerSnapshotSerializationUtil.writeSerializerSnapshot(
        target, serializer(SUM).snapshotConfiguration());
    byte[] saved = target.getCopyOfBuffer();
    DataInputDeserializer source = new DataInputDeserializer(saved);
    source.readInt(); // the version of Flink's own header
    assertEquals("fraudstream.kernel.features.HistorySerializerSnapshot", source.readUTF());
    TypeSerializerSnapshot<History> read =
        TypeSerializerSnapshotSerializationUtil.readSerializerSnapshot(
            new DataInputDeserializer(saved), getClass().getClassLoader());
    assertEquals(serializer(SUM), read.restoreSerializer());
  }

  @Test
  void theSameColumnsAreCompatibleInAnyOrderAndOthersAreMigrated() {
    HistorySerializerSnapshot saved = new HistorySerializerSnapshot(schemaOf(SUM, DEVICES));
    assertTrue(compatibility(saved, serializer(DEVICES, SUM)).isCompatibleAsIs());
    assertEquals(saved.restoreSerializer(), serializer(DEVICES, SUM));
    assertEquals(saved.restoreSerializer().hashCode(), serializer(DEVICES, SUM).hashCode());
    assertTrue(compatibility(saved, serializer(SUM)).isCompatibleAfterMigration());
  }

  private static HistorySchema schemaOf(String... features) {
    return Catalogues.of(features).windows(Entity.ACCOUNT_ID, 0, 0).schema();
  }

  private static TypeSerializerSchemaCompatibility<History> compatibility(
      HistorySerializerSnapshot saved, HistorySerializer now) {
    return now.snapshotConfiguration().resolveSchemaCompatibility(saved);
  }

  @Test
  void aSerializerTravelsToTheWorkersAndEachTaskGetsItsOwn()
      throws IOException, ClassNotFoundException {
    HistorySerializer serializer = serializer(SUM);
    bytes(serializer, serializer.createInstance());
    assertEquals(serializer, InstantiationUtil.clone(serializer));
    assertEquals(serializer, serializer.duplicate());
    assertNotSame(serializer, serializer.duplicate());
  }
}
