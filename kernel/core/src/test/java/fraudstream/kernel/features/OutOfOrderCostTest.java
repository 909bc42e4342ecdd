package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Event;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The sender of an account's transactions chooses the order of their event times. No order may
 * cost more than three times as much as the order of time. Counts the steps of the indexes ({@link
 * Work}) instead of measuring time; {@link OutOfOrderBenchmark} measures it.
 */
class OutOfOrderCostTest {
  private static final double MAX_RATIO = 3;
  private static final long HOUR_MS = 3_600_000;
  private static final long DAY_MS = 24 * HOUR_MS;
  private static final int COUNT = 12_000;
  private static final List<WindowSpec> SPECS = WindowsBenchmark.catalogue();

  /** All transactions of an hour are rows. */
  @Test
  void noOrderCostsThreeTimesTheOrderOfTimeIfAllRowsAreExact() {
    assertCheap(HOUR_MS, 300, false);
  }

  @Test
  void noOrderCostsThreeTimesTheOrderOfTimeIfAllRowsHaveTheSameValues() {
    assertCheap(HOUR_MS, 1, false);
  }

  @Test
  void noOrderCostsThreeTimesTheOrderOfTimeIfOneOfTwentyIsLabelled() {
    assertCheap(HOUR_MS, 300, true);
  }

  /** The newest 4,096 transactions of the day are rows; the others are condensed into panes. */
  @Test
  void noOrderCostsThreeTimesTheOrderOfTimeInADeepHistory() {
    assertCheap(DAY_MS, 300, false);
  }

  @Test
  void movingEveryRowWouldCostMore() {
    Limits limits = new Limits();
    limits.movedRows = COUNT;
    limits.maxSavedMoves = COUNT;
    double ordered = steps(EventTimeOrder.IN_ORDER, HOUR_MS, 300, false, limits);
    for (EventTimeOrder order :
        List.of(EventTimeOrder.ALTERNATING_ENDS, EventTimeOrder.RISING_SAWTOOTH)) {
      double ratio = steps(order, HOUR_MS, 300, false, limits) / ordered;
      assertTrue(ratio > 5 * MAX_RATIO, order.label + ": " + ratio);
    }
  }

  private static void assertCheap(long spanMs, int values, boolean isLabelled) {
    double ordered =
        steps(EventTimeOrder.IN_ORDER, spanMs, values, isLabelled, Limits.PRODUCTION);
    for (EventTimeOrder order : EventTimeOrder.values()) {
      double steps = steps(order, spanMs, values, isLabelled, Limits.PRODUCTION);
      assertTrue(
          steps <= MAX_RATIO * ordered,
          order.label + ": " + steps + " steps per transaction, in order " + ordered);
    }
  }

  /** The mean number of steps per transaction. */
  private static double steps(
      EventTimeOrder order, long spanMs, int values, boolean isLabelled, Limits limits) {
    EntityWindows windows = Windows.account(SPECS, DAY_MS, limits);
    History history = windows.newHistory();
    Meter meter = new Meter(limits);
    Random random = new Random(2);
    long[] timesMs = order.timesMs(COUNT, spanMs, DAY_MS);
    for (int i = 0; i < COUNT; i++) {
      Event event = transaction(timesMs[i], i + 1, values, random);
      assertEquals(Outcome.NEW, windows.arrive(history, event));
      meter.read(history);
      if (isLabelled && random.nextInt(20) == 0) {
        int some = random.nextInt(i + 1);
        long knownMs = timesMs[some] + random.nextInt((int) HOUR_MS);
        windows.label(history, Windows.label(timesMs[some], some + 1, true, knownMs));
        meter.read(history);
      }
    }
    return (double) meter.steps / COUNT;
  }

  private static Event transaction(long timeMs, long id, int values, Random random) {
    Event event = Windows.transaction(timeMs, id, random.nextInt(1_000), Windows.width(SPECS));
    Windows.withText(event, Windows.DEVICE, 1 + random.nextInt(values));
    Windows.withText(event, Windows.MERCHANT, 1 + random.nextInt(values));
    if (random.nextInt(100) == 0) {
      Windows.with(event, Windows.LATITUDE, 10);
      Windows.with(event, Windows.LONGITUDE, 106);
    }
    return event;
  }

  /** Adds up the steps of a history's indexes, which are replaced now and then. */
  private static final class Meter {
    private final Limits limits;
    private HistoryIndex index;
    private Panes panes;
    private long indexSteps;
    private long paneSteps;
    private long steps;

    Meter(Limits limits) {
      this.limits = limits;
    }

    void read(History history) {
      if (history.count() > limits.scannedRows) {
        HistoryIndex now = history.index(limits);
        steps += now.work.steps() - (now == index ? indexSteps : 0);
        index = now;
        indexSteps = now.work.steps();
      }
      Panes now = history.panes();
      if (now != null) {
        steps += now.work().steps() - (now == panes ? paneSteps : 0);
        panes = now;
        paneSteps = now.work().steps();
      }
    }
  }
}
