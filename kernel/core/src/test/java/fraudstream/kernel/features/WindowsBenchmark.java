package fraudstream.kernel.features;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Event;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Benchmark of the processor time per transaction and the size of histories. Not a test, but a main
 * class; run it with the test class path.
 */
final class WindowsBenchmark {
  private static final long SECOND_MS = 1_000;
  private static final long HOUR_MS = 3_600 * SECOND_MS;
  private static final long DAY_MS = 24 * HOUR_MS;
  private static final long[] WINDOWS_MS = {300_000, HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS};

  private WindowsBenchmark() {}

  /** Count, sum, mean, max and std of the amount over five windows, and sixteen others. */
  static List<WindowSpec> catalogue() {
    List<WindowSpec> specs = new ArrayList<>();
    for (long windowMs : WINDOWS_MS) {
      specs.add(Windows.count(windowMs, 0, Windows.width(specs)));
      for (Statistic statistic :
          List.of(Statistic.SUM, Statistic.MEAN, Statistic.MAX, Statistic.STD)) {
        specs.add(Windows.of(statistic, Windows.AMOUNT, windowMs, Windows.width(specs)));
      }
    }
    add(specs, Statistic.SECONDS_SINCE_PREVIOUS, List.of(), 30 * DAY_MS, 0);
    add(specs, Statistic.DISTINCT, List.of(Windows.DEVICE), DAY_MS, 0);
    add(specs, Statistic.DISTINCT, List.of(Windows.DEVICE), 30 * DAY_MS, 0);
    add(specs, Statistic.DISTINCT, List.of(Windows.MERCHANT), HOUR_MS, 0);
    add(specs, Statistic.DISTINCT, List.of(Windows.MERCHANT), 7 * DAY_MS, 0);
    add(specs, Statistic.OCCURRENCES, List.of(Windows.DEVICE), 30 * DAY_MS, 0);
    add(specs, Statistic.OCCURRENCES, List.of(Windows.MERCHANT), 30 * DAY_MS, 0);
    add(specs, Statistic.SUM, List.of(Windows.FEE), DAY_MS, 0);
    add(specs, Statistic.MEAN, List.of(Windows.FEE), 7 * DAY_MS, 0);
    add(specs, Statistic.RATIO_TO_MEAN, List.of(Windows.AMOUNT), 30 * DAY_MS, 0);
    add(specs, Statistic.Z_SCORE, List.of(Windows.AMOUNT), 29 * DAY_MS, DAY_MS);
    add(specs, Statistic.COUNT, List.of(), 7 * DAY_MS, DAY_MS);
    add(specs, Statistic.MIN, List.of(Windows.AMOUNT), 7 * DAY_MS, 0);
    add(specs, Statistic.SPEED_KMH, List.of(Windows.LATITUDE, Windows.LONGITUDE), DAY_MS, 0);
    add(specs, Statistic.FRAUD_RATE, List.of(), 30 * DAY_MS, 0);
    specs.add(Windows.last(5, Windows.FEE, 30 * DAY_MS, Windows.width(specs)));
    return specs;
  }

  private static void add(
      List<WindowSpec> specs,
      Statistic statistic,
      List<WindowColumn> columns,
      long windowMs,
      long delayMs) {
    specs.add(Windows.spec(statistic, columns, windowMs, delayMs, Windows.width(specs)));
  }

  public static void main(String[] arguments) {
    for (int round = 0; round < 2; round++) {
      run("20 accounts of 20 to 100 rows", 20, 400_000, 2_000, 0);
      run("2,000 such accounts", 2_000, 400_000, 2_000, 0);
      run("one account, 4,096 rows and panes", 1, 600_000, 10_000, 0);
      run("the same, 2 % a little late", 1, 600_000, 10_000, 60_000);
      run("one account, 65,536 rows and panes", 1, 600_000, 5, 0);
      run("the same, 2 % a little late", 1, 600_000, 5, 1_000);
    }
    for (int rows : new int[] {1, 10, 50}) {
      measureBytes(rows);
    }
  }

  /**
   * Measures the processor time of the second half of the transactions, including their creation
   * (0.1 us each). Transactions are {@code stepMs} apart and at most {@code lateMs} late.
   */
  private static void run(String name, int accounts, int count, long stepMs, int lateMs) {
    List<WindowSpec> specs = catalogue();
    EntityWindows windows = Windows.account(specs, DAY_MS, Limits.PRODUCTION);
    History[] histories = new History[accounts];
    for (int account = 0; account < accounts; account++) {
      histories[account] = windows.newHistory();
    }
    Random random = new Random(1);
    Event event = Windows.transaction(0, 1, 0, Windows.width(specs));
    // Spread transactions so that each account ends with 20 to 100 rows within the reach.
    long spacingMs = accounts == 1 ? stepMs : 30 * DAY_MS / (60L * accounts);
    long beginNs = 0;
    for (int i = 0; i < count; i++) {
      double skew = random.nextDouble();
      int account = (int) (accounts * (skew * 0.7 + skew * skew * 0.3));
      fill(event, i, i * spacingMs, random);
      if (lateMs > 0 && random.nextInt(50) == 0) {
        event.timeMs -= random.nextInt(lateMs);
      }
      beginNs = i == count / 2 ? cpuNs() : beginNs;
      windows.remembers(histories[account], event.idHash);
      windows.transaction(histories[account], event);
    }
    long spentNs = cpuNs() - beginNs;
    long rows = 0;
    long panes = 0;
    for (History history : histories) {
      rows += history.count();
      panes += history.panes() == null ? 0 : history.panes().count();
    }
    System.out.printf(
        "%-36s %,6d ns a transaction (%,d rows, %,d panes a history)%n",
        name, spentNs / (count - count / 2), rows / accounts, panes / accounts);
  }

  private static long cpuNs() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static void fill(Event event, int i, long timeMs, Random random) {
    event.timeMs = timeMs;
    event.idHash = 0x9E3779B97F4A7C15L * (i + 1);
    Windows.with(event, Windows.AMOUNT, random.nextInt(100_000_000));
    Windows.with(event, Windows.FEE, random.nextInt(10) == 0 ? Double.NaN : random.nextInt(10_000));
    Windows.withText(event, Windows.DEVICE, (1 + random.nextInt(3)) * 0x5851F42D4C957F2DL);
    Windows.withText(event, Windows.MERCHANT, (1 + random.nextInt(500)) * 0x5851F42D4C957F2DL);
    Windows.with(event, Windows.LATITUDE, 10 + random.nextDouble());
    Windows.with(event, Windows.LONGITUDE, 106 + random.nextDouble());
  }

  private static void measureBytes(int rows) {
    List<WindowSpec> specs = catalogue();
    EntityWindows windows = Windows.account(specs, DAY_MS, Limits.PRODUCTION);
    Event event = Windows.transaction(0, 1, 0, Windows.width(specs));
    Random random = new Random(1);
    int histories = 1_000_000 / rows / 5;
    History[] all = new History[histories];
    long beforeBytes = usedBytes();
    for (int account = 0; account < histories; account++) {
      all[account] = windows.newHistory();
      for (int row = 0; row < rows; row++) {
        fill(event, row, row * 1_000L, random);
        windows.remembers(all[account], event.idHash);
        windows.transaction(all[account], event);
      }
    }
    long bytes = (usedBytes() - beforeBytes) / histories;
    System.out.printf(
        "%d rows of %d words: %,d bytes a history%n", rows, all[0].schema().stride, bytes);
  }

  private static long usedBytes() {
    for (int i = 0; i < 4; i++) {
      System.gc();
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
