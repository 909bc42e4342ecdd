package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hand-made examples. In the drawings a column is a second and a digit is a transaction, numbered
 * in order of arrival; {@code (} is the open far edge of the last transaction's window, and
 * {@code ]} its closed near edge.
 */
class EntityWindowsTest {
  private static final double NULL = Double.NaN;
  private static final long LATENESS_MS = 100_000;

  /** The feature of the last of the transactions, which are given as seconds, amount, ... */
  private static double last(WindowSpec spec, double... secondsAndAmounts) {
    EntityWindows windows = Windows.account(List.of(spec), LATENESS_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    Event event = null;
    for (int at = 0; at < secondsAndAmounts.length; at += 2) {
      long timeMs = Math.round(secondsAndAmounts[at] * 1_000);
      event = Windows.transaction(timeMs, at + 1, secondsAndAmounts[at + 1], 1);
      windows.transaction(history, event);
    }
    return event.features[0];
  }

  private static WindowSpec amounts(Statistic statistic, long windowMs, long delayMs) {
    return Windows.spec(statistic, List.of(Windows.AMOUNT), windowMs, delayMs, 0);
  }

  @Test
  void exactlyTheWindowOldIsOut() {
    //  (----]
    //  1    2
    assertEquals(1, last(Windows.count(5_000, 0, 0), 0, 10, 5, 20));
    assertEquals(20, last(amounts(Statistic.SUM, 5_000, 0), 0, 10, 5, 20));
  }

  @Test
  void oneMillisecondLessIsIn() {
    //  (----]
    //   1   2
    assertEquals(2, last(Windows.count(5_000, 0, 0), 0.001, 10, 5, 20));
    assertEquals(30, last(amounts(Statistic.SUM, 5_000, 0), 0.001, 10, 5, 20));
  }

  @Test
  void aTieCountsAsZeroSeconds() {
    //       1
    //  (----2]
    WindowSpec previous = Windows.spec(Statistic.SECONDS_SINCE_PREVIOUS, List.of(), 5_000, 0, 0);
    assertEquals(0, last(previous, 3, 10, 3, 20));
    assertEquals(1.5, last(previous, 3, 10, 4.5, 20));
    assertEquals(NULL, last(previous, 3, 10), "none before");
    assertEquals(NULL, last(previous, 3, 10, 8, 20), "not in the window");
  }

  @Test
  void whatIsLaterThanAnEventOutOfOrderIsNotInItsWindow() {
    //  (----]
    //  1  3 4  2      4 sees 3, and itself: 1 is on the far edge, 2 is later
    assertEquals(2, last(Windows.count(5_000, 0, 0), 0, 1, 8, 2, 3, 4, 5, 8));
    assertEquals(12, last(amounts(Statistic.SUM, 5_000, 0), 0, 1, 8, 2, 3, 4, 5, 8));
    assertEquals(8, last(amounts(Statistic.MAX, 5_000, 0), 0, 1, 8, 99, 3, 4, 5, 8));
  }

  @Test
  void aLateEventCountsForThoseThatArriveAfterIt() {
    //     (----]
    //   1  3 2 4       3 came after 2; 4 sees 2, 3 and itself
    assertEquals(14, last(amounts(Statistic.SUM, 5_000, 0), 0, 1, 4, 2, 3, 4, 6, 8));
    WindowSpec previous = Windows.spec(Statistic.SECONDS_SINCE_PREVIOUS, List.of(), 5_000, 0, 0);
    assertEquals(2, last(previous, 0, 1, 4, 2, 3, 4, 6, 8), "since 2, not since the late 3");
  }

  @Test
  void aDelayedWindowEndsBeforeTheTransaction() {
    //  (----]..
    //  12   3 4       2 and 3 are in: 3 is on the near edge, 1 on the far one
    assertEquals(6, last(amounts(Statistic.SUM, 5_000, 2_000), 0, 1, 1, 2, 5, 4, 7, 8));
    assertEquals(0, last(amounts(Statistic.SUM, 5_000, 2_000), 7, 8), "itself is not");
    assertEquals(NULL, last(amounts(Statistic.MEAN, 5_000, 2_000), 7, 8));
    assertEquals(
        7 - 5,
        last(
            Windows.spec(Statistic.SECONDS_SINCE_PREVIOUS, List.of(), 5_000, 2_000, 0),
            5, 1, 6, 2, 7, 4),
        "since the newest in the window, 6 is not");
  }

  @Test
  void overNothingOrNullCountsAndSumsAreZeroAndTheRestIsNull() {
    assertEquals(0, last(amounts(Statistic.SUM, 5_000, 0), 1, NULL));
    assertEquals(0, last(amounts(Statistic.DISTINCT, 5_000, 0), 1, NULL));
    assertEquals(1, last(Windows.count(5_000, 0, 0), 1, NULL));
    for (Statistic statistic :
        List.of(
            Statistic.MEAN,
            Statistic.MIN,
            Statistic.MAX,
            Statistic.STD,
            Statistic.OCCURRENCES,
            Statistic.RATIO_TO_MEAN,
            Statistic.Z_SCORE)) {
      assertEquals(NULL, last(amounts(statistic, 5_000, 0), 1, NULL), statistic.name());
    }
  }

  @Test
  void nullAmountsAreLeftOut() {
    assertEquals(3, last(amounts(Statistic.MEAN, 5_000, 0), 1, 2, 2, NULL, 3, 4));
    assertEquals(2, last(amounts(Statistic.MIN, 5_000, 0), 1, 2, 2, NULL, 3, 4));
  }

  @Test
  void theDeviationIsThatOfASample() {
    assertEquals(NULL, last(amounts(Statistic.STD, 5_000, 0), 1, 2), "of one");
    assertEquals(0, last(amounts(Statistic.STD, 5_000, 0), 1, 0.1, 2, 0.1, 3, 0.1), "of equals");
    assertEquals(Math.sqrt(2), last(amounts(Statistic.STD, 5_000, 0), 1, 2, 2, 4), 1e-12);
  }

  @Test
  void theOwnValueIsComparedWithTheMean() {
    assertEquals(1.5, last(amounts(Statistic.RATIO_TO_MEAN, 5_000, 0), 1, 2, 2, 6));
    assertEquals(NULL, last(amounts(Statistic.RATIO_TO_MEAN, 5_000, 0), 1, -6, 2, 6), "mean 0");
    double std = Math.sqrt(2);
    assertEquals(1 / std, last(amounts(Statistic.Z_SCORE, 5_000, 0), 1, 2, 2, 4), 1e-12);
    assertEquals(NULL, last(amounts(Statistic.Z_SCORE, 5_000, 0), 1, 4, 2, 4), "deviation 0");
  }

  @Test
  void valuesAreCountedOnceAndOccurrencesEach() {
    assertEquals(2, last(amounts(Statistic.DISTINCT, 5_000, 0), 1, 7, 2, 8, 3, 7, 4, NULL));
    assertEquals(2, last(amounts(Statistic.OCCURRENCES, 5_000, 0), 1, 7, 2, 8, 3, 7));
    assertEquals(1, last(amounts(Statistic.DISTINCT, 5_000, 0), 1, 0.0, 2, -0.0), "one zero");
  }

  @Test
  void theLatestOnesAreListedNewestFirst() {
    WindowSpec spec = Windows.last(3, Windows.FEE, 5_000, 0);
    EntityWindows windows = Windows.account(List.of(spec), LATENESS_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    double[][] wanted = {
      {1, NULL, NULL, /* gaps */ NULL, NULL, NULL, /* fees */ 10, NULL, NULL},
      {2, 1, NULL, 1.5, NULL, NULL, 20, 10, NULL},
      {3, 2, 1, 0, 1.5, NULL, 30, 20, 10},
      // The first transaction is not in this window, so the gap of the second is unknown.
      {4, 3, 2, 3.5, 0, NULL, 40, 30, 20},
    };
    long[] timesMs = {0, 1_500, 1_500, 5_000};
    for (int i = 0; i < wanted.length; i++) {
      Event event = Windows.transaction(timesMs[i], i + 1, i + 1, 9);
      windows.transaction(history, Windows.with(event, Windows.FEE, 10 * (i + 1)));
      assertArrayEquals(wanted[i], event.features, "transaction " + (i + 1));
    }
  }

  private static Event at(double seconds, double latitude, double longitude) {
    Event event = Windows.transaction(Math.round(seconds * 1_000), 1, 1, 1);
    Windows.with(event, Windows.LATITUDE, latitude);
    return Windows.with(event, Windows.LONGITUDE, longitude);
  }

  private static double speed(Event... events) {
    WindowSpec spec =
        Windows.spec(
            Statistic.SPEED_KMH, List.of(Windows.LATITUDE, Windows.LONGITUDE), 3_600_000, 0, 0);
    EntityWindows windows = Windows.account(List.of(spec), LATENESS_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    for (Event event : events) {
      windows.transaction(history, event);
    }
    return events[events.length - 1].features[0];
  }

  @Test
  void theSpeedIsFromTheLatestOtherPlace() {
    double degreeKm = Math.PI * 6371.0088 / 180;
    assertEquals(NULL, speed(at(0, 10, 106)), "none before");
    assertEquals(2 * degreeKm, speed(at(0, 10, 106), at(1_800, 11, 106)), 1e-6);
    assertEquals(
        2 * degreeKm, speed(at(0, 10, 106), at(9, NULL, 3), at(1_800, 11, 106)), 1e-6, "no place");
    assertEquals(NULL, speed(at(0, 10, 106), at(1_800, 11, NULL)), "no place of its own");
    assertEquals(
        3_600 * degreeKm, speed(at(0, 10, 106), at(0, 11, 106)), 1e-6, "a second at least");
    assertEquals(NULL, speed(at(0, 10, 106), at(3_600, 11, 106)), "out of the window");
  }

  @Test
  void theNewestTimeLessReachAndLatenessIsForgotten() {
    // The reach is 5 s, the lateness 100 s: at 105 s, the first one is evicted and the second not.
    EntityWindows windows =
        Windows.account(List.of(Windows.count(5_000, 0, 0)), 100_000, Limits.PRODUCTION);
    History history = windows.newHistory();
    windows.transaction(history, Windows.transaction(0, 1, 1, 1));
    windows.transaction(history, Windows.transaction(1, 2, 1, 1));
    windows.transaction(history, Windows.transaction(105_000, 3, 1, 1));
    assertFalse(windows.remembers(history, 1));
    assertTrue(windows.remembers(history, 2));
    assertTrue(windows.remembers(history, 3));
    assertEquals(2, history.count());
  }

  @Test
  void anEventOlderThanAllThatIsKeptSeesItselfAndIsNotKept() {
    EntityWindows windows =
        Windows.account(List.of(Windows.count(5_000, 0, 0)), 1_000, Limits.PRODUCTION);
    History history = windows.newHistory();
    windows.transaction(history, Windows.transaction(100_000, 1, 1, 1));
    for (long id = 2; id < 5; id++) {
      Event old = Windows.transaction(10, id, 1, 1);
      assertTrue(windows.isLate(history, old));
      windows.transaction(history, old);
      assertEquals(1, old.features[0]);
      assertEquals(1, history.count());
    }
  }

  @Test
  void moreThanTheAllowedLatenessBehindTheNewestIsLate() {
    EntityWindows windows =
        Windows.account(List.of(Windows.count(5_000, 0, 0)), 1_000, Limits.PRODUCTION);
    History history = windows.newHistory();
    Event first = Windows.transaction(Long.MIN_VALUE / 8, 1, 1, 1);
    assertFalse(windows.isLate(history, first), "the first one never is");
    windows.transaction(history, Windows.transaction(50_000, 1, 1, 1));
    assertFalse(windows.isLate(history, Windows.transaction(49_000, 2, 1, 1)));
    assertTrue(windows.isLate(history, Windows.transaction(48_999, 2, 1, 1)));
    assertFalse(windows.isLate(history, Windows.transaction(99_000, 2, 1, 1)));
  }

  @Test
  void theAccountCountsNoLateTransactionAndNoDuplicateHoweverLateItIs() {
    EntityWindows windows =
        Windows.account(List.of(Windows.count(5_000, 0, 0)), 1_000, Limits.PRODUCTION);
    History history = windows.newHistory();
    assertEquals(Outcome.NEW, windows.arrive(history, Windows.transaction(9_000, 1, 1, 1)));
    assertEquals(Outcome.DUPLICATE, windows.arrive(history, Windows.transaction(9_000, 1, 1, 1)));
    assertEquals(Outcome.NEW, windows.arrive(history, Windows.transaction(10_001, 2, 1, 1)));
    assertEquals(Outcome.DUPLICATE, windows.arrive(history, Windows.transaction(9_000, 1, 1, 1)));
    assertEquals(
        Outcome.CONFLICTING_DUPLICATE,
        windows.arrive(history, Windows.transaction(8_999, 1, 1, 1)));
    assertEquals(Outcome.LATE, windows.arrive(history, Windows.transaction(9_000, 4, 1, 1)));
    Event third = Windows.transaction(10_001, 3, 1, 1);
    assertEquals(Outcome.NEW, windows.arrive(history, third));
    assertEquals(3, third.ordinals[Entity.ACCOUNT_ID.ordinal()]);
    assertEquals(3, third.features[0]);
  }

  @Test
  void aCopyOfATransactionThatIsNoLongerRememberedIsLate() {
    EntityWindows windows =
        Windows.account(List.of(Windows.count(5_000, 0, 0)), 1_000, Limits.PRODUCTION);
    History history = windows.newHistory();
    windows.arrive(history, Windows.transaction(9_000, 1, 1, 1));
    windows.arrive(history, Windows.transaction(14_999, 2, 1, 1));
    assertEquals(Outcome.DUPLICATE, windows.arrive(history, Windows.transaction(9_000, 1, 1, 1)));
    windows.arrive(history, Windows.transaction(15_000, 3, 1, 1));
    assertEquals(Outcome.LATE, windows.arrive(history, Windows.transaction(9_000, 1, 1, 1)));
  }

  /** Beyond 64 rows, ids are looked up in an index. */
  @ParameterizedTest
  @ValueSource(ints = {1, 200})
  void anIdWithOtherContentsConflictsWithTheFirstAndIsNotRemembered(int others) {
    EntityWindows windows =
        Windows.account(List.of(Windows.count(5_000, 0, 0)), 1_000, Limits.PRODUCTION);
    History history = windows.newHistory();
    for (int i = 1; i <= others; i++) {
      // In one millisecond: the time alone does not tell which is meant.
      windows.arrive(history, fingerprinted(9_000, 1_000 + i, 7));
    }
    assertEquals(Outcome.NEW, windows.arrive(history, fingerprinted(9_000, 1, 7)));
    for (int again = 0; again < 2; again++) {
      assertEquals(
          Outcome.CONFLICTING_DUPLICATE, windows.arrive(history, fingerprinted(9_000, 1, 8)));
      assertEquals(
          Outcome.CONFLICTING_DUPLICATE, windows.arrive(history, fingerprinted(9_001, 1, 7)));
      assertEquals(Outcome.DUPLICATE, windows.arrive(history, fingerprinted(9_000, 1, 7)));
    }
    assertEquals(others + 1, history.ordinal());
    assertEquals(9_000, history.newestMs(), "the refused one moved no window");
  }

  private static Event fingerprinted(long timeMs, long idHash, long fingerprint) {
    Event event = Windows.transaction(timeMs, idHash, 1, 1);
    event.fingerprint = fingerprint;
    return event;
  }

  @Test
  void otherEntitiesCountAllThatTheAccountLetThrough() {
    EntityWindows windows =
        Windows.merchant(List.of(Windows.count(5_000, 0, 0)), 1_000, 0, Limits.PRODUCTION);
    History history = windows.newHistory();
    for (long timeMs : new long[] {9_000, 9_000, 1_000}) {
      assertEquals(Outcome.NEW, windows.arrive(history, Windows.transaction(timeMs, 1, 1, 1)));
    }
    assertEquals(3, history.ordinal());
  }

  @Test
  void transactionsAreNumberedFromOneWhateverIsForgotten() {
    EntityWindows windows = Windows.account(List.of(), 0, Limits.PRODUCTION);
    assertEquals(1, windows.reachMs());
    History history = windows.newHistory();
    for (int i = 1; i <= 3; i++) {
      Event event = Windows.transaction(i * 1_000_000L, i, 1, 0);
      windows.transaction(history, event);
      assertEquals(i, event.ordinals[Entity.ACCOUNT_ID.ordinal()]);
      assertEquals(1, history.count());
    }
  }

  @Test
  void aStatisticOfNumbersRefusesAText() {
    WindowSpec spec = Windows.of(Statistic.SUM, Windows.DEVICE, 5_000, 0);
    assertThrows(
        IllegalArgumentException.class,
        () -> Windows.account(List.of(spec), 0, Limits.PRODUCTION));
  }
}
