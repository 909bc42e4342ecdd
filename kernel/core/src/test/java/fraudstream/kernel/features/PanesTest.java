package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PanesTest {
  private static final long HOUR_MS = 3_600_000;
  private static final long DAY_MS = 24 * HOUR_MS;

  /** Limits with panes from 36 rows on, merged up to an eighth of the newer transactions. */
  private static Limits small() {
    Limits limits = new Limits();
    limits.blockRows = 4;
    limits.groupBlocks = 2;
    limits.scannedRows = 9;
    limits.movedRows = 1;
    limits.maxSavedMoves = 20;
    limits.exactRows = 32;
    limits.exactMs = 50;
    limits.mostExactRows = 64;
    limits.paneRows = 4;
    limits.paneShare = 8;
    return limits;
  }

  private static long between(List<Long> timesMs, long afterMs, long toMs) {
    return timesMs.stream().filter(timeMs -> timeMs > afterMs && timeMs <= toMs).count();
  }

  @Test
  void everyWindowIsExactForTheNewestTransactions() {
    List<WindowSpec> specs =
        List.of(
            Windows.count(30 * DAY_MS, 0, 0),
            Windows.of(Statistic.SUM, Windows.AMOUNT, 30 * DAY_MS, 1),
            Windows.of(Statistic.DISTINCT, Windows.AMOUNT, 30 * DAY_MS, 2),
            Windows.of(Statistic.OCCURRENCES, Windows.AMOUNT, 30 * DAY_MS, 3));
    EntityWindows windows = Windows.account(specs, DAY_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    double sum = 0;
    for (int i = 1; i <= 4_096; i++) {
      Event event = Windows.transaction(i * 60_000L, i, i % 1_000, 4);
      windows.transaction(history, event);
      sum += i % 1_000;
      assertEquals(i, event.features[0]);
      assertEquals(sum, event.features[1]);
      assertEquals(Math.min(i, 1_000), event.features[2]);
      assertEquals((i - 1) / 1_000 + 1, event.features[3]);
    }
    assertNull(history.panes());
  }

  @Test
  void theLastHourIsExactUpTo65536Transactions() {
    EntityWindows windows =
        Windows.account(List.of(Windows.count(DAY_MS, 0, 0)), DAY_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    for (int i = 1; i <= 65_536; i++) {
      windows.transaction(history, Windows.transaction(i * 50L, i, 1, 1));
    }
    assertNull(history.panes());
    for (int i = 1; i <= 200; i++) {
      windows.transaction(history, Windows.transaction(65_536 * 50L + i, i, 1, 1));
    }
    assertNotNull(history.panes());
    assertTrue(history.count() >= 65_536);
  }

  @Test
  void anEdgeIsOffByOneSixtyFourthOfWhatIsNewerAtMost() {
    List<WindowSpec> specs =
        List.of(
            Windows.count(HOUR_MS, 0, 0),
            Windows.count(DAY_MS, 0, 1),
            Windows.count(7 * DAY_MS, 0, 2),
            Windows.count(6 * DAY_MS, DAY_MS, 3),
            Windows.of(Statistic.SUM, Windows.AMOUNT, 7 * DAY_MS, 4),
            Windows.of(Statistic.DISTINCT, Windows.AMOUNT, 7 * DAY_MS, 5));
    EntityWindows windows = Windows.account(specs, DAY_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    List<Long> timesMs = new ArrayList<>();
    Random random = new Random(8);
    long nowMs = 0;
    for (int i = 0; i < 60_000; i++) {
      nowMs += random.nextInt(30_000);
      timesMs.add(nowMs);
      Event event = Windows.transaction(nowMs, i + 1, i % 100, 6);
      windows.transaction(history, event);
      if (i % 997 == 0) {
        for (int of = 0; of < 3; of++) {
          long exact = between(timesMs, nowMs - specs.get(of).windowMs, nowMs);
          double over = event.features[of] - exact;
          assertTrue(0 <= over && over <= exact / 64.0, over + " of " + exact);
        }
        assertEquals(
            between(timesMs, nowMs - HOUR_MS, nowMs), event.features[0], "the hour is exact");
        long newer = between(timesMs, nowMs - DAY_MS, nowMs);
        long all = between(timesMs, nowMs - 7 * DAY_MS, nowMs);
        double over = event.features[3] - (all - newer);
        assertTrue(-newer / 64.0 <= over && over <= all / 64.0, over + " when delayed");
        double mean = event.features[4] / event.features[2];
        assertEquals(mean, i < 5_000 ? mean : 49.5, 1.5);
        assertEquals(Math.min(i + 1, 100), event.features[5], 20);
      }
    }
  }

  @Test
  void memoryIsBounded() {
    List<WindowSpec> specs =
        List.of(
            Windows.of(Statistic.MEAN, Windows.AMOUNT, 400 * DAY_MS, 0),
            Windows.of(Statistic.DISTINCT, Windows.DEVICE, 400 * DAY_MS, 1));
    EntityWindows windows = Windows.account(specs, DAY_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    Event event = Windows.transaction(0, 1, 1, 2);
    for (int i = 0; i < 1_000_000; i++) {
      event.timeMs = i * 30_000L;
      event.idHash = i + 1;
      windows.transaction(history, Windows.withText(event, Windows.DEVICE, 1 + i % 50));
    }
    assertTrue(history.count() < 4_096 + 64, history.count() + " rows");
    assertTrue(history.capacity() < 4 * 4_096, "room for " + history.capacity());
    assertTrue(history.panes().count() < 700, history.panes().count() + " panes");
    assertEquals(1, event.features[0]);
    assertEquals(50, event.features[1], 13);
    event.timeMs += 1_000 * DAY_MS;
    windows.transaction(history, event);
    assertEquals(1, history.count());
    assertNull(history.panes());
    assertTrue(history.capacity() < 10, "the room is given back");
  }

  private static EntityWindows smallWindows() {
    return Windows.account(
        List.of(
            Windows.count(1_000, 0, 0),
            Windows.spec(Statistic.FRAUD_RATE, List.of(), 1_000, 0, 1),
            Windows.of(Statistic.SUM, Windows.AMOUNT, 1_000, 2),
            Windows.of(Statistic.DISTINCT, Windows.AMOUNT, 1_000, 3)),
        10_000,
        small());
  }

  private static Event send(EntityWindows windows, History history, long timeMs) {
    Event event = Windows.transaction(timeMs, timeMs, 1, 4);
    windows.transaction(history, event);
    return event;
  }

  @Test
  void aLateTransactionIsAddedToThePaneOfItsTime() {
    EntityWindows windows = smallWindows();
    History history = windows.newHistory();
    for (int i = 1; i <= 200; i++) {
      send(windows, history, 10 * i);
    }
    int rows = history.count();
    long lastMs = history.panes().lastMs();
    Event late = Windows.transaction(lastMs - 5, 9_999, 7, 4);
    windows.transaction(history, late);
    assertTrue(late.features[0] >= 1 + 70 && late.features[0] <= 101, "itself, and those before");
    assertEquals(late.features[0] - 1 + 7, late.features[2]);
    assertEquals(2, late.features[3], 0.1);
    assertEquals(rows, history.count());
    assertEquals(201, rows + condensed(history));
    assertEquals(lastMs, history.panes().lastMs());
    assertEquals(201, late.ordinals[0]);
  }

  private static long condensed(History history) {
    return history.panes().ranges().transactions(0, history.panes().count());
  }

  @Test
  void aTransactionBetweenPanesAndRowsIsARow() {
    EntityWindows windows = smallWindows();
    History history = windows.newHistory();
    for (int i = 1; i <= 36; i++) {
      send(windows, history, 10 * i);
    }
    assertEquals(32, history.count());
    assertEquals(37, send(windows, history, history.panes().lastMs()).features[0] + 32);
    assertEquals(33, history.count());
  }

  @Test
  void aCondensedTransactionIsNotRememberedByItsId() {
    EntityWindows windows = smallWindows();
    History history = windows.newHistory();
    for (int i = 1; i <= 36; i++) {
      send(windows, history, 10 * i);
    }
    assertEquals(false, windows.remembers(history, 40));
    assertEquals(true, windows.remembers(history, 50));
  }

  @Test
  void fraudsOfAPaneCountOnceAllOfThemAreKnown() {
    EntityWindows windows = smallWindows();
    History history = windows.newHistory();
    for (int i = 1; i <= 30; i++) {
      send(windows, history, 10 * i);
    }
    windows.label(history, Windows.label(10, 10, true, 20));
    for (int i = 31; i <= 60; i++) {
      send(windows, history, 10 * i);
    }
    assertEquals(1 / 61.0, send(windows, history, 610).features[1], 1e-12);
    windows.label(history, Windows.label(20, 20, true, 630));
    assertEquals(0, send(windows, history, 620).features[1], "one isn't known yet");
    assertEquals(2 / 63.0, send(windows, history, 630).features[1], 1e-12);
    windows.label(history, Windows.label(20, 20, false, 630));
    assertEquals(2 / 64.0, send(windows, history, 640).features[1], 1e-12, "marked for good");
  }

  /** Cached sums and sketches must equal those that are rebuilt after a restart. */
  @Test
  void aRestoredHistoryGoesOnAsTheOtherOne() throws IOException {
    List<WindowSpec> specs = new ArrayList<>();
    for (long windowMs : new long[] {20, 100, 400, 1_500}) {
      for (long delayMs : new long[] {0, 30, 200}) {
        for (Statistic statistic : List.of(Statistic.COUNT, Statistic.FRAUD_RATE)) {
          add(specs, statistic, List.of(), windowMs, delayMs);
        }
        add(specs, Statistic.STD, List.of(Windows.AMOUNT), windowMs, delayMs);
        add(specs, Statistic.MAX, List.of(Windows.FEE), windowMs, delayMs);
        add(specs, Statistic.DISTINCT, List.of(Windows.DEVICE), windowMs, delayMs);
        add(specs, Statistic.OCCURRENCES, List.of(Windows.DEVICE), windowMs, delayMs);
      }
    }
    for (int seed = 0; seed < 40; seed++) {
      goOn(specs, new Random(seed));
    }
  }

  private static void add(
      List<WindowSpec> specs,
      Statistic statistic,
      List<WindowColumn> columns,
      long windowMs,
      long delayMs) {
    specs.add(Windows.spec(statistic, columns, windowMs, delayMs, Windows.width(specs)));
  }

  private static void goOn(List<WindowSpec> specs, Random random) throws IOException {
    EntityWindows windows = Windows.account(specs, 500, small());
    HistoryFormat format = new HistoryFormat(windows.schema());
    History one = windows.newHistory();
    History other = windows.newHistory();
    long nowMs = 0;
    for (int i = 1; i <= 1_500; i++) {
      nowMs += random.nextInt(random.nextInt(200) == 0 ? 1_000 : 4);
      boolean isLate = random.nextInt(5) == 0;
      long timeMs = isLate ? nowMs - random.nextInt(random.nextInt(500) + 1) : nowMs;
      Event event = Windows.transaction(timeMs, i, random.nextInt(100), Windows.width(specs));
      Windows.with(event, Windows.FEE, random.nextInt(3) == 0 ? Double.NaN : random.nextInt(9));
      Windows.withText(event, Windows.DEVICE, random.nextInt(40));
      windows.transaction(one, event);
      double[] wanted = event.features.clone();
      windows.transaction(other, event);
      for (int at = 0; at < wanted.length; at++) {
        double tolerance = Double.isNaN(wanted[at]) ? 1 : 1e-12 + Math.abs(wanted[at]) * 1e-9;
        assertEquals(wanted[at], event.features[at], tolerance, specs.get(at).statistic.name());
      }
      if (random.nextInt(3) == 0) {
        long known = nowMs + random.nextInt(50) - 25;
        Event label = Windows.label(timeMs, i, random.nextInt(4) > 0, known);
        windows.label(one, label);
        windows.label(other, label);
      }
      if (random.nextInt(4) == 0) {
        other = Windows.history(format, Windows.bytes(format, other));
      }
    }
    assertNotNull(one.panes());
  }
}
