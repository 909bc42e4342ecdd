package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.apache.flink.api.common.typeutils.TypeSerializerSchemaCompatibility;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.junit.jupiter.api.Test;

class HistorySerializerTest {
  private static final WindowSpec COUNT = Windows.count(1_000, 0, 0);
  private static final WindowSpec SUM = Windows.of(Statistic.SUM, Windows.AMOUNT, 1_000, 1);
  private static final WindowSpec DEVICES =
      Windows.of(Statistic.DISTINCT, Windows.DEVICE, 1_000, 2);
  private static final WindowSpec FRAUDS =
      Windows.spec(Statistic.FRAUD_RATE, List.of(), 1_000, 0, 3);
  private static final WindowSpec FEES = Windows.of(Statistic.SUM, Windows.FEE, 1_000, 4);
  private static final WindowSpec MERCHANTS =
      Windows.of(Statistic.DISTINCT, Windows.MERCHANT, 1_000, 5);

  private static EntityWindows windows(WindowSpec... specs) {
    Limits limits = new Limits();
    limits.exactRows = 8;
    limits.exactMs = 0;
    limits.paneRows = 4;
    limits.paneShare = 2;
    limits.lagRows = 4;
    return Windows.account(List.of(specs), 1_000, limits);
  }

  private static EntityWindows golden() {
    return windows(COUNT, SUM, DEVICES, FRAUDS);
  }

  /** Two panes and eight rows, a fraud in each, and a label whose transaction isn't there. */
  private static History goldenHistory(EntityWindows windows) {
    History history = windows.newHistory();
    for (int i = 1; i <= 16; i++) {
      send(windows, history, i);
      if (i == 1 || i == 15) {
        windows.label(history, Windows.label(i * 10L, i, true, 200 + i));
      }
    }
    windows.label(history, Windows.label(1_234, 99, true, 1_300));
    return history;
  }

