package fraudstream.kernel.stream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.features.Catalogues;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Job configurations for tests. */
final class Configs {
  static final long LATENESS_MS = 100;
  static final long TOLERANCE_MS = 30;
  static final long WINDOW_MS = 50;
  static final long TTL_MARGIN_MS = 1_000;

  /** Features: the hour, and the counts of the account's and the device's transactions in 50 ms. */
  static final String CATALOGUE =
      Catalogues.json(
          Catalogues.row("hour", "hour", ""),
          Catalogues.window("count", "account_id", "count", "'window':'50ms'"),
          Catalogues.window("of_device", "device_id", "count", "'window':'50ms'"),
          Catalogues.row("often", "above", "'of':['count'],'threshold':1"));

  private Configs() {}

  /** A configuration with settings replaced: name, value, ... */
  static JobConfig config(Object... namesAndValues) {
    return JobConfig.fromJson(json(namesAndValues));
  }

  /** The same as JSON; a null value removes the setting. */
  static String json(Object... namesAndValues) {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("catalogue", CATALOGUE);
    values.put("catalogue_version", "abc");
    values.put("model_version", "v1");
    values.put("max_record_bytes", 1_000);
    values.put("future_tolerance_ms", 0);
    values.put("allowed_lateness_ms", LATENESS_MS);
    values.put("retention_tolerance_ms", TOLERANCE_MS);
    values.put("state_ttl_margin_ms", TTL_MARGIN_MS);
    values.put("state_ttl_ms", -1);
    values.put("batch_size", 3);
    values.put("batch_time_ms", 20);
    values.put("is_labelled", false);
    values.put("transactions_per_second", 0.0);
    values.put("ramp_ms", 0);
    values.put("writes_files", false);
    values.put("with_reviews", true);
    values.put("reviews_per_minute", 2);
    values.put("reviews_of_task_per_minute", 5);
    values.put("review_sentences", Map.of("late", List.of("late.", "trễ."), "other", List.of("?", "?")));
    values.put("dead_letters_per_record", 3);
    values.put("dead_letters_per_minute", 10);
    values.put("dead_letter_bytes_per_minute", 1_000_000);
    values.put("profiles", null);
    values.put("customers", null);
    for (int i = 0; i < namesAndValues.length; i += 2) {
      if (namesAndValues[i + 1] == null) {
        values.remove((String) namesAndValues[i]);
      } else {
        values.put((String) namesAndValues[i], namesAndValues[i + 1]);
      }
    }
    try {
      return new ObjectMapper().writeValueAsString(values);
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
