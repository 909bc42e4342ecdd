package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Compares each feature of each transaction in random streams with {@link NaiveWindows}. */
class EntityWindowsPropertyTest {
  private static final long[] WINDOWS_MS = {1, 7, 20, 60, 200, 1_000};
  private static final long[] DELAYS_MS = {0, 0, 0, 5, 30};
  private static final double[] HOSTILE = {
    1, 1e18, -1e18, 1e18 + 128, 1e18 + 256, 0.1, -0.3, 0, -0.0, 1e-9, Double.NaN, 123_456.78
  };

  /** Limits small enough for the random streams to exceed them. */
  private static Limits small() {
    Limits limits = new Limits();
    limits.blockRows = 4;
    limits.groupBlocks = 2;
    limits.scannedRows = 9;
    limits.scannedIds = 6;
    limits.movedRows = 1;
    limits.maxSavedMoves = 20;
    limits.rowsAhead = 5;
    return limits;
  }

  @Test
  void shortStreamsHaveTheValuesOfTheirDefinition() throws IOException {
    for (int seed = 0; seed < 1_500; seed++) {
      new Stream(seed, 30, Limits.PRODUCTION).run();
    }
  }

  @Test
  void streamsPastEveryLimitHaveTheValuesOfTheirDefinition() throws IOException {
    int outOfReach = 0;
    for (int seed = 0; seed < 1_000; seed++) {
      Stream stream = new Stream(100_000 + seed, 80, small());
      stream.run();
      outOfReach += stream.outOfReach;
    }
    assertTrue(outOfReach > 1_000, outOfReach + " transactions are out of reach");
  }

  @Test
  void longStreamsHaveTheValuesOfTheirDefinition() throws IOException {
    for (int seed = 0; seed < 4; seed++) {
      new Stream(200_000 + seed, 700, Limits.PRODUCTION).run();
    }
  }

  private static final class Stream {
    private final int seed;
    private final int length;
    private final Random random;
    private final List<WindowSpec> specs;
    private final EntityWindows windows;
    private final NaiveWindows naive;
    private final boolean isHostile;
    private final boolean isSlow;

    /** One of so many transactions is out of order. */
    private final int lateShare;

    /** One of so many transactions is an outlier; 0 for none. */
    private final int outlierShare;

    private final List<Event> sent = new ArrayList<>();
    private int outOfReach;
    private History history;
    private long nowMs = 1_000_000;
    private long nextMs = nowMs;

    Stream(int seed, int length, Limits limits) {
      this.seed = seed;
      this.length = length;
      random = new Random(seed);
      specs = specs();
      isHostile = random.nextBoolean();
      isSlow = random.nextBoolean();
      lateShare = new int[] {8, 8, 2, 1}[random.nextInt(4)];
      long latenessMs = random.nextInt(3) * 25L;
      Entity entity = Entity.values()[random.nextInt(Entity.COUNT)];
      long toleranceMs = random.nextInt(3) * 20L;
      outlierShare = new int[] {0, 0, 25, 6, 3}[random.nextInt(5)];
      windows =
          new EntityWindows(
              entity, specs, random.nextBoolean(), latenessMs, toleranceMs, limits);
      naive = new NaiveWindows(specs, entity, latenessMs, toleranceMs, limits.rowsAhead);
      history = windows.newHistory();
    }

    private List<WindowSpec> specs() {
      List<WindowSpec> made = new ArrayList<>();
      int offset = 0;
      int count = 3 + random.nextInt(14);
      for (int i = 0; i < count; i++) {
        Statistic statistic = Statistic.values()[random.nextInt(Statistic.values().length)];
        int n = statistic == Statistic.LAST_N ? 1 + random.nextInt(4) : 0;
        long windowMs = WINDOWS_MS[random.nextInt(WINDOWS_MS.length)];
        long delayMs = DELAYS_MS[random.nextInt(DELAYS_MS.length)];
        WindowSpec spec =
            new WindowSpec(statistic, columns(statistic), windowMs, delayMs, n, offset);
        made.add(spec);
        offset += spec.width();
      }
      return made;
    }

    private List<WindowColumn> columns(Statistic statistic) {
      WindowColumn number = random.nextInt(3) > 0 ? Windows.AMOUNT : Windows.FEE;
      WindowColumn any =
          List.of(Windows.DEVICE, Windows.MERCHANT, Windows.AMOUNT).get(random.nextInt(3));
      switch (statistic) {
        case COUNT:
        case SECONDS_SINCE_PREVIOUS:
        case FRAUD_RATE:
          return List.of();
        case DISTINCT:
        case OCCURRENCES:
          return List.of(any);
        case SPEED_KMH:
          return List.of(Windows.LATITUDE, Windows.LONGITUDE);
        case LAST_N:
          return List.of(Windows.AMOUNT, Windows.FEE);
        default:
          return List.of(number);
      }
    }

