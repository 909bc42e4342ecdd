package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fraudstream.kernel.features.Catalogues;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.Records;
import fraudstream.kernel.record.RefusedException;
import java.util.List;
import org.junit.jupiter.api.Test;

class HistoryReplayTest {
  /** 2026-01-02 04:00 UTC. */
  private static final long ARRIVAL_MS = 1_767_326_400_000L;

  private final OnlineFeatures online =
      new OnlineFeatures(
          Catalogues.json(
              Catalogues.window("count", "account_id", "count", "'window':'1h'"),
              Catalogues.window("of_device", "device_id", "count", "'window':'1h'")),
          1_000,
          0,
          60_000,
          0,
          HashKey.BATCH);
  private final HistoryReplay replay = new HistoryReplay(online);

  private static byte[] record(String id, String time, String device) {
    return Records.utf8(
        Records.json(
            "transaction_id", '"' + id + '"',
            "event_time", "\"2026-01-02T" + time + "Z\"",
            "device_id", device));
  }

  private static final List<byte[]> STREAM =
      List.of(
          record("T1", "03:00:00", "\"D1\""),
          record("T2", "03:00:20", "null"),
          record("T1", "03:00:00", "\"D1\""),
          record("T3", "03:00:10", "\"D1\""),
          record("T4", "02:50:00", "\"D1\""));

  @Test
  void outcomesAndProfilesAreThoseOfApplyingEachTransaction() throws Exception {
    byte[][] profiles = {null, null};
    for (byte[] record : STREAM) {
      OnlineFeatures.Result result =
          online.apply(online.transaction(record, ARRIVAL_MS), profiles);
      assertEquals(result.outcome, replay.add(record, ARRIVAL_MS));
      for (int at = 0; at < profiles.length; at++) {
        profiles[at] = result.profiles[at] == null ? profiles[at] : result.profiles[at];
      }
    }
    assertArrayEquals(new String[] {"A1"}, replay.ids(0));
    assertArrayEquals(new String[] {"D1"}, replay.ids(1));
    assertArrayEquals(profiles[0], replay.profile(0, "A1"));
    assertArrayEquals(profiles[1], replay.profile(1, "D1"));
    assertEquals(3, replay.ordinal(0, "A1"));
    assertEquals(2, replay.ordinal(1, "D1"));
  }

  @Test
  void aRefusedRecordIsInNoHistory() {
    byte[] broken = Records.utf8("{");
    assertThrows(RefusedException.class, () -> replay.add(broken, ARRIVAL_MS));
    assertEquals(0, replay.ids(0).length);
  }
}
