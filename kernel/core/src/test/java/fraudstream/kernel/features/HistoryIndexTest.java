package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Event;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Compares every query of both indexes with a scan of a plain list of rows, while rows are inserted
 * out of order, labelled and evicted.
 */
class HistoryIndexTest {
  private static final List<WindowSpec> SPECS =
      List.of(
          Windows.of(Statistic.DISTINCT, Windows.DEVICE, 10, 0),
          Windows.of(Statistic.SUM, Windows.AMOUNT, 10, 1),
          Windows.spec(Statistic.FRAUD_RATE, List.of(), 10, 0, 2),
          Windows.spec(
              Statistic.SPEED_KMH, List.of(Windows.LATITUDE, Windows.LONGITUDE), 10, 0, 3));
  private static final HistorySchema SCHEMA = HistorySchema.of(SPECS, true);
  private static final int[] PLACES = places();

  private static int[] places() {
    int[] places = new int[SCHEMA.slots()];
    for (WindowColumn column :
        List.of(Windows.AMOUNT, Windows.DEVICE, Windows.LATITUDE, Windows.LONGITUDE)) {
      places[SCHEMA.slot(column.id)] = column.place;
    }
    return places;
  }

  private static Limits limits(int movedRows) {
    Limits limits = new Limits();
    limits.blockRows = 4;
    limits.groupBlocks = 2;
    limits.scannedRows = 0;
    limits.scannedIds = 0;
    limits.movedRows = movedRows;
    limits.maxSavedMoves = movedRows;
    return limits;
  }

  @Test
  void anIndexOfSortedRowsAnswersAsAScanDoes() {
    for (int seed = 0; seed < 60; seed++) {
      Stream stream = new Stream(seed, limits(1_000_000));
      stream.run(250);
      assertEquals(0, stream.shuffled);
    }
  }

  @Test
  void anIndexOfShuffledRowsAnswersAsAScanDoes() {
    int shuffled = 0;
    for (int seed = 0; seed < 120; seed++) {
      Stream stream = new Stream(1_000 + seed, limits(0));
      stream.run(250);
      shuffled += stream.shuffled;
    }
    assertTrue(shuffled > 10_000, shuffled + " of 30,000");
  }

  @Test
  void rowsStayInOrderWhileTransactionsMoveAFewAndNotWhenTheyMoveMany() {
    Limits limits = new Limits();
    Stream stream = new Stream(5, limits);
    for (int i = 1; i <= 400; i++) {
      stream.insert(10L * i);
      stream.insert(10L * i - 35);
    }
    assertTrue(stream.history.isSorted());
    for (int i = 1; i <= 20; i++) {
      stream.insert(i);
    }
    assertFalse(stream.history.isSorted());
    assertEquals(stream.timesMs(stream.rows), stream.timesMs());
  }

  @Test
  void aCopyOfShuffledRowsAndItsBytesHaveThemInOrder() throws Exception {
    Stream stream = new Stream(6, limits(0));
    for (int i = 0; i < 300; i++) {
      stream.insert(i % 2 == 0 ? i : 1_000 - i);
    }
    assertFalse(stream.history.isSorted());
    HistoryFormat format = new HistoryFormat(SCHEMA);
    byte[] bytes = Windows.bytes(format, stream.history);
    History copy = stream.history.copy();
    assertTrue(copy.isSorted());
    assertArrayEquals(bytes, Windows.bytes(format, copy));
    assertArrayEquals(bytes, Windows.bytes(format, Windows.history(format, bytes)));
    assertFalse(stream.history.isSorted(), "and it is left as it was");
    stream.compareAll(copy);
  }

