package fraudstream.kernel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the values of a feature's spec.
 *
 * <p>{@code fraudstream/catalogue.py} has checked them with messages for people; what is refused here
 * is a job whose Python and Java parts are of different releases.
 */
final class Specs {
  private static final Pattern DURATION = Pattern.compile("(\\d+)(ms|s|m|h|d)");
  private static final Map<String, Long> UNIT_MS =
      Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);

  private Specs() {}

  static String text(JsonNode spec, String key) {
    if (!spec.path(key).isTextual()) {
      throw wrong(spec, key + " must be a string");
    }
    return spec.get(key).textValue();
  }

  static double number(JsonNode spec, String key) {
    if (!spec.path(key).isNumber()) {
      throw wrong(spec, key + " must be a number");
    }
    return spec.get(key).doubleValue();
  }

  static long durationMs(JsonNode spec, String key) {
    Matcher matcher = DURATION.matcher(text(spec, key));
    if (!matcher.matches()) {
      throw wrong(spec, key + " must be a duration");
    }
    return Long.parseLong(matcher.group(1)) * UNIT_MS.get(matcher.group(2));
  }

  static Column column(JsonNode spec, String key) {
    Column column = Column.named(text(spec, key));
    if (column == null) {
      throw wrong(spec, key + " must be a field of a transaction");
    }
    return column;
  }

  static <E extends Enum<E>> E constant(Class<E> type, JsonNode spec) {
    String name = text(spec, "statistic");
    try {
      return Enum.valueOf(type, name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException unknown) {
      throw wrong(spec, "statistic is not known for this entity");
    }
  }

  /** The places of the features named in {@code of}; empty if there are none. */
  static int[] positions(JsonNode spec, Map<String, Integer> positions) {
    JsonNode names = spec.path("of");
    int[] result = new int[names.size()];
    for (int i = 0; i < result.length; i++) {
      Integer position = positions.get(names.get(i).asText());
      if (position == null) {
        throw wrong(spec, "of must name features that come before it");
      }
      result[i] = position;
    }
    return result;
  }

  static IllegalArgumentException wrong(JsonNode spec, String remedy) {
    return new IllegalArgumentException("feature " + spec + ": " + remedy);
  }
}