  private static Event send(EntityWindows windows, History history, int i) {
    Event event = Windows.transaction(i * 10L, i, 0.1 * i, 6);
    Windows.withText(event, Windows.DEVICE, 1_000 + i % 3);
    Windows.withText(event, Windows.MERCHANT, 1);
    windows.transaction(history, Windows.with(event, Windows.FEE, 1));
    return event;
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream = HistorySerializerTest.class.getResourceAsStream("/golden/" + name)) {
      return stream.readAllBytes();
    }
  }

  private static byte[] snapshot(EntityWindows windows) throws IOException {
    DataOutputSerializer target = new DataOutputSerializer(64);
    windows.serializer().snapshotConfiguration().writeSnapshot(target);
    return target.getCopyOfBuffer();
  }

  private static HistorySerializerSnapshot snapshotOf(byte[] bytes) throws IOException {
    HistorySerializerSnapshot snapshot = new HistorySerializerSnapshot();
    snapshot.readSnapshot(
        2, new DataInputDeserializer(bytes), HistorySerializerTest.class.getClassLoader());
    return snapshot;
  }

  @Test
  void savedStateIsWrittenByteForByteAsEver() throws IOException {
    EntityWindows windows = golden();
    assertArrayEquals(resource("snapshot-v2.bin"), snapshot(windows));
    byte[] bytes = Windows.bytes(windows.serializer(), goldenHistory(windows));
    assertArrayEquals(resource("history-v2.bin"), bytes);
  }

  @Test
  void savedStateIsReadWithAllThatIsInIt() throws IOException {
    HistorySerializer serializer =
        (HistorySerializer) snapshotOf(resource("snapshot-v2.bin")).restoreSerializer();
    History history = Windows.history(serializer, resource("history-v2.bin"));
    assertEquals(8, history.count());
    assertEquals(8, history.panes().ranges().transactions(0, history.panes().count()));
    assertEquals(16, history.ordinal());
    assertEquals(160, history.newestMs());
    assertEquals(1, history.pending().count());
    Event event = send(golden(), history, 30);
    assertEquals(17, event.ordinals[0]);
    assertEquals(17, event.features[0]);
    assertEquals(0.1 * (16 * 17 / 2 + 30), event.features[1], 1e-12);
    assertEquals(3, event.features[2], 0.1);
    assertEquals(2 / 17.0, event.features[3], 1e-12);
  }

  @Test
  void anUnknownLayoutIsRefused() throws IOException {
    String message =
        "saved state has layout version 3; this release reads version 2:"
            + " start from the release that wrote it, or without its state";
    byte[] bytes = resource("history-v2.bin");
    bytes[0] = 3;
    HistorySerializer serializer = golden().serializer();
    IOException refused =
        assertThrows(IOException.class, () -> Windows.history(serializer, bytes));
    assertEquals(message, refused.getMessage());
    refused =
        assertThrows(
            IOException.class,
            () ->
                new HistorySerializerSnapshot()
                    .readSnapshot(3, new DataInputDeserializer(new byte[9]), null));
    assertEquals(message, refused.getMessage());
  }

  @Test
  void theSameColumnsAreCompatibleInAnyOrder() throws IOException {
    HistorySerializerSnapshot saved = snapshotOf(snapshot(windows(SUM, DEVICES, FRAUDS)));
    EntityWindows same = windows(FRAUDS, DEVICES, COUNT, SUM);
    assertTrue(compatibility(saved, same).isCompatibleAsIs());
    assertEquals(saved.restoreSerializer(), same.serializer());
    assertEquals(saved.restoreSerializer().hashCode(), same.serializer().hashCode());
    for (EntityWindows other :
        List.of(windows(SUM, DEVICES), windows(SUM, FRAUDS), windows(SUM, DEVICES, FRAUDS, FEES))) {
      assertTrue(compatibility(saved, other).isCompatibleAfterMigration());
    }
  }

  private static TypeSerializerSchemaCompatibility<History> compatibility(
      HistorySerializerSnapshot saved, EntityWindows now) {
    return now.serializer().snapshotConfiguration().resolveSchemaCompatibility(saved);
  }

  @Test
  void aColumnThatIsNewIsNullInOldTransactions() throws IOException {
    EntityWindows wider = windows(COUNT, SUM, DEVICES, FRAUDS, FEES, MERCHANTS);
    History migrated = migrate(goldenHistory(golden()), wider);
    Event event = send(wider, migrated, 30);
    assertEquals(17, event.features[0]);
    assertEquals(0.1 * (16 * 17 / 2 + 30), event.features[1], 1e-12);
    assertEquals(2 / 17.0, event.features[3], 1e-12);
    assertEquals(1, event.features[4], "the fee of the new one");
    assertEquals(1, event.features[5], 0.1);
  }

  @Test
  void aColumnThatIsGoneIsDropped() throws IOException {
    EntityWindows narrower = windows(COUNT, DEVICES);
    History migrated = migrate(goldenHistory(golden()), narrower);
    assertEquals(2 + 1, migrated.schema().stride);
    assertNull(migrated.pending());
    Event event = send(narrower, migrated, 30);
    assertEquals(17, event.features[0]);
    assertEquals(3, event.features[2], 0.1);
    History back = migrate(migrated, golden());
    event = send(golden(), back, 31);
    assertEquals(3.1, event.features[1], 1e-12, "old amounts are gone");
    assertEquals(0, event.features[3], "and so are labels");
  }

  @Test
  void withoutIdsNothingIsRememberedAfterwards() throws IOException {
    EntityWindows withIds = windows(COUNT);
    EntityWindows without =
        new EntityWindows(Entity.DEVICE_ID, List.of(COUNT), false, 1_000);
    History history = without.newHistory();
    send(without, history, 1);
    assertFalse(without.remembers(history, 1));
    send(withIds, history, 2);
    assertFalse(withIds.remembers(history, 1));
    assertTrue(withIds.remembers(history, 2));
  }

  private static History migrate(History history, EntityWindows wanted) throws IOException {
    HistorySchema before = history.schema();
    byte[] bytes = Windows.bytes(wanted.serializer(), history);
    assertEquals(before, history.schema(), "it is left alone");
    return Windows.history(wanted.serializer(), bytes);
  }

  @Test
  void aCopyIsNotChangedWithTheHistory() throws IOException {
    EntityWindows windows = golden();
    HistorySerializer serializer = windows.serializer();
    History history = goldenHistory(windows);
    byte[] before = Windows.bytes(serializer, history);
    History copy = serializer.copy(history);
    assertNotSame(history, copy);
    for (int i = 17; i < 40; i++) {
      send(windows, history, i);
      windows.label(history, Windows.label(i * 10L - 100, i - 10, true, 1));
      windows.label(history, Windows.label(20, 2, true, 1));
    }
    windows.label(history, Windows.label(1_234, 99, false, 1_300));
    assertArrayEquals(before, Windows.bytes(serializer, copy));
    DataOutputSerializer target = new DataOutputSerializer(64);
    serializer.copy(new DataInputDeserializer(before), target);
    assertArrayEquals(before, target.getCopyOfBuffer());
  }

  @Test
  void anEmptyHistoryIsReadAsOne() throws IOException {
    EntityWindows windows = golden();
    HistorySerializer serializer = windows.serializer();
    byte[] bytes = Windows.bytes(serializer, serializer.createInstance());
    Event event = send(windows, Windows.history(serializer, bytes), 1);
    assertEquals(1, event.features[0]);
    assertEquals(1, event.ordinals[0]);
  }
}
