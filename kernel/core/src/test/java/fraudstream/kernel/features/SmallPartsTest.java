package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tests of {@link Place}, {@link HyperLogLog}, {@link LongMap} and {@link ValueIndex}. */
class SmallPartsTest {
  @Test
  void hanoiIsAsFarFromSaigonAsTheMapSays() {
    assertEquals(1_138, Place.km(21.0285, 105.8542, 10.8231, 106.6297), 3);
    assertEquals(Math.PI * 6371.0088, Place.km(0, 0, 0, 180), 1e-6, "half way round");
    assertEquals(0, Place.km(10, 106, 10, 106));
  }

  @Test
  void aCentimetreIsMeasuredToNineDigits() {
    double north = 21.0285001 - 21.0285;
    double centimetre = 6371.0088 * Math.toRadians(north);
    double km = Place.km(21.0285, 105.8542, 21.0285001, 105.8542);
    assertEquals(centimetre, km, centimetre * 1e-9);
  }

  @Test
  void estimatesAreWithinFourStandardErrors() {
    Random random = new Random(3);
    for (int count : new int[] {0, 1, 10, 100, 500, 1_000, 10_000, 1_000_000}) {
      HyperLogLog numbers = new HyperLogLog();
      HyperLogLog halves = new HyperLogLog();
      HyperLogLog otherHalves = new HyperLogLog();
      for (int i = 0; i < count; i++) {
        long word = Double.doubleToRawLongBits(random.nextInt() + i * 1e10);
        numbers.add(word);
        (i % 2 == 0 ? halves : otherHalves).add(word);
      }
      halves.merge(otherHalves);
      assertEquals(count, numbers.estimate(), 4 * 0.065 * count);
      assertEquals(numbers.estimate(), halves.estimate());
    }
  }

  @Test
  void aMapHasWhatWasPutLast() {
    Random random = new Random(4);
    LongMap map = new LongMap();
    Map<Long, Integer> wanted = new HashMap<>();
    for (int i = 0; i < 20_000; i++) {
      long key = Double.doubleToRawLongBits(random.nextInt(5_000) - 2_500);
      int value = random.nextInt(10) - 1;
      map.put(key, value);
      wanted.put(key, value);
    }
    wanted.forEach((key, value) -> assertEquals(value, map.get(key)));
    assertEquals(LongMap.ABSENT, map.get(12_345));
  }

  @Test
  void aScratchSetIsEmptyAgainAndGrows() {
    Random random = new Random(4);
    LongMap.Scratch set = new LongMap.Scratch();
    for (int round = 0; round < 200; round++) {
      set.clear();
      Set<Long> wanted = new HashSet<>();
      for (int i = random.nextInt(2_000); i > 0; i--) {
        long word = random.nextInt(500);
        set.add(word);
        wanted.add(word);
      }
      assertEquals(wanted.size(), set.size());
    }
  }

  /** Compares all windows over random rows, some of which are inserted out of order. */
  @Test
  void theIndexOfValuesCountsAsAScanDoes() {
    Random random = new Random(6);
    List<WindowSpec> specs =
        List.of(Windows.of(WindowSpec.Statistic.DISTINCT, Windows.DEVICE, 10, 0));
    HistorySchema schema = HistorySchema.of(specs, false);
    for (int values : new int[] {1, 2, 20, 1_000}) {
      History history = new History(schema);
      for (int i = 0; i < 300; i++) {
        long timeMs = random.nextInt(10) == 0 ? random.nextInt(i + 1) : i;
        long word = random.nextInt(values + 1);
        history.insert(
            Windows.withText(Windows.transaction(timeMs, i, 1, 1), Windows.DEVICE, word),
            new int[] {Windows.DEVICE.place});
        ValueIndex index = history.index(Limits.PRODUCTION).values(history, 0);
        int from = history.first() + random.nextInt(history.count());
        int to = from + random.nextInt(history.end() - from + 1);
        List<Long> window = new ArrayList<>();
        for (int row = from; row < to; row++) {
          window.add(history.word(row, 0));
        }
        long wanted = window.stream().filter(value -> value != 0).distinct().count();
        assertEquals(wanted, index.distinct(from, to));
        long other = 1 + random.nextInt(values);
        long times = window.stream().filter(value -> value == other).count();
        assertEquals(times, index.occurrences(other, from, to));
        if (random.nextInt(5) == 0) {
          history.evictUpTo(history.timeMs(history.first()));
        }
      }
      assertTrue(history.count() > 100);
    }
  }
}
