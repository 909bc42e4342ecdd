package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.HashKey;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class ProfileFormatTest {
  private static final WindowSpec COUNT = Windows.count(1_000, 0, 0);
  private static final WindowSpec SUM = Windows.of(Statistic.SUM, Windows.AMOUNT, 1_000, 1);
  private static final WindowSpec FEES = Windows.of(Statistic.SUM, Windows.FEE, 1_000, 2);

  private static byte[] resource(String name) throws IOException {
    try (InputStream stream = ProfileFormatTest.class.getResourceAsStream("/golden/" + name)) {
      return stream.readAllBytes();
    }
  }

  private static ProfileFormat format(HistorySchema schema) {
    return new ProfileFormat(schema, HashKey.BATCH);
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }

  private static EntityWindows windows(WindowSpec... specs) {
    return Windows.account(List.of(specs), 1_000, Limits.PRODUCTION);
  }

  private static History send(EntityWindows windows, History history, Event event) {
    windows.transaction(history, Windows.with(event, Windows.FEE, 1));
    return history;
  }

  private static byte[] profile(EntityWindows windows) {
    History history = send(windows, windows.newHistory(), Windows.transaction(10, 1, 5, 3));
    return format(windows.schema()).write(history);
  }

  /** The bytes of the history and the schema are the same as in saved state. */
  @Test
  void aProfileIsWrittenByteForByteAsEver() throws IOException {
    byte[] schemaBytes = resource("snapshot-v3.bin");
    HistorySchema schema =
        HistorySchema.read(new DataInputStream(new ByteArrayInputStream(schemaBytes)));
    byte[] historyBytes = resource("history-v4.bin");
    byte[] key = ByteBuffer.allocate(8).putLong(HashKey.BATCH.fingerprint()).array();
    byte[] body = join(key, join(schemaBytes, historyBytes));
    CRC32 checksum = new CRC32();
    checksum.update(body);
    byte[] head = ByteBuffer.allocate(5).put((byte) 2).putInt((int) checksum.getValue()).array();

    ProfileFormat format = format(schema);
    History history = Windows.history(new HistoryFormat(schema), historyBytes);
    byte[] profile = format.write(history);
    assertArrayEquals(join(head, body), profile);
    assertArrayEquals(profile, format.write(format.read(profile)));
  }

  @Test
  void aProfileIsReadUnderAnotherCatalogueThanItsOwn() throws IOException {
    EntityWindows wider = windows(COUNT, SUM, FEES);
    History history = format(wider.schema()).read(profile(windows(COUNT, SUM)));
    Event event = Windows.transaction(20, 2, 7, 3);
    send(wider, history, event);
    assertArrayEquals(new double[] {2, 12, 1}, event.features, "the old fee is null");
  }

  @Test
  void aProfileIsWrittenInItsFormatsOwnSchemaAndTheHistoryIsLeftAsItIs() throws IOException {
    EntityWindows narrow = windows(COUNT, SUM);
    History history = send(narrow, narrow.newHistory(), Windows.transaction(10, 1, 5, 3));
    HistorySchema wider = windows(COUNT, SUM, FEES).schema();
    ProfileFormat format = format(wider);
    assertEquals(wider, format.read(format.write(history)).schema());
    assertEquals(narrow.schema(), history.schema());
  }

  @Test
  void anyDamageIsAnErrorThatSaysWhatToDo() {
    byte[] profile = profile(windows(COUNT, SUM));
    ProfileFormat format = format(windows(COUNT, SUM).schema());
    for (int at = 1; at < profile.length; at++) {
      byte[] flipped = profile.clone();
      flipped[at] ^= 4;
      byte[] cut = Arrays.copyOf(profile, at);
      for (byte[] damaged : List.of(flipped, cut)) {
        IOException error = assertThrows(IOException.class, () -> format.read(damaged));
        assertTrue(error.getMessage().contains("is damaged"), error.getMessage());
      }
    }
    assertThrows(IOException.class, () -> format.read(new byte[0]));
    assertThrows(IOException.class, () -> format.read(Arrays.copyOf(profile, profile.length + 1)));
  }

  @Test
  void aProfileOfAnotherKeyIsAnErrorThatNamesBothByTheirFingerprints() {
    HistorySchema schema = windows(COUNT, SUM).schema();
    HashKey other = HashKey.random();
    ProfileFormat format = new ProfileFormat(schema, other);
    IOException error =
        assertThrows(IOException.class, () -> format.read(profile(windows(COUNT, SUM))));
    String written = HashKey.shown(HashKey.BATCH.fingerprint());
    String own = HashKey.shown(other.fingerprint());
    assertEquals(
        "the profile was written with the hash key "
            + written
            + ", and this one is "
            + own
            + ": give the key of the job that the profiles belong to, or rebuild the store",
        error.getMessage());
  }

  @Test
  void anotherVersionIsAnErrorThatNamesBoth() {
    byte[] profile = profile(windows(COUNT, SUM));
    profile[0] = 1;
    ProfileFormat format = format(windows(COUNT, SUM).schema());
    IOException error = assertThrows(IOException.class, () -> format.read(profile));
    assertTrue(error.getMessage().contains("format version 1; this release reads version 2"));
  }
}
