package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HistoryTest {
  private static final long AMOUNT = bit(Column.TRANSACTION_AMOUNT_VND);
  private static final long DEVICE = bit(Column.DEVICE_ID);
  private static final long LOANS = bit(Column.TOTAL_LOANS_VND);

  private static long bit(Column column) {
    return 1L << column.ordinal();
  }

  private static void add(History history, long timeMs, long id, double amountVnd) {
    int event = history.insert(timeMs, id);
    history.set(
        event,
        history.slot(Column.TRANSACTION_AMOUNT_VND),
        Double.doubleToLongBits(amountVnd));
  }

  /** Each event as time:amount. */
  private static String events(History history) {
    return IntStream.range(0, history.count())
        .mapToObj(
            event ->
                history.timeMs(event)
                    + ":"
                    + (int) history.number(event, history.slot(Column.TRANSACTION_AMOUNT_VND)))
        .collect(Collectors.joining(" "));
  }

  private static History amounts(long... timesMs) {
    History history = History.empty(AMOUNT);
    for (int i = 0; i < timesMs.length; i++) {
      add(history, timesMs[i], i + 1, i + 1);
    }
    return history;
  }

  // The amounts count the arrivals: 1, 2, 3, ...
  @ParameterizedTest
  @CsvSource({
    "'10,20,30', '10:1 20:2 30:3'",
    "'30,20,10', '10:3 20:2 30:1'",
    "'20,30,10,25', '10:3 20:1 25:4 30:2'",
    // Of the same time, the first to arrive comes first, also among others.
    "'20,20,20', '20:1 20:2 20:3'",
    "'10,20,30,20,10', '10:1 10:5 20:2 20:4 30:3'",
    "'-5,0,-5', '-5:1 -5:3 0:2'",
  })
  void eventsLieInTheOrderOfTheirTimeAndThoseOfOneTimeInThatOfArrival(
      String timesMs, String expected) {
    long[] times = Arrays.stream(timesMs.split(",")).mapToLong(Long::parseLong).toArray();
    assertEquals(expected, events(amounts(times)));
  }

  @Test
  void insertReturnsThePlaceOfTheEvent() {
    History history = History.empty(AMOUNT);
    assertEquals(0, history.insert(20, 1));
    assertEquals(0, history.insert(10, 2));
    assertEquals(2, history.insert(20, 3));
    assertEquals(1, history.insert(10, 4));
  }

  @ParameterizedTest
  @CsvSource({"9, 0", "10, 1", "11, 1", "19, 1", "20, 3", "21, 3", "30, 4", "31, 4"})
  void countUpToTakesInTheTimeItself(long timeMs, int expected) {
    assertEquals(expected, amounts(10, 20, 20, 30).countUpTo(timeMs));
  }

  @Test
  void anEmptyHistoryHoldsNothing() {
    History history = History.of(new byte[0], AMOUNT);
    assertEquals(0, history.count());
    assertEquals(0, history.countUpTo(Long.MAX_VALUE));
    assertFalse(history.contains(0));
  }

  @ParameterizedTest
  @CsvSource({
    "9, '10:1 20:2 20:3 30:4'",
    "10, '20:2 20:3 30:4'",
    "19, '20:2 20:3 30:4'",
    "20, '30:4'",
    "29, '30:4'",
    "30, ''",
    "31, ''",
  })
  void evictForgetsTheTimeItselfAndWhatLiesBefore(long timeMs, String expected) {
    History history = amounts(10, 20, 20, 30);
    history.evictUpTo(timeMs);
    assertEquals(expected, events(history));
  }

  @Test
  void anIdIsThereUntilItsEventIsEvicted() {
    History history = amounts(10, 20);
    assertTrue(history.contains(1));
    assertFalse(history.contains(3));
    history.evictUpTo(10);
    assertFalse(history.contains(1));
    assertTrue(history.contains(2));
  }

  @Test
  void growingAndShrinkingLosesNothingThatWasKept() {
    int count = 10_000;
    History history = History.empty(AMOUNT);
    for (int i = 0; i < count; i++) {
      // Every third event arrives behind the one that follows it in time.
      int timeMs = i % 3 == 1 ? i + 1 : i % 3 == 2 ? i - 1 : i;
      add(history, timeMs, timeMs + 1, timeMs);
    }
    int grown = history.bytes().length;
    assertTrue(grown >= History.HEADER_BYTES + count * 24, "room for all");
    assertTrue(grown <= History.HEADER_BYTES + 2 * count * 24, "and not for more than twice that");
    for (int i = 0; i < count; i++) {
      assertEquals(i, history.timeMs(i));
      assertEquals(i, history.number(i, 0));
    }
    history.evictUpTo(count - 11);
    assertEquals(
        IntStream.range(count - 10, count)
            .mapToObj(i -> i + ":" + i)
            .collect(Collectors.joining(" ")),
        events(history));
    assertTrue(history.bytes().length <= History.HEADER_BYTES + 20 * 24, "the room is given back");
    history.evictUpTo(count);
    assertEquals(0, history.count());
    add(history, 5, 6, 7);
    assertEquals("5:7", events(history));
  }

  @Test
  void whatWasWrittenIsReadAgain() {
    History read = History.of(amounts(20, 10).bytes().clone(), AMOUNT);
    assertEquals("10:2 20:1", events(read));
    assertTrue(read.contains(1) && read.contains(2));
  }

  @Test
  void aColumnThatIsNewHoldsNullInOldEvents() {
    History history = History.of(amounts(10, 20).bytes(), AMOUNT | DEVICE | LOANS);
    assertEquals("10:1 20:2", events(history));
    for (int event = 0; event < 2; event++) {
      assertEquals(
          History.nullWord(Column.DEVICE_ID), history.word(event, history.slot(Column.DEVICE_ID)));
      assertTrue(Double.isNaN(history.number(event, history.slot(Column.TOTAL_LOANS_VND))));
    }
    assertTrue(history.contains(1) && history.contains(2), "the ids are carried over");
  }

  @Test
  void aColumnThatIsGoneIsDroppedAndTheOthersKeepTheirValues() {
    History wide = History.empty(AMOUNT | DEVICE | LOANS);
    for (int i = 1; i <= 9; i++) {
      add(wide, i, i, i);
      wide.set(i - 1, wide.slot(Column.DEVICE_ID), 100 + i);
      wide.set(i - 1, wide.slot(Column.TOTAL_LOANS_VND), Double.doubleToLongBits(1000 + i));
    }
    History narrow = History.of(wide.bytes(), LOANS | DEVICE);
    assertEquals(9, narrow.count());
    for (int i = 1; i <= 9; i++) {
      assertEquals(i, narrow.timeMs(i - 1));
      assertTrue(narrow.contains(i));
      assertEquals(100 + i, narrow.word(i - 1, narrow.slot(Column.DEVICE_ID)));
      assertEquals(1000 + i, narrow.number(i - 1, narrow.slot(Column.TOTAL_LOANS_VND)));
    }
    History none = History.of(narrow.bytes(), 0);
    assertEquals(9, none.count());
    assertEquals(9, none.timeMs(8));
  }

  // ---- saved state ----

  private static byte[] golden() throws IOException {
    try (InputStream file = HistoryTest.class.getResourceAsStream("/golden/history-v1.bin")) {
      return file.readAllBytes();
    }
  }

  private static History goldenHistory() {
    History history = History.empty(AMOUNT | DEVICE);
    // The last arrives before the second: the file holds them by time, 1000, 2000, 2000.
    addGolden(history, 2000, 0x2122232425262728L, Double.NaN, 0);
    addGolden(history, 1000, 0x0102030405060708L, 2.5, 0x1112131415161718L);
    addGolden(history, 2000, 0x3132333435363738L, -1.0, 0x4142434445464748L);
    return history;
  }

  private static void addGolden(
      History history, long timeMs, long id, double amountVnd, long deviceHash) {
    add(history, timeMs, id, amountVnd);
    int event = history.countUpTo(timeMs) - 1;
    history.set(event, history.slot(Column.DEVICE_ID), deviceHash);
  }

  @Test
  void layoutVersion1IsWrittenByteForByte() throws IOException {
    byte[] golden = golden();
    assertArrayEquals(golden, Arrays.copyOf(goldenHistory().bytes(), golden.length));
  }

  @Test
  void layoutVersion1IsRead() throws IOException {
    History history = History.of(golden(), AMOUNT | DEVICE);
    assertEquals(3, history.count());
    assertArrayEquals(
        new long[] {1000, 2000, 2000},
        IntStream.range(0, 3).mapToLong(history::timeMs).toArray());
    int amount = history.slot(Column.TRANSACTION_AMOUNT_VND);
    assertEquals(2.5, history.number(0, amount));
    assertTrue(Double.isNaN(history.number(1, amount)));
    assertEquals(-1.0, history.number(2, amount));
    int device = history.slot(Column.DEVICE_ID);
    assertEquals(0x1112131415161718L, history.word(0, device));
    assertEquals(History.nullWord(Column.DEVICE_ID), history.word(1, device));
    assertEquals(0x4142434445464748L, history.word(2, device));
    assertTrue(history.contains(0x0102030405060708L));
    assertTrue(history.contains(0x2122232425262728L));
    assertTrue(history.contains(0x3132333435363738L));
    add(history, 3000, 1, 1);
    assertEquals(4, history.count());
  }

  @ParameterizedTest
  @ValueSource(bytes = {0, 2, -1})
  void anotherLayoutVersionIsRefusedWithBothVersionsAndTheRemedy(byte version) throws IOException {
    byte[] bytes = golden();
    bytes[0] = version;
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> History.of(bytes, AMOUNT | DEVICE));
    assertEquals(
        "saved state has layout version "
            + version
            + "; this release reads version 1: start from the release that wrote it, or without its"
            + " state",
        refused.getMessage());
  }
}
