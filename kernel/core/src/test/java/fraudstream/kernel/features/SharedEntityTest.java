package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A merchant whose transactions come from many accounts, some of which have a wrong clock. */
class SharedEntityTest {
  private static final long MINUTE_MS = 60_000;
  private static final long HOUR_MS = 60 * MINUTE_MS;
  private static final long DAY_MS = 24 * HOUR_MS;
  private static final long FAR_MS = 26_000 * DAY_MS;
  private static final long START_MS = 1_000 * DAY_MS;
  private static final double OUT_OF_REACH = Double.NaN;

  private static final WindowSpec COUNT = Windows.count(HOUR_MS, 0, 0);
  private static final Limits LIMITS = new Limits();

  private EntityWindows windows = Windows.merchant(List.of(COUNT), HOUR_MS, DAY_MS, LIMITS);
  private History history = windows.newHistory();

  private Event arrive(long timeMs) {
    Event event = Windows.transaction(timeMs, timeMs, 1, 4);
    assertEquals(Outcome.NEW, windows.arrive(history, event));
    return event;
  }

  private double count(long timeMs) {
    Event event = arrive(timeMs);
    assertEquals(Double.isNaN(event.features[0]), event.isOutOfReach(Entity.MERCHANT_ID));
    return event.features[0];
  }

  /** Counts a transaction every minute; each must see those of the hour before it. */
  private long minutes(int count, long startMs) {
    for (int i = 0; i < count; i++) {
      assertEquals(Math.min(60, i + 1), count(startMs + i * MINUTE_MS), () -> "from " + startMs);
    }
    return startMs + count * MINUTE_MS;
  }

  @Test
  void anOutlierOfTheFutureEvictsNothingThatOthersNeed() {
    assertEquals(1, count(START_MS));
    assertEquals(2, count(START_MS + MINUTE_MS));
    assertEquals(1, count(FAR_MS));
    assertEquals(3, count(START_MS + 2 * MINUTE_MS));
    assertEquals(4, count(START_MS + 3 * MINUTE_MS));
    assertEquals(5, count(START_MS + 4 * MINUTE_MS));
  }

  @Test
  void evenTheFirstTransactionMayBeAnOutlier() {
    count(FAR_MS);
    minutes(100, START_MS);
  }

  @ParameterizedTest
  @ValueSource(longs = {2 * HOUR_MS, 23 * HOUR_MS, 25 * HOUR_MS, 48 * HOUR_MS, FAR_MS})
  void eightOutliersInARowChangeNoCount(long aheadMs) {
    windows = Windows.merchant(List.of(COUNT), 0, DAY_MS, LIMITS);
    long nextMs = minutes(100, START_MS);
    for (int i = 0; i < 8; i++) {
      arrive(nextMs + aheadMs + i * DAY_MS);
    }
    for (int i = 0; i < 100; i++) {
      assertEquals(60, count(nextMs + i * MINUTE_MS));
    }
  }

  @Test
  void anOutlierInEveryTwoTransactionsChangesNoCount() {
    minutes(100, START_MS);
    for (int i = 100; i < 200; i++) {
      arrive(START_MS + FAR_MS + i * HOUR_MS);
      assertEquals(60, count(START_MS + i * MINUTE_MS));
    }
  }

  @Test
  void whatIsOnTimeSeesAllOfItsWindowThoughTheFrontierIsAheadByTheTolerance() {
    minutes(100, START_MS);
    long nowMs = START_MS + 99 * MINUTE_MS;
    for (int i = 0; i < 9; i++) {
      arrive(nowMs + DAY_MS);
    }
    assertEquals(nowMs + DAY_MS, history.frontier().onTimeMs());
    assertEquals(61, count(nowMs));
    assertEquals(60 - 19, count(nowMs - HOUR_MS + 1), "late by less than the allowed lateness");
  }

  @Test
  void aTransactionBeyondTheHorizonHasNoFeaturesAndIsNotKept() {
    minutes(100, START_MS);
    long horizonMs = history.frontier().onTimeMs() - 2 * HOUR_MS - DAY_MS;
    int rows = history.count();
    assertEquals(OUT_OF_REACH, count(horizonMs));
    assertEquals(OUT_OF_REACH, count(horizonMs - FAR_MS));
    assertEquals(rows, history.count());
    assertEquals(102, history.ordinal(), "it counts as arrived");
    minutes(1, START_MS + 30 * DAY_MS);
  }

  @Test
  void anOldTransactionHasItsFeaturesWhileNothingThatTheyCoverIsLost() {
    minutes(100, START_MS);
    long horizonMs = history.frontier().onTimeMs() - 2 * HOUR_MS - DAY_MS;
    assertEquals(1, count(horizonMs + 1));
    assertEquals(2, count(horizonMs + 2));
    arrive(horizonMs);
    assertEquals(OUT_OF_REACH, count(horizonMs + 3));
    assertEquals(OUT_OF_REACH, count(horizonMs + HOUR_MS - 1), "it covers the lost one");
    assertEquals(5, count(horizonMs + HOUR_MS), "which sees those that were kept");
  }

  @Test
  void anEntityThatWasIdleForAYearContinues() {
    minutes(100, START_MS);
    long nextMs = minutes(100, START_MS + 365 * DAY_MS);
    assertTrue(history.timeMs(history.first()) > START_MS + 100 * MINUTE_MS, "the past is evicted");
    assertEquals(60, count(nextMs));
  }

  @Test
  void anEntityWithATransactionAMonthKeepsFewRows() {
    for (int i = 0; i < 100; i++) {
      assertEquals(1, count(START_MS + i * 30 * DAY_MS));
      assertTrue(history.count() <= Frontier.RISING);
    }
  }