  /** Timing-free proof that no order of insertion makes a search tree deep. */
  @Test
  void noOrderOfInsertionMakesATreeDeep() {
    int rows = 20_000;
    List<ToIntFunction<Integer>> orders =
        List.of(i -> i, i -> rows - i, i -> i % 2 == 0 ? i : rows - i, i -> i * 7919 % rows, i -> 0);
    for (ToIntFunction<Integer> order : orders) {
      Stream stream = new Stream(7, limits(0));
      stream.insert(rows / 2);
      stream.insert(0);
      HistoryIndex index = stream.history.index(stream.limits);
      for (int i = 0; i < rows; i++) {
        Event event = Windows.transaction(order.applyAsInt(i), i + 10, 1, 4);
        stream.history.insert(Windows.withText(event, Windows.DEVICE, 1), PLACES);
        if (i == 0) {
          index = stream.history.index(stream.limits);
          index.occurrences(stream.history, SCHEMA.slot(Windows.DEVICE.id), 1, 0, 1);
        }
      }
      long before = index.work.steps();
      int slot = SCHEMA.slot(Windows.DEVICE.id);
      for (int i = 0; i < 1_000; i++) {
        index.occurrences(stream.history, slot, 1, i * 17, i * 17 + 1_000);
      }
      long steps = (index.work.steps() - before) / 1_000;
      assertTrue(steps < 100, steps + " steps to count");
    }
  }

  private static final class Row {
    private long timeMs;
    private long id;
    private long device;
    private double amount;
    private boolean hasPlace;
    private long label = HistorySchema.NO_FRAUD;
  }

  private static final class Stream {
    private final Random random;
    private final Limits limits;
    private final History history = new History(SCHEMA);
    private final List<Row> rows = new ArrayList<>();
    private final int values;
    private long ids;
    private long evictedMs = -1;

    /** How many queries were compared while the rows were not in order. */
    private int shuffled;

    Stream(int seed, Limits limits) {
      random = new Random(seed);
      this.limits = limits;
      values = new int[] {1, 2, 20, 1_000}[random.nextInt(4)];
    }

    void run(int length) {
      int lateShare = 1 + random.nextInt(10);
      int spread = random.nextBoolean() ? 1 : 20;
      for (int i = 0; i < length; i++) {
        long newestMs = Math.max(evictedMs + 1, i / spread);
        long lateMs = evictedMs + 1 + random.nextInt((int) (newestMs - evictedMs));
        insert(random.nextInt(lateShare) == 0 ? lateMs : newestMs);
        if (random.nextInt(3) == 0) {
          label();
        }
        compare(history);
        shuffled += history.isSorted() ? 0 : 1;
        if (random.nextInt(5) == 0 && !rows.isEmpty()) {
          evictedMs = rows.get(random.nextInt(1 + rows.size() / 10)).timeMs;
          history.evictUpTo(evictedMs);
          rows.removeIf(row -> row.timeMs <= evictedMs);
        }
      }
      compareAll(history);
    }

    void insert(long timeMs) {
      Row row = new Row();
      row.timeMs = timeMs;
      row.id = ++ids;
      row.device = random.nextInt(values + 1);
      row.amount = random.nextInt(4) == 0 ? Double.NaN : random.nextInt(1_000);
      row.hasPlace = random.nextInt(20) == 0;
      Event event = Windows.transaction(timeMs, row.id, row.amount, 4);
      event.fingerprint = 31 * row.id;
      Windows.withText(event, Windows.DEVICE, row.device);
      if (row.hasPlace || random.nextBoolean()) {
        Windows.with(event, Windows.LATITUDE, 1);
      }
      if (row.hasPlace) {
        Windows.with(event, Windows.LONGITUDE, 1);
      }
      int at = history.insert(event, PLACES);
      rows.add(row);
      // Stable, so that rows of the same time stay in order of arrival.
      rows.sort(Comparator.comparingLong(each -> each.timeMs));
      assertEquals(rows.indexOf(row), at - history.first());
      history.index(limits);
    }

    private void label() {
      Row row = rows.get(random.nextInt(rows.size()));
      row.label = random.nextInt(4) == 0 ? HistorySchema.NO_FRAUD : random.nextInt(300);
      int at = history.find(row.timeMs, row.id, limits);
      assertEquals(rows.indexOf(row), at - history.first());
      history.setLabel(at, row.label);
    }

    List<Long> timesMs(List<Row> of) {
      return of.stream().map(row -> row.timeMs).collect(Collectors.toList());
    }

