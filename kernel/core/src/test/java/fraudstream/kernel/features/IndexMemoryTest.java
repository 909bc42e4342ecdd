package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Event;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The memory that {@code docs/state.md} and ADR 25 state for a long history of an account. Its columns
 * are as many and of the same kinds as those of the built-in catalogue.
 */
class IndexMemoryTest {
  private static final int COUNT = 2_000;
  private static final long DAY_MS = 86_400_000;
  private static final int SUMMED = 5;
  private static final int TEXTS = 4;
  private static final int PLACES = 2;
  private static final List<WindowColumn> COLUMNS = columns();
  private static final List<WindowSpec> SPECS = specs();

  private static List<WindowColumn> columns() {
    List<WindowColumn> columns = new ArrayList<>();
    for (int at = 0; at < SUMMED + TEXTS + PLACES; at++) {
      boolean isText = at >= SUMMED && at < SUMMED + TEXTS;
      columns.add(new WindowColumn(at + 1, isText, at));
    }
    return columns;
  }

  private static List<WindowSpec> specs() {
    List<WindowSpec> specs = new ArrayList<>();
    for (WindowColumn column : COLUMNS.subList(0, SUMMED + TEXTS)) {
      Statistic statistic = column.isText ? Statistic.DISTINCT : Statistic.SUM;
      specs.add(Windows.of(statistic, column, DAY_MS, Windows.width(specs)));
    }
    List<WindowColumn> places = COLUMNS.subList(SUMMED + TEXTS, COLUMNS.size());
    specs.add(Windows.spec(Statistic.SPEED_KMH, places, DAY_MS, 0, Windows.width(specs)));
    return specs;
  }

  private static History history(EventTimeOrder order) {
    EntityWindows windows = Windows.account(SPECS, DAY_MS, Limits.PRODUCTION);
    History history = windows.newHistory();
    long[] timesMs = order.timesMs(COUNT, DAY_MS / 24, DAY_MS);
    for (int i = 0; i < COUNT; i++) {
      Event event = new Event();
      event.timeMs = timesMs[i];
      event.idHash = i + 1;
      event.words = new long[COLUMNS.size()];
      event.features = new double[Windows.width(SPECS)];
      for (WindowColumn column : COLUMNS) {
        event.words[column.place] = column.isText ? i + 1 : Double.doubleToRawLongBits(1);
      }
      assertEquals(Outcome.NEW, windows.arrive(history, event));
    }
    return history;
  }

  /** The size of the index as a multiple of the size of the rows, to one decimal. */
  private static double indexPerRows(History history) {
    int stride = HistorySchema.of(SPECS, true).stride;
    assertEquals(14, stride, "112 bytes");
    HistoryIndex index = history.index(Limits.PRODUCTION);
    return tenths(index.memoryWords(history.count()), (long) history.count() * stride);
  }

  /** The size of the whole history as a multiple of the size of its rows, to one decimal. */
  private static double historyPerRows(History history) {
    int stride = HistorySchema.of(SPECS, true).stride;
    return tenths(history.memoryWords(), (long) history.capacity() * stride);
  }

  private static double tenths(long words, long rowWords) {
    return Math.round(10.0 * words / rowWords) / 10.0;
  }

  @Test
  void theIndexOfRowsInOrderTakes1Point8TimesTheirSize() {
    History history = history(EventTimeOrder.IN_ORDER);
    assertInstanceOf(SortedIndex.class, history.index(Limits.PRODUCTION));
    assertEquals(1.8, indexPerRows(history));
    assertEquals(2.8, historyPerRows(history));
  }

  @Test
  void theIndexOfRowsOutOfOrderTakes3Point5TimesTheirSize() {
    History history = history(EventTimeOrder.ALTERNATING_ENDS);
    assertInstanceOf(ShuffledIndex.class, history.index(Limits.PRODUCTION));
    assertEquals(3.5, indexPerRows(history));
    assertEquals(4.5, historyPerRows(history));
  }
}
