package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tests of {@link Place}, {@link HyperLogLog} and {@link LongMap}. */
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
}
