package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.customers.CustomerRow;
import fraudstream.kernel.features.Catalogues;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.Records;
import fraudstream.kernel.record.Refusal;
import fraudstream.kernel.record.RefusedException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OnlineFeaturesTest {
  private static final int ACCOUNT = 0;
  private static final int DEVICE = 1;
  /** 2026-01-02 04:00 UTC. */
  private static final long ARRIVAL_MS = 1_767_326_400_000L;
  private static final byte[][] NONE = {null, null};

  private final OnlineFeatures online =
      new OnlineFeatures(
          Catalogues.json(
              Catalogues.row("hour", "hour", ""),
              Catalogues.window("count", "account_id", "count", "'window':'1h'"),
              Catalogues.window("of_device", "device_id", "count", "'window':'1h'"),
              Catalogues.window("frauds", "device_id", "fraud_rate", "'window':'1h'"),
              Catalogues.row("often", "above", "'of':['count'],'threshold':1")),
          1_000,
          0,
          60_000,
          0,
          HashKey.BATCH);

  private Event transaction(String id, String time) throws RefusedException {
    return transaction(online, id, time);
  }

  private static Event transaction(OnlineFeatures of, String id, String time)
      throws RefusedException {
    String json =
        Records.json(
            "transaction_id", '"' + id + '"',
            "event_time", "\"2026-01-02T" + time + "Z\"",
            "device_id", "\"D1\"");
    return of.transaction(Records.utf8(json), ARRIVAL_MS);
  }

  private Event label(String id, String time) throws RefusedException {
    String json =
        Records.label(
            "transaction_id", '"' + id + '"',
            "event_time", "\"2026-01-02T" + time + "Z\"",
            "available_at", "\"2026-01-02T" + time + "Z\"",
            "device_id", "\"D1\"");
    return online.label(Records.utf8(json));
  }

  // ---- entities and ids ----

  @Test
  void theEntitiesAndIdsAreInTheOrderOfTheJobsSteps() throws RefusedException {
    assertArrayEquals(new String[] {"account_id", "device_id"}, online.entities());
    assertArrayEquals(new String[] {"A1", "D1"}, online.ids(transaction("T1", "03:00:00")));
    assertArrayEquals(new String[] {"A1", "D1"}, online.ids(label("T1", "03:00:00")));
    Event bare = online.transaction(Records.utf8(Records.json()), ARRIVAL_MS);
    assertArrayEquals(new String[] {"A1", null}, online.ids(bare));
    assertEquals(5, online.width());
  }

  @Test
  void whatIsNoTransactionIsRefusedWithTheReason() {
    byte[] free = Records.utf8(Records.json("transaction_amount_vnd", "0"));
    RefusedException refused =
        assertThrows(RefusedException.class, () -> online.transaction(free, ARRIVAL_MS));
    assertEquals(Refusal.INVALID_AMOUNT, refused.refusal);
    byte[] early = Records.utf8(Records.json());
    refused = assertThrows(RefusedException.class, () -> online.transaction(early, 0));
    assertEquals(Refusal.FUTURE_TIME, refused.refusal);
    refused = assertThrows(RefusedException.class, () -> online.label(early));
    assertEquals(Refusal.MISSING_FIELD, refused.refusal);
    byte[] oversize = new byte[1_001];
    refused = assertThrows(RefusedException.class, () -> online.transaction(oversize, 0));
    assertEquals(Refusal.OVERSIZE, refused.refusal);
  }

  // ---- features ----

  @Test
  void aTransactionCountsItselfWhereNothingIsKnown() throws Exception {
    OnlineFeatures.Result result = online.evaluate(transaction("T1", "03:00:00"), NONE);
    assertEquals("new", result.outcome);
    assertArrayEquals(new double[] {10, 1, 1, 0, 0}, result.features);
    assertArrayEquals(new long[] {1, 1}, result.ordinals);
    assertNull(result.profiles);
  }

  @Test
  void anEntityWithoutAnIdHasNoFeaturesOrdinalOrProfile() throws Exception {
    Event bare = online.transaction(Records.utf8(Records.json()), ARRIVAL_MS);
    OnlineFeatures.Result result = online.apply(bare, NONE);
    assertArrayEquals(new double[] {10, 1, Double.NaN, Double.NaN, 0}, result.features);
    assertArrayEquals(new long[] {1, 0}, result.ordinals);
    assertNotNull(result.profiles[ACCOUNT]);
    assertNull(result.profiles[DEVICE]);
  }

  @Test
  void whatIsAppliedIsSeenByTheNextOneAndEvaluatingChangesNothing() throws Exception {
    byte[][] profiles = online.apply(transaction("T1", "03:00:00"), NONE).profiles;
    byte[][] before = {profiles[ACCOUNT].clone(), profiles[DEVICE].clone()};
    Event second = transaction("T2", "03:10:00");
    for (int i = 0; i < 3; i++) {
      OnlineFeatures.Result result = online.evaluate(second, profiles);
      assertArrayEquals(new double[] {10, 2, 2, 0, 1}, result.features);
      assertArrayEquals(new long[] {2, 2}, result.ordinals);
    }
    assertArrayEquals(before, profiles);
    OnlineFeatures.Result applied = online.apply(second, profiles);
    assertArrayEquals(new double[] {10, 2, 2, 0, 1}, applied.features);
    assertArrayEquals(before, profiles, "the new ones are others");
    assertEquals(3, online.evaluate(transaction("T3", "03:20:00"), applied.profiles).ordinals[0]);
  }

  @Test
  void aDuplicateHasNeitherFeaturesNorOrdinalsAndChangesNoProfile() throws Exception {
    byte[][] profiles = online.apply(transaction("T1", "03:00:00"), NONE).profiles;
    OnlineFeatures.Result result = online.apply(transaction("T1", "03:00:00"), profiles);
    assertEquals("duplicate", result.outcome);
    assertNull(result.features);
    assertNull(result.ordinals);
    assertArrayEquals(NONE, result.profiles);
  }

  @Test
  void aDuplicateIsEvaluatedAsOfItsEventTimeHoweverOldItIs() throws Exception {
    byte[][] profiles = online.apply(transaction("T1", "03:00:00"), NONE).profiles;
    profiles = online.apply(transaction("T2", "03:10:00"), profiles).profiles;
    OnlineFeatures.Result first = online.evaluate(transaction("T1", "03:00:00"), profiles);
    assertEquals("duplicate", first.outcome);
    assertArrayEquals(new double[] {10, 1, 1, 0, 0}, first.features);
    assertNull(first.ordinals);
    OnlineFeatures.Result second = online.evaluate(transaction("T2", "03:10:00"), profiles);
    assertArrayEquals(new double[] {10, 2, 2, 0, 1}, second.features);
  }

  @Test
  void aDuplicateIsFoundByItsTimeInAHistoryWithoutIds() throws Exception {
    OnlineFeatures counting =
        new OnlineFeatures(
            Catalogues.json(
                Catalogues.window("count", "account_id", "count", "'window':'1h'"),
                Catalogues.window("of_device", "device_id", "count", "'window':'1h'")),
            1_000,
            0,
            60_000,
            0,
            HashKey.BATCH);
    byte[][] profiles = counting.apply(transaction(counting, "T1", "03:00:00"), NONE).profiles;
    profiles = counting.apply(transaction(counting, "T2", "03:10:00"), profiles).profiles;
    profiles = counting.apply(transaction(counting, "T3", "03:20:00"), profiles).profiles;
    OnlineFeatures.Result second = counting.evaluate(transaction(counting, "T2", "03:10:00"), profiles);
    assertEquals("duplicate", second.outcome);
    assertArrayEquals(new double[] {2, 2}, second.features);
  }

  @Test
  void aDuplicateWhoseDeviceIsNotStoredHasNoneOfItsFeatures() throws Exception {
    byte[][] profiles = online.apply(transaction("T1", "03:00:00"), NONE).profiles;
    profiles[DEVICE] = null;
    OnlineFeatures.Result result = online.evaluate(transaction("T1", "03:00:00"), profiles);
    assertEquals("duplicate", result.outcome);
    assertArrayEquals(new double[] {10, 1, Double.NaN, Double.NaN, 0}, result.features);
    assertArrayEquals(new String[] {"device_id"}, result.outOfReach);
  }

  @Test
  void anIdThatComesAgainWithOtherContentsIsAConflictAndChangesNoProfile() throws Exception {
    byte[][] profiles = online.apply(transaction("T1", "03:00:00"), NONE).profiles;
    OnlineFeatures.Result result = online.apply(transaction("T1", "03:00:30"), profiles);
    assertEquals("conflicting_duplicate", result.outcome);
    assertNull(result.features);
    assertArrayEquals(NONE, result.profiles);
  }

  @Test
  void moreThanTheAllowedLatenessBehindItsAccountIsLate() throws Exception {
    byte[][] profiles = online.apply(transaction("T1", "03:10:00"), NONE).profiles;
    assertEquals("new", online.evaluate(transaction("T2", "03:09:00"), profiles).outcome);
    OnlineFeatures.Result late = online.apply(transaction("T3", "03:08:59.999"), profiles);
    assertEquals("late", late.outcome);
    assertNull(late.features);
    assertArrayEquals(NONE, late.profiles);
  }

  @Test
  void anOutlierOfADeviceChangesNothingForOthersAndOneOutOfReachIsNamed() throws Exception {
    byte[][] profiles = {null, null};
    for (int i = 10; i < 30; i++) {
      OnlineFeatures.Result result = online.apply(transaction("T" + i, "01:00:" + i), profiles);
      assertArrayEquals(new String[0], result.outOfReach);
      profiles[DEVICE] = result.profiles[DEVICE];
    }
    profiles[DEVICE] = online.apply(transaction("outlier", "03:59:00"), profiles).profiles[DEVICE];
    OnlineFeatures.Result result = online.evaluate(transaction("T", "01:01:00"), profiles);
    assertEquals(21, result.features[2]);
    Event old = online.transaction(Records.utf8(oldOfDevice()), ARRIVAL_MS);
    result = online.apply(old, profiles);
    assertArrayEquals(new String[] {"device_id"}, result.outOfReach);
    assertEquals(Double.NaN, result.features[2]);
    assertEquals(22, result.ordinals[DEVICE]);
  }

  private static String oldOfDevice() {
    return Records.json("event_time", "\"2025-12-31T03:00:00Z\"", "device_id", "\"D1\"");
  }

  // ---- metadata ----

  @Test
  void metadataAreFeaturesOfTheirCustomerAndNoPartOfTheTransactionsIdentity() throws Exception {
    Map<String, CustomerRow> rows = new HashMap<>();
    rows.put("C1", CustomerRow.of("private", "2", "2026-01-01", "v1"));
    OnlineFeatures known =
        new OnlineFeatures(
            Catalogues.json(
                Catalogues.row("level", "value", "'column':'customer_kyc_level'"),
                Catalogues.row("days", "value", "'column':'customer_relationship_days'"),
                Catalogues.row("is_p", "equals", "'column':'customer_segment','text':'private'"),
                Catalogues.window(
                    "w", "account_id", "sum", "'column':'customer_kyc_level','window':'1h'")),
            1_000,
            0,
            60_000,
            0,
            HashKey.BATCH,
            rows::get);
    byte[] json =
        Records.utf8(Records.json("customer_id", "\"C1\"", "customer_segment", "\"sent\""));
    Event event = known.transaction(json, ARRIVAL_MS);
    assertEquals("v1", event.metadataVersion);
    byte[][] profiles = {null};
    OnlineFeatures.Result first = known.apply(event, profiles);
    assertArrayEquals(new double[] {2, 1, 1, 2}, first.features);
    rows.put("C1", CustomerRow.of("mass", "3", "2025-12-31", "v2"));
    Event again = known.transaction(json, ARRIVAL_MS);
    assertEquals("v2", again.metadataVersion);
    assertEquals("duplicate", known.apply(again, first.profiles).outcome);
    Event bare = known.transaction(Records.utf8(Records.json()), ARRIVAL_MS);
    assertNull(bare.metadataVersion);
    assertArrayEquals(
        new double[] {Double.NaN, Double.NaN, Double.NaN, 0},
        known.evaluate(bare, profiles).features);
  }

  // ---- labels ----

  @Test
  void aLabelChangesTheProfilesWhoseWindowsAskForIt() throws Exception {
    byte[][] profiles = online.apply(transaction("T1", "03:00:00"), NONE).profiles;
    byte[][] labelled = online.applyLabel(label("T1", "03:00:00"), profiles);
    assertNull(labelled[ACCOUNT]);
    profiles[DEVICE] = labelled[DEVICE];
    OnlineFeatures.Result result = online.evaluate(transaction("T2", "03:10:00"), profiles);
    assertArrayEquals(new double[] {10, 2, 2, 0.5, 1}, result.features);
  }

  // ---- invalid calls ----

  @Test
  void eachEntityMustHaveAPlaceForItsProfile() throws Exception {
    Event event = transaction("T1", "03:00:00");
    IllegalArgumentException wrong =
        assertThrows(
            IllegalArgumentException.class, () -> online.evaluate(event, new byte[1][]));
    assertTrue(wrong.getMessage().contains("account_id, device_id"), wrong.getMessage());
  }

  @Test
  void aLabelIsNoTransactionAndATransactionNoLabel() throws Exception {
    Event transaction = transaction("T1", "03:00:00");
    Event label = label("T1", "03:00:00");
    assertThrows(IllegalArgumentException.class, () -> online.apply(label, NONE));
    assertThrows(IllegalArgumentException.class, () -> online.applyLabel(transaction, NONE));
  }

  @Test
  void aDamagedProfileIsAnError() throws Exception {
    Event event = transaction("T1", "03:00:00");
    byte[][] damaged = {new byte[] {1, 2, 3}, null};
    assertThrows(IOException.class, () -> online.evaluate(event, damaged));
  }
}