    List<Long> timesMs() {
      List<Long> timesMs = new ArrayList<>();
      for (int row = history.first(); row < history.end(); row++) {
        timesMs.add(history.timeMs(row));
      }
      return timesMs;
    }

    void compareAll(History with) {
      assertEquals(rows.size(), with.count());
      for (int at = 0; at < rows.size(); at++) {
        Row row = rows.get(at);
        assertEquals(row.timeMs, with.timeMs(with.first() + at));
        assertEquals(row.id, with.idHash(with.first() + at));
        assertEquals(31 * row.id, with.fingerprint(with.first() + at));
        assertEquals(row.label, with.label(with.first() + at));
        assertEquals(row.device, with.word(with.first() + at, SCHEMA.slot(Windows.DEVICE.id)));
      }
    }

    private void compare(History with) {
      HistoryIndex index = with.index(limits);
      int some = random.nextInt(rows.size());
      int low = with.rowAfter(rows.get(some).timeMs - 1) - with.first();
      int high = low + random.nextInt(rows.size() - low + 1);
      high = random.nextInt(3) == 0 ? rows.size() : high;
      List<Row> range = rows.subList(low, high);
      int from = with.first() + low;
      int to = with.first() + high;
      compareValues(with, index, range, from, to);
      compareNumbers(with, index, range, from, to);
      compareIds(with, index);
      compareLastPlace(with, index);
    }

    private void compareValues(
        History with, HistoryIndex index, List<Row> range, int from, int to) {
      int slot = SCHEMA.slot(Windows.DEVICE.id);
      List<Long> devices =
          range.stream().map(row -> row.device).filter(word -> word != 0).collect(Collectors.toList());
      assertEquals(devices.stream().distinct().count(), index.distinct(with, slot, from, to));
      long word = 1 + random.nextInt(values);
      long count = devices.stream().filter(device -> device == word).count();
      assertEquals(count, index.occurrences(with, slot, word, from, to));
      HyperLogLog wanted = new HyperLogLog();
      rows.subList(0, to - with.first()).forEach(row -> addTo(wanted, row.device));
      HyperLogLog sketch = new HyperLogLog();
      index.addWordsBefore(sketch, with, 0, to);
      assertArrayEquals(wanted.registers(), sketch.registers());
    }

    private static void addTo(HyperLogLog sketch, long word) {
      if (word != 0) {
        sketch.add(word);
      }
    }

    private void compareNumbers(
        History with, HistoryIndex index, List<Row> range, int from, int to) {
      Moments moments = new Moments();
      index.addMoments(moments, with, 0, from, to);
      double[] amounts =
          range.stream().mapToDouble(row -> row.amount).filter(each -> each >= 0).toArray();
      double sum = 0;
      for (double amount : amounts) {
        sum += amount;
      }
      assertEquals(sum, moments.sum());
      assertEquals(amounts.length == 0 ? Double.NaN : sum / amounts.length, moments.mean(), 1e-9);
      long knownMs = random.nextInt(300);
      long known = range.stream().filter(row -> row.label <= knownMs).count();
      assertEquals(known, index.knownFrauds(with, from, to, knownMs));
    }

    private void compareIds(History with, HistoryIndex index) {
      long id = 1 + random.nextInt((int) ids);
      boolean isThere = rows.stream().anyMatch(row -> row.id == id);
      assertEquals(isThere, index.containsId(with, id));
      assertEquals(-1, index.find(with, 1_000_000, id), "another time");
    }

    private void compareLastPlace(History with, HistoryIndex index) {
      int row = random.nextInt(rows.size());
      int wanted = row;
      while (wanted >= 0 && !rows.get(wanted).hasPlace) {
        wanted--;
      }
      int latitude = SCHEMA.slot(Windows.LATITUDE.id);
      int longitude = SCHEMA.slot(Windows.LONGITUDE.id);
      int found = index.lastPlace(with, latitude, longitude, with.first() + row);
      assertEquals(wanted, Math.max(-1, found - with.first()));
    }
  }
}
