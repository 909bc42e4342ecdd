package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntToLongFunction;
import org.junit.jupiter.api.Test;

/**
 * Whoever sends the transactions of one account chooses the order of their event times. No order
 * may cost more than three times as much as the order of time. Counts the steps of the indexes
 * ({@link Work}) instead of measuring time.
 */
class OutOfOrderCostTest {
  private static final long SECOND_MS = 1_000;
  private static final long HOUR_MS = 3_600 * SECOND_MS;
  private static final long DAY_MS = 24 * HOUR_MS;
  private static final int COUNT = 20_000;

  @Test
  void print() {
    for (long spanMs : new long[] {HOUR_MS, DAY_MS}) {
      for (int values : new int[] {1, 300, 1_000_000}) {
        double ordered = steps(order(spanMs, i -> i * spanMs / COUNT), values, false);
        System.out.println(spanMs + " " + values + " ordered " + ordered);
        List<IntToLongFunction> orders = orders(spanMs);
        for (int at = 0; at < orders.size(); at++) {
          double s = steps(order(spanMs, orders.get(at)), values, false);
          double l = steps(order(spanMs, orders.get(at)), values, true);
          System.out.printf("  %d: %.0f %.2f labelled %.0f%n", at, s, s / ordered, l);
        }
      }
    }
  }

  private static List<IntToLongFunction> orders(long spanMs) {
    long stepMs = spanMs / COUNT;
    Random random = new Random(1);
    return List.of(
        i -> i % 2 == 0 ? spanMs - i / 2 * stepMs : i / 2 * stepMs,
        i -> i % 2 == 0 ? DAY_MS + i * stepMs : 1 + i * stepMs,
        i -> spanMs - i * stepMs,
        i -> i % 1_000 * spanMs / 1_000,
        i -> spanMs - i % 1_000 * spanMs / 1_000,
        i -> (long) (random.nextDouble() * spanMs),
        i -> i == 0 ? DAY_MS : DAY_MS + i * stepMs - (long) (random.nextDouble() * (DAY_MS - 1)),
        i -> i % 100 == 0 ? (long) (random.nextDouble() * spanMs) : i * stepMs,
        i -> i == 0 ? spanMs : i * stepMs,
        i -> i % 9 == 0 ? i * stepMs : (i - 8) * stepMs,
        i -> spanMs);
  }

  private static long[] order(long spanMs, IntToLongFunction timeMs) {
    long[] times = new long[COUNT];
    for (int i = 0; i < COUNT; i++) {
      times[i] = timeMs.applyAsLong(i);
    }
    return times;
  }

  private static double steps(long[] timesMs, int values, boolean isLabelled) {
    List<WindowSpec> specs = WindowsBenchmark.catalogue();
    EntityWindows windows = Windows.account(specs, DAY_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    Meter meter = new Meter();
    Random random = new Random(2);
    for (int i = 0; i < timesMs.length; i++) {
      Event event = Windows.transaction(timesMs[i], i + 1, random.nextInt(1_000), Windows.width(specs));
      Windows.withText(event, Windows.DEVICE, 1 + random.nextInt(values));
      Windows.withText(event, Windows.MERCHANT, 1 + random.nextInt(values));
      if (random.nextInt(100) == 0) {
        Windows.with(event, Windows.LATITUDE, 10);
        Windows.with(event, Windows.LONGITUDE, 106);
      }
      windows.arrive(history, event);
      meter.read(history);
      if (isLabelled) {
        int some = random.nextInt(i + 1);
        long knownMs = timesMs[some] + random.nextInt((int) HOUR_MS);
        windows.label(history, Windows.label(timesMs[some], some + 1, true, knownMs));
        meter.read(history);
      }
    }
    return (double) meter.steps / timesMs.length;
  }

  /** Adds up the steps of a history's indexes, which are replaced now and then. */
  private static final class Meter {
    private HistoryIndex index;
    private Panes panes;
    private long indexSteps;
    private long paneSteps;
    private long steps;

    void read(History history) {
      if (history.count() > Limits.PRODUCTION.scannedRows) {
        HistoryIndex now = history.index(Limits.PRODUCTION);
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
