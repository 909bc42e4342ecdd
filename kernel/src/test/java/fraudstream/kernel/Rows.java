package fraudstream.kernel;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;

/** Transactions for tests, as rows and as JSON. */
final class Rows {
  private static final Map<String, String> GOOD =
      Map.of(
          "transaction_id", "\"T1\"",
          "event_time", "\"2026-01-02T03:04:05.678Z\"",
          "account_id", "\"A1\"",
          "transaction_amount_vnd", "1000");

  private Rows() {}

  /** A row with these fields, given as name, value, name, value; the rest is null. */
  static GenericRowData row(Object... namesAndValues) {
    GenericRowData row = new GenericRowData(Column.values().length);
    row.setField(Column.TRANSACTION_ID.ordinal(), StringData.fromString("T"));
    row.setField(Column.EVENT_TIME.ordinal(), 0L);
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Object value = namesAndValues[i + 1];
      row.setField(
          Column.named((String) namesAndValues[i]).ordinal(),
          value instanceof String ? StringData.fromString((String) value) : value);
    }
    return row;
  }

  /** A good record, some of its fields replaced: name, JSON value, ...; null leaves a field out. */
  static String json(String... namesAndValues) {
    Map<String, String> fields = new LinkedHashMap<>(GOOD);
    for (int i = 0; i < namesAndValues.length; i += 2) {
      if (namesAndValues[i + 1] == null) {
        fields.remove(namesAndValues[i]);
      } else {
        fields.put(namesAndValues[i], namesAndValues[i + 1]);
      }
    }
    return fields.entrySet().stream()
        .map(field -> "\"" + field.getKey() + "\":" + field.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** A catalogue's JSON; single quotes stand for double ones. */
  static String catalogue(String... features) {
    return ("{'features':[" + String.join(",", features) + "]}").replace('\'', '"');
  }
}
