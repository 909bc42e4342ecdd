package fraudstream.kernel.features;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Column;
import java.util.List;

/** Reads the JSON of window features. */
final class WindowSpecs {
  private WindowSpecs() {}

  static WindowSpec read(JsonNode spec, ColumnTable columns, int offset) {
    Statistic statistic = Specs.constant(Statistic.class, spec);
    long delayMs = spec.hasNonNull("delay") ? Specs.durationMs(spec, "delay") : 0;
    int n = statistic == Statistic.LAST_N ? (int) Specs.number(spec, "n") : 0;
    return new WindowSpec(
        statistic,
        columns(statistic, spec, columns),
        Specs.durationMs(spec, "window"),
        delayMs,
        n,
        offset);
  }

  private static List<WindowColumn> columns(
      Statistic statistic, JsonNode spec, ColumnTable columns) {
    switch (statistic) {
      case COUNT:
      case SECONDS_SINCE_PREVIOUS:
      case FRAUD_RATE:
        if (spec.hasNonNull("column")) {
          throw Specs.wrong(spec, "this statistic takes no column; omit column");
        }
        return List.of();
      case SPEED_KMH:
        return List.of(columns.of(Column.LATITUDE), columns.of(Column.LONGITUDE));
      case LAST_N:
        return List.of(
            columns.of(Column.TRANSACTION_AMOUNT_VND),
            columns.named(spec, Specs.text(spec, "column")));
      default:
        return List.of(columns.named(spec, Specs.text(spec, "column")));
    }
  }
}
