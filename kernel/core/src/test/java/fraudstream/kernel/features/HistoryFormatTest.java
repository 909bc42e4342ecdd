package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HistoryFormatTest {
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
    return Windows.account(List.of(specs), 1_000, limits);
  }

  private static EntityWindows golden() {
    return windows(COUNT, SUM, DEVICES, FRAUDS);
  }

  /** Two panes and eight rows, with a fraud in each part, and a label without its transaction. */
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
    event.fingerprint = 100 + i;
    Windows.withText(event, Windows.DEVICE, 1_000 + i % 3);
    Windows.withText(event, Windows.MERCHANT, 1);
    windows.transaction(history, Windows.with(event, Windows.FEE, 1));
    return event;
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream = HistoryFormatTest.class.getResourceAsStream("/golden/" + name)) {
      return stream.readAllBytes();
    }
  }

  private static HistoryFormat format(EntityWindows windows) {
    return new HistoryFormat(windows.schema());
  }

  private static byte[] schema(EntityWindows windows) throws IOException {
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    windows.schema().write(new DataOutputStream(target));
    return target.toByteArray();
  }

  private static HistorySchema schemaOf(byte[] bytes) throws IOException {
    return HistorySchema.read(new DataInputStream(new ByteArrayInputStream(bytes)));
  }

  @Test
  void savedStateIsWrittenByteForByteAsEver() throws IOException {
    EntityWindows windows = golden();
    assertArrayEquals(resource("snapshot-v3.bin"), schema(windows));
    byte[] bytes = Windows.bytes(format(windows), goldenHistory(windows));
    assertArrayEquals(resource("history-v4.bin"), bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"history-v3.bin", "history-v4.bin"})
  void savedStateIsReadWithAllThatIsInIt(String name) throws IOException {
    HistoryFormat format = new HistoryFormat(schemaOf(resource("snapshot-v3.bin")));
    History history = Windows.history(format, resource(name));
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

  /** A merchant with a frontier, a transaction lost behind it and one ahead. */
  private static History goldenMerchant(EntityWindows merchant) {
    History history = merchant.newHistory();
    for (int i = 0; i < 20; i++) {
      merchant.transaction(history, Windows.transaction(10_000L + i, 1, i, 1));
    }
    for (long timeMs : new long[] {1, 90_000, 80_000}) {
      merchant.transaction(history, Windows.transaction(timeMs, 1, 1, 1));
    }
    return history;
  }

  private static EntityWindows merchant() {
    Limits limits = new Limits();
    limits.rowsAhead = 1;
    return Windows.merchant(List.of(COUNT), 1_000, 500, limits);
  }

  @Test
  void savedStateOfASharedEntityIsWrittenByteForByteAsEver() throws IOException {
    byte[] bytes = Windows.bytes(format(merchant()), goldenMerchant(merchant()));
    assertArrayEquals(resource("merchant-v4.bin"), bytes);
  }

  @Test
  void aSharedEntityThatIsReadContinuesFromItsFrontierAndKnowsWhatItHasLost() throws IOException {
    HistoryFormat format = format(merchant());
    History history = Windows.history(format, resource("merchant-v4.bin"));
    assertEquals(10_013, history.frontier().onTimeMs());
    assertFalse(history.frontier().isComplete(1_000));
    assertTrue(history.frontier().isComplete(1_001));
    assertFalse(history.frontier().isComplete(80_000));
    assertArrayEquals(resource("merchant-v4.bin"), Windows.bytes(format, history.copy()));
    long[] scratch = new long[Frontier.RECENT];
    history.frontier().arrived(10_019, scratch);
    assertEquals(10_014, history.frontier().onTimeMs(), "it knows the latest event times");
  }

  @Test
  void anUnknownLayoutIsRefused() throws IOException {
    String message =
        "saved state has layout version 5; this release reads version 4:"
            + " start from the release that wrote it, or without its state";
    assertEquals(message, refusal(5));
  }

  @Test
  void aLayoutWithoutAKeyIsRefusedWithTheWayOn() throws IOException {
    String message =
        "saved state has layout version 2; this release reads version 4, whose ids and texts are"
            + " hashed with a key, unlike that one's. Start without the saved state, and read the"
            + " stream from before the longest window (start_position TRIM_HORIZON): alerts that"
            + " were delivered before are recognised";
    assertEquals(message, refusal(2));
  }

  private static String refusal(int version) throws IOException {
    byte[] bytes = resource("history-v3.bin");
    bytes[0] = (byte) version;
    return assertThrows(IOException.class, () -> Windows.history(format(golden()), bytes))
        .getMessage();
  }

  @Test
  void theSameColumnsAreTheSameSchemaInAnyOrder() throws IOException {
    HistorySchema saved = schemaOf(schema(windows(SUM, DEVICES, FRAUDS)));
    HistorySchema same = windows(FRAUDS, DEVICES, COUNT, SUM).schema();
    assertEquals(saved, same);
    assertEquals(saved.hashCode(), same.hashCode());
    for (EntityWindows other :
        List.of(windows(SUM, DEVICES), windows(SUM, FRAUDS), windows(SUM, DEVICES, FRAUDS, FEES))) {
      assertNotEquals(saved, other.schema());
    }
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
    assertEquals(3 + 1, migrated.schema().stride);
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
        Windows.merchant(List.of(COUNT), 1_000, 0, Limits.PRODUCTION);
    History history = without.newHistory();
    send(without, history, 1);
    assertFalse(without.remembers(history, 1));
    send(withIds, history, 2);
    assertFalse(withIds.remembers(history, 1));
    assertTrue(withIds.remembers(history, 2));
  }

  private static History migrate(History history, EntityWindows wanted) throws IOException {
    HistorySchema before = history.schema();
    byte[] bytes = Windows.bytes(format(wanted), history);
    assertEquals(before, history.schema(), "it is left alone");
    return Windows.history(format(wanted), bytes);
  }

  @Test
  void aCopyIsNotChangedWithTheHistory() throws IOException {
    EntityWindows windows = golden();
    HistoryFormat format = format(windows);
    History history = goldenHistory(windows);
    byte[] before = Windows.bytes(format, history);
    History copy = history.copy();
    assertNotSame(history, copy);
    for (int i = 17; i < 40; i++) {
      send(windows, history, i);
      windows.label(history, Windows.label(i * 10L - 100, i - 10, true, 1));
      windows.label(history, Windows.label(20, 2, true, 1));
    }
    windows.label(history, Windows.label(1_234, 99, false, 1_300));
    assertArrayEquals(before, Windows.bytes(format, copy));
  }

  @Test
  void anEmptyHistoryIsReadAsOne() throws IOException {
    EntityWindows windows = golden();
    HistoryFormat format = format(windows);
    byte[] bytes = Windows.bytes(format, windows.newHistory());
    Event event = send(windows, Windows.history(format, bytes), 1);
    assertEquals(1, event.features[0]);
    assertEquals(1, event.ordinals[0]);
  }
}