    void run() throws IOException {
      for (int i = 0; i < length; i++) {
        if (random.nextInt(4) == 0) {
          label();
        }
        transaction(i + 1);
        if (random.nextInt(20) == 0) {
          HistoryFormat format = new HistoryFormat(windows.schema());
          history =
              random.nextBoolean()
                  ? Windows.history(format, Windows.bytes(format, history))
                  : history.copy();
        }
      }
    }

    private void transaction(long id) {
      Event event = Windows.transaction(nextMs, id, number(), Windows.width(specs));
      nowMs += random.nextInt(isSlow ? 12 : 4) - 1;
      boolean isOutOfOrder = random.nextInt(lateShare) == 0;
      nextMs = isOutOfOrder ? nowMs - random.nextInt(random.nextInt(300) + 1) : nowMs;
      if (outlierShare > 0 && random.nextInt(outlierShare) == 0) {
        nextMs += outlierMs();
      }
      Windows.with(event, Windows.FEE, number());
      Windows.withText(event, Windows.DEVICE, random.nextInt(4));
      Windows.withText(event, Windows.MERCHANT, random.nextInt(30));
      if (random.nextInt(3) > 0) {
        Windows.with(event, Windows.LATITUDE, 8 + random.nextInt(15) + random.nextDouble());
        Windows.with(event, Windows.LONGITUDE, 102 + random.nextInt(7) + random.nextDouble());
      }
      sent.add(event);
      double[] wanted = naive.transaction(event);
      windows.transaction(history, event);
      outOfReach += wanted == null ? 1 : 0;
      assertEquals(
          wanted == null, event.isOutOfReach(windows.entity()), () -> "of " + seed + ", " + id);
      for (WindowSpec spec : specs) {
        for (int at = spec.offset; at < spec.offset + spec.width(); at++) {
          compare(spec, wanted == null ? Double.NaN : wanted[at], event.features[at], id);
        }
      }
      assertEquals(id, event.ordinals[windows.entity().ordinal()]);
      if (windows.schema().keepsIds) {
        long some = 1 + random.nextInt((int) id);
        assertEquals(naive.remembers(some), windows.remembers(history, some), () -> "id " + some);
      }
    }

    /** From a wrong clock: by a little more than what is kept, or by far. Rarely all clocks jump. */
    private long outlierMs() {
      long byMs = random.nextBoolean() ? random.nextInt(3_000) : 1_000_000_000L;
      if (random.nextInt(40) == 0) {
        nowMs += byMs / 100;
      }
      return random.nextInt(3) == 0 ? -byMs : byMs;
    }

    private double number() {
      return isHostile
          ? HOSTILE[random.nextInt(HOSTILE.length)]
          : random.nextInt(5) == 0 ? Double.NaN : random.nextInt(1_000_000) / 100.0;
    }

    /** Labels mostly arrived transactions, else the next one or one that never arrives. */
    private void label() {
      boolean isKnown = !sent.isEmpty() && random.nextInt(4) > 0;
      long id = isKnown ? 1 + random.nextInt(sent.size()) : sent.size() + 1;
      long timeMs = isKnown ? sent.get((int) id - 1).timeMs : nextMs;
      if (random.nextInt(8) == 0) {
        id = -id;
      }
      long availableAtMs = nowMs + random.nextInt(100) - 50;
      Event label = Windows.label(timeMs, id, random.nextInt(3) > 0, availableAtMs);
      windows.label(history, label);
      naive.label(label);
    }

    private void compare(WindowSpec spec, double wanted, double actual, long id) {
      double relative =
          spec.statistic == Statistic.STD || spec.statistic == Statistic.Z_SCORE
              ? 1e-6
              : spec.statistic == Statistic.SPEED_KMH ? 1e-5 : 1e-9;
      boolean isSame =
          Double.compare(wanted + 0.0, actual + 0.0) == 0
              || Math.abs(wanted - actual) <= relative * Math.abs(wanted)
              || spec.statistic == Statistic.Z_SCORE && Math.abs(wanted - actual) < 1e-6;
      assertTrue(
          isSame,
          () ->
              String.format(
                  "stream %d, transaction %d: %s over %d ms, delayed %d ms, is %s, not %s",
                  seed, id, spec.statistic, spec.windowMs, spec.delayMs, actual, wanted));
    }
  }
}
