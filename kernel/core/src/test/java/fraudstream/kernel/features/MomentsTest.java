package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class MomentsTest {
  private static Moments of(double... numbers) {
    long[] words = DoubleStream.of(numbers).mapToLong(Double::doubleToRawLongBits).toArray();
    Moments moments = new Moments();
    moments.add(words, 0, words.length, 1);
    return moments;
  }

  @Test
  void amountsThatCancelLeaveWhatIsBetweenThem() {
    assertEquals(1, of(1e18, -1e18, 1).sum());
    assertEquals(1, of(1, 1e18, -1e18).sum());
    assertEquals(0.1, of(1e18, 0.1, -1e18).sum());
    assertEquals(0.3, of(1e300, 0.3, -1e300).sum());
  }

  @Test
  void neighboursFarFromZeroHaveADeviation() {
    double wanted = 128 / Math.sqrt(2);
    assertEquals(wanted, of(1e18, 1e18 + 128).std(), wanted * 1e-12);
    Moments merged = of(1e18);
    merged.merge(of(1e18 + 128));
    assertEquals(wanted, merged.std(), wanted * 1e-12);
  }

  @Test
  void equalNumbersHaveNoDeviationHoweverTheyAreMerged() {
    Moments moments = of(0.1, 0.1, 0.1);
    for (int i = 0; i < 100; i++) {
      moments.merge(of(0.1, 0.1));
      assertEquals(0, moments.std());
    }
  }

  @Test
  void numbersTooLargeToSquareDoNotThrow() {
    Moments moments = of(1e300, -1e300, Double.MAX_VALUE);
    assertDoesNotThrow(() -> moments.merge(of(Double.MAX_VALUE, 1)));
    assertTrue(!(moments.std() < Double.POSITIVE_INFINITY));
    assertEquals(Double.POSITIVE_INFINITY, of(Double.MAX_VALUE, Double.MAX_VALUE).sum());
  }

  /** One outlier and thousands of close numbers: a running mean or a fixed shift is inaccurate. */
  @Test
  void manyMergesStayAccurate() {
    Random random = new Random(5);
    for (double far : new double[] {1, 1e6, 1e18, -1e18}) {
      double[] numbers = new double[20_000];
      Moments merged = new Moments();
      for (int from = 0; from < numbers.length; from += 10) {
        double[] some = new double[10];
        for (int i = 0; i < some.length; i++) {
          some[i] = from + i == 0 ? far : 1e6 + random.nextInt(1_000) / 100.0;
          numbers[from + i] = some[i];
        }
        merged.merge(of(some));
      }
      List<BigDecimal> exact =
          DoubleStream.of(numbers).mapToObj(BigDecimal::new).collect(Collectors.toList());
      double std = NaiveWindows.moments(Statistic.STD, exact, 0);
      double mean = NaiveWindows.moments(Statistic.MEAN, exact, 0);
      assertEquals(std, merged.std(), std * 1e-9, "with " + far);
      assertEquals(mean, merged.mean(), Math.abs(mean) * 1e-15, "with " + far);
    }
  }
}
