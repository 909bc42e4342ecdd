package fraudstream.kernel.record;

import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/** Transactions and labels for tests: as JSON, as fields and as events. */
public final class Records {
  private static final Map<String, String> GOOD =
      Map.of(
          "transaction_id", "\"T1\"",
          "event_time", "\"2026-01-02T03:04:05.678Z\"",
          "account_id", "\"A1\"",
          "transaction_amount_vnd", "1000");
  private static final Map<String, String> GOOD_LABEL =
      Map.of(
          "transaction_id", "\"T1\"",
          "event_time", "\"2026-01-02T03:04:05.678Z\"",
          "account_id", "\"A1\"",
          "available_at", "\"2026-02-02T03:04:05.678Z\"",
          "is_fraud", "true");

  /** The hash of events without words, with the key of tests. */
  private static final EventHash HASH = new EventHash(HashKey.BATCH, new int[0]);

  private Records() {}

  /** A valid transaction with fields replaced: name, JSON value, ...; null removes a field. */
  public static String json(String... namesAndValues) {
    return json(GOOD, namesAndValues);
  }

  /** A valid label with fields replaced in the same way. */
  public static String label(String... namesAndValues) {
    return json(GOOD_LABEL, namesAndValues);
  }

  private static String json(Map<String, String> good, String... namesAndValues) {
    Map<String, String> fields = new LinkedHashMap<>(good);
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

  public static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Fields with these values, given as name, value, ...; all others are null. */
  public static Fields fields(Object... namesAndValues) {
    Fields fields = new Fields();
    fields.clear();
    fields.timeMs = 0;
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Column column = Column.ofFeature((String) namesAndValues[i]);
      Object value = namesAndValues[i + 1];
      if (value == null) {
        fields.setNull(column);
      } else if (column.kind == Column.Kind.TEXT) {
        fields.set(column, (String) value);
      } else if (column.kind == Column.Kind.TIME) {
        fields.timeMs = (long) value;
      } else if (column.kind == Column.Kind.FLAG) {
        fields.set(column, (boolean) value ? 1 : 0);
      } else {
        fields.set(column, ((Number) value).doubleValue());
      }
    }
    return fields;
  }

  /** A copy of the values that are not null, since the parser reuses its fields. */
  static Map<Column, Object> values(Fields fields) {
    Map<Column, Object> values = new EnumMap<>(Column.class);
    for (Column column : Column.values()) {
      if (!fields.isNull(column)) {
        values.put(column, value(fields, column));
      }
    }
    return values;
  }

  private static Object value(Fields fields, Column column) {
    switch (column.kind) {
      case TEXT:
        return fields.text(column);
      case TIME:
        return fields.timeMs;
      default:
        return fields.number(column);
    }
  }

  /** An accepted transaction of an account, as after the account's step. */
  public static Event transaction(String id, String account, long timeMs) {
    Event event = new Event();
    event.raw = utf8("{\"transaction_id\":\"" + id + "\"}");
    event.transactionId = id;
    event.timeMs = timeMs;
    event.amountVnd = 1_000;
    event.ids[Entity.ACCOUNT_ID.ordinal()] = account;
    event.contents = new Contents().ofIds(account, id);
    HASH.hash(event);
    return event;
  }

  /** A label that marks the transaction as a fraud. */
  public static Event labelOf(Event transaction, long availableAtMs) {
    Event label = new Event();
    label.kind = Event.Kind.LABEL;
    label.transactionId = transaction.transactionId;
    label.idHash = transaction.idHash;
    label.fingerprint = transaction.fingerprint;
    label.timeMs = transaction.timeMs;
    label.ids = transaction.ids.clone();
    label.availableAtMs = availableAtMs;
    label.isFraud = true;
    return label;
  }
}
