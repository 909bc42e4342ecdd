package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.HashKey;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProfileSummaryTest {
  private static final String KEY = "0123456789abcdef0123456789abcdef";
  private static final int WIDTH = 3;

  /** A profile of transactions at 10, 20 and 30 ms with those amounts, of which one has a fee. */
  private static byte[] profile() {
    List<WindowSpec> specs =
        List.of(
            Windows.of(Statistic.SUM, Windows.AMOUNT, 1_000, 0),
            Windows.of(Statistic.SUM, Windows.FEE, 1_000, 1),
            Windows.of(Statistic.DISTINCT, Windows.DEVICE, 1_000, 2));
    EntityWindows windows = Windows.account(specs, 1_000, Limits.PRODUCTION);
    History history = windows.newHistory();
    for (int at : new int[] {10, 30, 20}) {
      windows.transaction(history, Windows.transaction(at, at, at, WIDTH));
    }
    windows.transaction(
        history, Windows.with(Windows.transaction(40, 40, 40, WIDTH), Windows.FEE, 1.5));
    return new ProfileFormat(windows.schema(), HashKey.fromHex(KEY)).write(history);
  }

  @Test
  void theNewestTransactionsComeFirstWithTheirNumbers() throws Exception {
    ProfileSummary summary = ProfileSummary.of(profile(), KEY, 3);
    assertEquals(4, summary.ordinal);
    assertEquals(4, summary.rows);
    assertEquals(0, summary.condensed);
    assertArrayEquals(
        new String[] {"transaction_amount_vnd", "transaction_fees_vnd"}, summary.columns);
    assertArrayEquals(new long[] {40, 30, 20}, summary.timesMs);
    assertArrayEquals(new double[] {40, 1.5}, summary.values[0]);
    assertArrayEquals(new double[] {30, Double.NaN}, summary.values[1]);
  }

  @Test
  void aShortHistoryHasFewerTransactionsThanAskedFor() throws Exception {
    assertEquals(4, ProfileSummary.of(profile(), KEY, 100).timesMs.length);
  }

  @Test
  void aProfileOfAnotherHashKeyIsRefused() {
    IOException refusal =
        assertThrows(
            IOException.class, () -> ProfileSummary.of(profile(), KEY.replace('0', '1'), 1));
    assertTrue(refusal.getMessage().contains("hash key"), refusal.getMessage());
  }
}
