package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.flink.table.data.RowData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * In the drawings time runs to the right, {@code t} is the transaction at hand, {@code (} an edge
 * that is outside and {@code ]} one that is inside the window.
 */
class WindowFeatureTest {
  private static final double NULL = Double.NaN;

  private static String window(String statistic, String column, String window, String delay) {
    return "{'name':'f','entity':'account_id','statistic':'"
        + statistic
        + (column == null ? "" : "','column':'" + column)
        + (delay == null ? "" : "','delay':'" + delay)
        + "','window':'"
        + window
        + "'}";
  }

  /** The feature of each arrival, in turn; each is one call of accumulate in the job. */
  private static double[] values(String spec, RowData... arrivals) {
    FeatureProgram program = FeatureProgram.fromJson(Rows.catalogue(spec));
    History history = History.empty(program.columns);
    double[] values = new double[arrivals.length];
    for (int i = 0; i < arrivals.length; i++) {
      int event = program.insert(history, arrivals[i], i);
      byte[] bytes = program.evaluate(history, event, arrivals[i]);
      values[i] = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getDouble();
    }
    return values;
  }

  private static double last(String spec, RowData... arrivals) {
    return values(spec, arrivals)[arrivals.length - 1];
  }

  private static RowData at(long timeMs) {
    return Rows.row("event_time", timeMs);
  }

  private static RowData at(long timeMs, Double amountVnd) {
    return Rows.row("event_time", timeMs, "transaction_amount_vnd", amountVnd);
  }

  private static RowData device(long timeMs, String device) {
    return Rows.row("event_time", timeMs, "device_id", device);
  }

  private static final String COUNT_10MS = window("count", null, "10ms", null);

  @Test
  void aTransactionCountsItself() {
    assertEquals(1, last(COUNT_10MS, at(100)));
  }

  @Test
  void exactlyOneWindowOldIsOutsideAndAMillisecondLessInside() {
    //  90        100
    //  (---------]
    //  x         t
    assertEquals(1, last(COUNT_10MS, at(90), at(100)));
    //  90 91     100
    //  (---------]
    //     x      t
    assertEquals(2, last(COUNT_10MS, at(91), at(100)));
  }

  @Test
  void aTieCountsForWhatArrivesLaterOnly() {
    //  100
    //   ]
    //   a, then b, then t
    assertEquals(3, last(COUNT_10MS, at(100), at(100), at(100)));
    assertEquals(1, values(COUNT_10MS, at(100), at(100), at(100))[0]);
  }

  @Test
  void whatLiesInTheFutureOfATransactionIsNotInItsWindow() {
    //     95     100
    //     ]      x (arrived before t)
    //     t
    assertEquals(1, last(COUNT_10MS, at(100), at(95)));
    //     95     100
    //  (---------]
    //     x      t      (x arrived out of order, and counts from then on)
    assertEquals(3, last(COUNT_10MS, at(100), at(95), at(100)));
  }

  @Test
  void outOfOrderAcrossAnEdgeEachWindowIsAsOfItsOwnTime() {
    //  90 91     100 101
    //     (----------]
    //  (---------]
    //     x      t1  t2   arrival: t2, x, t1
    double[] counts = values(COUNT_10MS, at(101), at(91), at(100));
    assertEquals(1, counts[0]);
    assertEquals(1, counts[1]);
    assertEquals(2, counts[2]);
    // x is exactly one window older than t2's tie, so outside of that.
    assertEquals(3, last(COUNT_10MS, at(101), at(91), at(100), at(101)));
  }

  @Test
  void aDelayMovesBothEdgesBack() {
    String delayed = window("count", null, "10ms", "5ms");
    //  85        95   100
    //  (---------]
    //  x              t
    assertEquals(0, last(delayed, at(85), at(100)));
    //   86
    assertEquals(1, last(delayed, at(86), at(100)));
    //            95: inside
    assertEquals(1, last(delayed, at(95), at(100)));
    //             96: outside, as t itself is
    assertEquals(0, last(delayed, at(96), at(100)));
  }

  @Test
  void nullsAreLeftOutOfEveryStatistic() {
    RowData[] arrivals = {at(91, 2.0), at(92, null), at(93, 6.0), at(94, null)};
    assertEquals(8, last(window("sum", "transaction_amount_vnd", "10ms", null), arrivals));
    assertEquals(4, last(window("mean", "transaction_amount_vnd", "10ms", null), arrivals));
    assertEquals(6, last(window("max", "transaction_amount_vnd", "10ms", null), arrivals));
    assertEquals(2, last(window("distinct", "transaction_amount_vnd", "10ms", null), arrivals));
    assertEquals(4, last(COUNT_10MS, arrivals), "count counts transactions, not values");
  }

