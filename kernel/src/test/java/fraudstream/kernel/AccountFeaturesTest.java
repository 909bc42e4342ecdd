package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.FunctionContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccountFeaturesTest {
  private static final long LATENESS_MS = 100;
  private static final long WINDOW_MS = 50;
  private static final String COUNT =
      Rows.catalogue("{'name':'c','entity':'account_id','statistic':'count','window':'50ms'}");

  /** One account, as the OVER operator drives the function. */
  private static final class Account {
    final AccountFeatures function = new AccountFeatures();
    AccountFeatures.Accumulator accumulator = function.createAccumulator();

    Account(String catalogue) {
      function.open(
          new FunctionContext(
              null,
              AccountFeaturesTest.class.getClassLoader(),
              Configuration.fromMap(
                  Map.of(
                      "fraudstream.catalogue", catalogue,
                      "fraudstream.allowed-lateness-ms", String.valueOf(LATENESS_MS)))));
    }

    RowData arrive(RowData transaction) {
      function.accumulate(accumulator, transaction);
      return function.getValue(accumulator);
    }

    /** "new 3", the 3 being the first feature; or the outcome alone, if there are no features. */
    String arrive(String id, long timeMs) {
      RowData result = arrive(Rows.row("transaction_id", id, "event_time", timeMs));
      String outcome = result.getString(0).toString();
      return result.isNullAt(1) ? outcome : outcome + " " + (int) doubles(result.getBinary(1))[0];
    }

    /** As a savepoint does: what is kept between two calls are these bytes, and nothing else. */
    void restore() {
      AccountFeatures.Accumulator restored = function.createAccumulator();
      restored.history = accumulator.history.clone();
      accumulator = restored;
    }
  }

  private static double[] doubles(byte[] littleEndian) {
    double[] values = new double[littleEndian.length / Double.BYTES];
    ByteBuffer.wrap(littleEndian).order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(values);
    return values;
  }

  @Test
  void exactlyTheAllowedLatenessBehindIsNewAndAMillisecondMoreIsLate() {
    Account account = new Account(COUNT);
    assertEquals("new 1", account.arrive("a", 1_000));
    assertEquals("new 1", account.arrive("b", 1_000 - LATENESS_MS));
    assertEquals("late", account.arrive("c", 1_000 - LATENESS_MS - 1));
    // What was late is not counted: c would lie in the window of this one.
    assertEquals("new 2", account.arrive("d", 1_000 - LATENESS_MS));
    assertEquals(3, History.of(account.accumulator.history, 0).count());
  }

  @Test
  void latenessGoesByTheNewestOfTheAccountNotByTheLastArrival() {
    Account account = new Account(COUNT);
    account.arrive("a", 1_000);
    account.arrive("b", 950);
    assertEquals("late", account.arrive("c", 899));
    assertEquals("new 1", account.arrive("d", 900));
  }

  @Test
  void theFirstTransactionOfAnAccountIsNeverLate() {
    assertEquals("new 1", new Account(COUNT).arrive("a", -1_000_000));
  }

  @Test
  void aTransactionIdIsCountedOnceAsLongAsACopyIsNotLate() {
    Account account = new Account(COUNT);
    assertEquals("new 1", account.arrive("a", 1_000));
    assertEquals("duplicate", account.arrive("a", 1_000));
    assertEquals("duplicate", account.arrive("a", 1_010), "the id decides, not the time");
    assertEquals("new 2", account.arrive("b", 1_010));
    assertEquals("new 1", account.arrive("c", 1_000 + LATENESS_MS));
    assertEquals("duplicate", account.arrive("a", 1_000), "exactly the allowed lateness behind");
    account.arrive("d", 1_000 + LATENESS_MS + 1);
    assertEquals("late", account.arrive("a", 1_000), "late, so no danger of counting twice");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'name':'h','entity':'transaction','statistic':'hour'}",
        "{'name':'c','entity':'account_id','statistic':'count','window':'1ms'}"
      })
  void aCopyIsFoundUpToTheAllowedLatenessHoweverShortTheWindows(String feature) {
    Account account = new Account(Rows.catalogue(feature));
    account.arrive("a", 1_000);
    account.arrive("b", 1_000 + LATENESS_MS);
    assertEquals("duplicate", account.arrive("a", 1_000));
  }

  @Test
  void aTransactionThatComesLaterChangesTheFeaturesOfThoseBehindIt() {
    Account punctual = new Account(COUNT);
    assertEquals("new 1", punctual.arrive("a", 1_000));
    assertEquals("new 2", punctual.arrive("c", 1_010));

    Account outOfOrder = new Account(COUNT);
    assertEquals("new 1", outOfOrder.arrive("a", 1_000));
    assertEquals("new 1", outOfOrder.arrive("b", 990), "its own features are as of its own time");
    assertEquals("new 3", outOfOrder.arrive("c", 1_010));
  }

  @Test
  void theLongestWindowIsWholeForTheLatestThatMayCome() {
    //  851  900        1000
    //  (----]          newest
    //   x   t          t comes as late as it may, x lies a millisecond inside its window
    Account account = new Account(COUNT);
    account.arrive("x", 1_000 - LATENESS_MS - WINDOW_MS + 1);
    account.arrive("newest", 1_000);
    assertEquals("new 2", account.arrive("t", 1_000 - LATENESS_MS));
  }

  @Test
  void whatNoWindowCanReachAnyMoreIsForgotten() {
    Account account = new Account(COUNT);
    for (int i = 0; i < 10_000; i++) {
      account.arrive("t" + i, 10L * i);
    }
    assertEquals(15, History.of(account.accumulator.history, 0).count());
    assertTrue(account.accumulator.history.length < 2_000, "the state has shrunk with it");
  }

  @Test
  void aHistorySurvivesACopyAndTheCopyLivesOnByItself() {
    Account account = new Account(COUNT);
    account.arrive("a", 1_000);
    AccountFeatures.Accumulator saved = account.accumulator;
    byte[] before = saved.history.clone();
    account.restore();
    assertEquals("new 2", account.arrive("b", 1_001));
    assertEquals("duplicate", account.arrive("a", 1_000));
    assertArrayEquals(before, saved.history, "the savepoint is as it was");
  }

  @Test
  void aNewCatalogueGoesOnWithTheHistoryOfTheOldOne() {
    Account account = new Account(COUNT);
    account.arrive("a", 1_000);
    Account next =
        new Account(
            Rows.catalogue(
                "{'name':'c','entity':'account_id','statistic':'count','window':'50ms'}",
                "{'name':'d','entity':'account_id','statistic':'distinct','column':'device_id',"
                    + "'window':'50ms'}"));
    next.accumulator = account.accumulator;
    RowData result =
        next.arrive(
            Rows.row("transaction_id", "b", "event_time", 1_001L, "device_id", "D"));
    assertArrayEquals(new double[] {2, 1}, doubles(result.getBinary(1)));
    assertEquals("duplicate", next.arrive("a", 1_000));
  }

  @Test
  void aParameterThatIsNotSetIsNamed() {
    AccountFeatures function = new AccountFeatures();
    FunctionContext context =
        new FunctionContext(
            null, getClass().getClassLoader(), Configuration.fromMap(Map.of("other", "1")));
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> function.open(context));
    assertEquals(
        "job parameter fraudstream.catalogue is not set; start the job by jobs/feature_job.py",
        refused.getMessage());
  }

  // ---- against a recomputation that keeps everything and looks at all of it again ----

  private static final String[] STATISTICS = {
    "count", "sum", "mean", "max", "distinct", "seconds_since_previous"
  };
  private static final long[][] WINDOWS_AND_DELAYS_MS = {{1, 0}, {10, 0}, {50, 0}, {10, 7}};

  private static String randomCatalogue() {
    List<String> features = new ArrayList<>();
    for (long[] window : WINDOWS_AND_DELAYS_MS) {
      for (String statistic : STATISTICS) {
        features.add(
            String.format(
                "{'name':'f%d','entity':'account_id','statistic':'%s',%s'window':'%dms',"
                    + "'delay':'%dms'}",
                features.size(), statistic, columnOf(statistic), window[0], window[1]));
      }
    }
    return Rows.catalogue(features.toArray(new String[0]));
  }

  private static String columnOf(String statistic) {
    switch (statistic) {
      case "count":
      case "seconds_since_previous":
        return "";
      case "distinct":
        return "'column':'device_id',";
      default:
        return "'column':'transaction_fees_vnd',";
    }
  }

  private static final class Event {
    final String id;
    final long timeMs;
    final Double feesVnd;
    final String device;

    Event(String id, long timeMs, Double feesVnd, String device) {
      this.id = id;
      this.timeMs = timeMs;
      this.feesVnd = feesVnd;
      this.device = device;
    }

    RowData row() {
      return Rows.row(
          "transaction_id", id,
          "event_time", timeMs,
          "transaction_fees_vnd", feesVnd,
          "device_id", device);
    }
  }

  private static String naiveOutcome(Event event, Collection<Event> others) {
    long newestMs = others.stream().mapToLong(other -> other.timeMs).max().orElse(event.timeMs);
    if (newestMs - event.timeMs > LATENESS_MS) {
      return "late";
    }
    // An id is known for as long as its event may be needed; an exact copy is late before that ends.
    long knownFromMs =
        others.stream().mapToLong(other -> other.timeMs).max().orElse(0) - WINDOW_MS - LATENESS_MS;
    return others.stream()
            .anyMatch(other -> other.timeMs > knownFromMs && other.id.equals(event.id))
        ? "duplicate"
        : "new";
  }

  private static double[] naiveFeatures(Event event, List<Event> others) {
    double[] values = new double[WINDOWS_AND_DELAYS_MS.length * STATISTICS.length];
    int i = 0;
    for (long[] window : WINDOWS_AND_DELAYS_MS) {
      long endMs = event.timeMs - window[1];
      long startMs = endMs - window[0];
      List<Event> inside =
          Stream.concat(others.stream(), Stream.of(event))
              .filter(other -> startMs < other.timeMs && other.timeMs <= endMs)
              .collect(Collectors.toList());
      for (String statistic : STATISTICS) {
        values[i++] = naiveValue(statistic, event, inside);
      }
    }
    return values;
  }

  private static double naiveValue(String statistic, Event event, List<Event> inside) {
    switch (statistic) {
      case "count":
        return inside.size();
      case "sum":
        return fees(inside).sum();
      case "mean":
        return fees(inside).average().orElse(Double.NaN);
      case "max":
        return fees(inside).max().orElse(Double.NaN);
      case "distinct":
        return inside.stream().map(other -> other.device).filter(Objects::nonNull).distinct()
            .count();
      default:
        return inside.stream()
            .filter(other -> other != event)
            .mapToLong(other -> event.timeMs - other.timeMs)
            .mapToDouble(ms -> ms / 1000.0)
            .min()
            .orElse(Double.NaN);
    }
  }

  private static DoubleStream fees(List<Event> events) {
    return events.stream().map(event -> event.feesVnd).filter(Objects::nonNull)
        .mapToDouble(Double::doubleValue);
  }

  /** Times on a coarse grid, so that ties and edges are met often; whole fees, so sums are exact. */
  private static Event randomEvent(Random random, int number, long clockMs) {
    boolean copy = number > 0 && random.nextInt(12) == 0;
    String id = "t" + (copy ? Math.max(0, number - 1 - random.nextInt(20)) : number);
    long back = random.nextInt(10) == 0 ? random.nextInt(130) : random.nextInt(12);
    return new Event(
        id,
        clockMs - back,
        random.nextInt(5) == 0 ? null : (double) (random.nextInt(41) - 20),
        random.nextInt(5) == 0 ? null : "D" + random.nextInt(4));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void everyOutcomeAndFeatureIsThatOfANaiveRecomputation(long seed) {
    Random random = new Random(seed);
    Account account = new Account(randomCatalogue());
    List<Event> counted = new ArrayList<>();
    Map<String, Integer> outcomes = new HashMap<>();
    long clockMs = -1_000;
    for (int number = 0; number < 2_000; number++) {
      clockMs += random.nextInt(40) == 0 ? random.nextInt(200) : random.nextInt(4);
      Event event = randomEvent(random, number, clockMs);
      String expected = naiveOutcome(event, counted);
      outcomes.merge(expected, 1, Integer::sum);
      if (random.nextInt(10) == 0) {
        account.restore();
      }
      RowData result = account.arrive(event.row());
      assertEquals(expected, result.getString(0).toString(), "arrival " + number);
      assertEquals(!expected.equals("new"), result.isNullAt(1), "arrival " + number);
      if (expected.equals("new")) {
        double[] features = naiveFeatures(event, counted);
        double[] computed = doubles(result.getBinary(1));
        assertArrayEquals(features, computed, () -> Arrays.toString(features));
        counted.add(event);
      }
    }
    assertTrue(outcomes.get("new") > 1_000, outcomes.toString());
    assertTrue(outcomes.get("duplicate") > 50, outcomes.toString());
    assertTrue(outcomes.get("late") > 20, outcomes.toString());
  }
}
