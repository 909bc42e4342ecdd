package fraudstream.kernel.features;

import static fraudstream.kernel.features.Catalogues.spec;
import static fraudstream.kernel.features.Catalogues.window;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Column;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WindowSpecsTest {
  private static final int OFFSET = 17;

  private static WindowSpec read(String statistic, String operands) {
    return WindowSpecs.read(
        spec(window("f", "account_id", statistic, operands)), new ColumnTable(), OFFSET);
  }

  @ParameterizedTest
  @CsvSource({
    "7ms, 7", "1s, 1000", "90s, 90000", "5m, 300000", "24h, 86400000", "365d, 31536000000",
  })
  void aDurationHasAUnit(String duration, long expectedMs) {
    WindowSpec spec = read("count", "'window':'1ms','delay':'" + duration + "'");
    assertEquals(expectedMs, spec.delayMs);
    assertEquals(1 + expectedMs, spec.reachMs());
    assertEquals(expectedMs, read("count", "'window':'" + duration + "'").windowMs);
  }

  @Test
  void withoutADelayAWindowEndsAtTheTransaction() {
    WindowSpec spec = read("count", "'window':'1h'");
    assertEquals(0, spec.delayMs);
    assertEquals(3_600_000, spec.reachMs());
    assertEquals(OFFSET, spec.offset);
    assertEquals(1, spec.width());
    assertEquals(0, spec.n);
  }

  @ParameterizedTest
  @CsvSource({
    "count, ''",
    "seconds_since_previous, ''",
    "fraud_rate, ''",
    "speed_kmh, latitude longitude",
    "sum, transaction_fees_vnd", "mean, transaction_fees_vnd", "min, transaction_fees_vnd",
    "max, transaction_fees_vnd", "std, transaction_fees_vnd", "distinct, transaction_fees_vnd",
    "occurrences, merchant_id", "ratio_to_mean, transaction_fees_vnd",
    "z_score, transaction_fees_vnd",
    "last_n, transaction_amount_vnd transaction_fees_vnd",
  })
  void eachStatisticLooksAtItsColumns(String statistic, String columns) {
    String column = columns.isEmpty() || statistic.equals("speed_kmh") ? null : last(columns);
    WindowSpec spec =
        read(
            statistic,
            "'window':'1h'"
                + (column == null ? "" : ",'column':'" + column + "'")
                + (statistic.equals("last_n") ? ",'n':5" : ""));
    assertEquals(Statistic.valueOf(statistic.toUpperCase(Locale.ROOT)), spec.statistic);
    assertEquals(
        columns,
        spec.columns.stream()
            .map(found -> Column.values()[(int) found.id].fieldName)
            .collect(Collectors.joining(" ")));
    assertEquals(statistic.equals("last_n") ? 15 : 1, spec.width());
  }

  private static String last(String columns) {
    return columns.substring(columns.lastIndexOf(' ') + 1);
  }
}