  @Test
  void aMaximumMayBeNegative() {
    assertEquals(
        -2,
        last(
            window("max", "latitude", "10ms", null),
            Rows.row("event_time", 1L, "latitude", -3.0),
            Rows.row("event_time", 2L),
            Rows.row("event_time", 3L, "latitude", -2.0)));
  }

  @Test
  void aMaximumLeavesWithTheEventThatHeldIt() {
    //  90        100
    //  (---------]
    //  9  5      1
    assertEquals(
        5,
        last(
            window("max", "transaction_amount_vnd", "10ms", null),
            at(90, 9.0),
            at(91, 5.0),
            at(100, 1.0)));
  }

  // Over no value at all: a window with a null alone, and one with no transaction in it.
  @ParameterizedTest
  @CsvSource({"sum, 0", "mean, NaN", "max, NaN", "distinct, 0"})
  void overNoneSumsAndCountsAreZeroAndTheRestIsNull(String statistic, double expected) {
    assertEquals(
        expected, last(window(statistic, "transaction_amount_vnd", "10ms", null), at(1, null)));
    assertEquals(
        expected, last(window(statistic, "transaction_amount_vnd", "10ms", "1ms"), at(1, 5.0)));
  }

  @Test
  void overNoTransactionTheCountIsZero() {
    assertEquals(0, last(window("count", null, "10ms", "1ms"), at(1)));
  }

  @Test
  void distinctTellsTextsNumbersAndFlagsApart() {
    String devices = window("distinct", "device_id", "10ms", null);
    assertEquals(
        3,
        last(
            devices,
            device(1, "B"), device(2, "A"), device(3, "B"), device(4, null), device(5, ""),
            device(6, "A")));
    assertEquals(
        1,
        last(
            window("distinct", "latitude", "10ms", null),
            Rows.row("event_time", 1L, "latitude", 0.0),
            Rows.row("event_time", 2L, "latitude", -0.0)),
        "0 and -0 are one number");
    assertEquals(
        2,
        last(
            window("distinct", "npl_flag", "10ms", null),
            Rows.row("event_time", 1L, "npl_flag", true),
            Rows.row("event_time", 2L, "npl_flag", false),
            Rows.row("event_time", 3L),
            Rows.row("event_time", 4L, "npl_flag", true)));
  }

  @Test
  void secondsSincePreviousLooksAtTheLatestOtherInTheWindow() {
    String spec = window("seconds_since_previous", null, "10s", null);
    assertEquals(NULL, last(spec, at(100)), "no other");
    //  0     1500    4000
    //  x     x       t
    assertEquals(2.5, last(spec, at(0), at(1_500), at(4_000)));
    assertEquals(0, last(spec, at(4_000), at(4_000)), "a tie");
    assertEquals(NULL, last(spec, at(0), at(10_000)), "exactly one window old is outside");
    assertEquals(9.999, last(spec, at(1), at(10_000)), "a millisecond less is inside");
    assertEquals(NULL, last(spec, at(9_000), at(4_000)), "what lies in the future is no previous");
  }

  @Test
  void secondsSincePreviousBehindADelayPassesOverWhatIsTooNew() {
    //  0      4000   5000
    //  (------]
    //  x      x   y  t
    String spec = window("seconds_since_previous", null, "4s", "1s");
    assertEquals(1, last(spec, at(4_000), at(4_500), at(5_000)));
    assertEquals(NULL, last(spec, at(0), at(4_500), at(5_000)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'name':'f','entity':'account_id','statistic':'count','column':'latitude','window':'1m'}",
        "{'name':'f','entity':'account_id','statistic':'sum','window':'1m'}",
        "{'name':'f','entity':'account_id','statistic':'median','column':'latitude','window':'1m'}",
        "{'name':'f','entity':'account_id','statistic':'sum','column':'colour','window':'1m'}",
        "{'name':'f','entity':'account_id','statistic':'count','window':'1 minute'}",
        "{'name':'f','entity':'account_id','statistic':'count','window':60000}",
        "{'name':'f','entity':'account_id','statistic':'count'}",
        "{'name':'f','entity':'device_id','statistic':'count','window':'1m'}",
        "{'entity':'account_id','statistic':'count','window':'1m'}",
      })
  void aSpecOfAnotherReleaseIsRefusedAndNamed(String spec) {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> FeatureProgram.fromJson(Rows.catalogue(spec)));
    assertTrue(
        refused.getMessage().startsWith("feature " + spec.replace('\'', '"') + ": "),
        refused.getMessage());
  }

  @Test
  void aCatalogueThatIsNotJsonIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> FeatureProgram.fromJson("features: []"));
  }
}