  @Test
  void aFrontierThatAMajorityOfOutliersRaisedIsRepairedAndNoCountIsTooLowMeanwhile() {
    minutes(100, START_MS);
    long nowMs = START_MS + 99 * MINUTE_MS;
    for (int i = 0; i < 20; i++) {
      arrive(FAR_MS);
    }
    int missing = 0;
    for (int i = 1; i <= 200; i++) {
      double count = count(nowMs + i * MINUTE_MS);
      missing += Double.isNaN(count) ? 1 : 0;
      assertTrue(Double.isNaN(count) || count == 60);
    }
    assertTrue(missing >= 60 && missing < 80, missing + " are out of reach");
  }

  @Test
  void outliersThatWereCondensedBeforeTheFrontierCameBackDoNotHideTheRowsOfOthers() {
    Limits limits = new Limits();
    limits.exactRows = 16;
    limits.paneRows = 4;
    limits.exactMs = 0;
    windows = Windows.merchant(List.of(COUNT), HOUR_MS, DAY_MS, limits);
    minutes(10, START_MS);
    for (int i = 0; i < 60; i++) {
      arrive(START_MS + 40 * DAY_MS);
    }
    for (int i = 0; i < 100; i++) {
      assertEquals(OUT_OF_REACH, count(START_MS + 20 * DAY_MS + i * MINUTE_MS));
    }
    minutes(10, START_MS + 50 * DAY_MS);
  }

  @Test
  void outliersAheadAreKeptUpToALimitAndWhatIsNotKeptIsMissedNotMiscounted() {
    Limits limits = new Limits();
    limits.rowsAhead = 10;
    windows = Windows.merchant(List.of(COUNT), HOUR_MS, DAY_MS, limits);
    minutes(100, START_MS);
    for (int i = 100; i < 150; i++) {
      double ahead = count(FAR_MS + i - 100);
      assertEquals(i < 110 ? i - 99 : OUT_OF_REACH, ahead);
      assertEquals(60, count(START_MS + i * MINUTE_MS));
    }
    assertTrue(history.count() < 150 + 11);
    assertEquals(OUT_OF_REACH, count(FAR_MS + 49 + HOUR_MS - 1));
    assertFalse(arrive(START_MS + 150 * MINUTE_MS).isOutOfReach(Entity.MERCHANT_ID));
  }

  @Test
  void outliersAheadTakeNoRoomFromTheRowsThatAreExact() {
    Limits limits = new Limits();
    limits.exactRows = 64;
    limits.paneRows = 8;
    limits.exactMs = 0;
    windows = Windows.merchant(List.of(COUNT), HOUR_MS, DAY_MS, limits);
    for (int i = 0; i < 40; i++) {
      arrive(START_MS);
      arrive(FAR_MS);
    }
    minutes(1, START_MS + 2 * HOUR_MS);
    for (int i = 1; i < 60; i++) {
      assertEquals(i + 1, count(START_MS + 2 * HOUR_MS + i * MINUTE_MS / 2));
    }
  }

  @Test
  void anOutlierIsExactOverTheNewestHourOfTheOthers() {
    Limits limits = new Limits();
    limits.exactRows = 16;
    limits.paneRows = 4;
    limits.exactMs = HOUR_MS;
    windows = Windows.merchant(List.of(COUNT), HOUR_MS, DAY_MS, limits);
    arrive(FAR_MS);
    minutes(200, START_MS);
  }

  @Test
  void aLabelBeyondTheHorizonOrOneTooManyAheadDoesNotWait() {
    Limits limits = new Limits();
    limits.rowsAhead = 1;
    WindowSpec frauds = Windows.spec(Statistic.FRAUD_RATE, List.of(), HOUR_MS, 0, 0);
    windows = Windows.merchant(List.of(frauds), HOUR_MS, DAY_MS, limits);
    for (int i = 0; i < 20; i++) {
      arrive(START_MS);
    }
    long horizonMs = START_MS - 2 * HOUR_MS - DAY_MS;
    assertFalse(windows.label(history, Windows.label(horizonMs, 1, true, 0)));
    assertTrue(windows.label(history, Windows.label(horizonMs + 1, 1, true, 0)));
    assertTrue(windows.label(history, Windows.label(FAR_MS, 1, true, 0)));
    arrive(FAR_MS + 1);
    assertFalse(windows.label(history, Windows.label(FAR_MS + 2, 1, true, 0)));
  }

  @Test
  void whatAnOlderReleaseEvictedIsMissed() {
    history = historyOfLayoutThree(true);
    long nowMs = history.newestMs();
    assertEquals(OUT_OF_REACH, count(nowMs - HOUR_MS - 1));
    assertEquals(60 + 2, count(nowMs - HOUR_MS), "with these two");
    assertEquals(60 + 1, count(nowMs));
  }

  @Test
  void whatAnOlderReleaseStillHasIsUsedWhateverTheFrontier() {
    history = historyOfLayoutThree(false);
    assertEquals(1, count(START_MS - FAR_MS));
    assertEquals(2, count(START_MS));
  }

  /** Two hundred minutes before, of which an older release has evicted the first if asked to. */
  private History historyOfLayoutThree(boolean isEvicted) {
    long nextMs = minutes(isEvicted ? 201 : 10, START_MS);
    History older = history.copy();
    older.setFrontier(null);
    if (isEvicted) {
      older.evictUpTo(nextMs - MINUTE_MS - 2 * HOUR_MS);
    }
    return older;
  }
}
