package fraudstream.kernel.features;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import fraudstream.kernel.record.Column;
import fraudstream.kernel.record.Entity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the values of a feature's JSON spec.
 *
 * <p>{@code fraudstream/domain/catalogue.py} has already validated them with messages for users. An
 * error here means that the job's Python and Java parts are of different releases.
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
    Column column = Column.ofFeature(text(spec, key));
    if (column == null) {
      throw wrong(spec, key + " must be a field of a transaction or of its customer");
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

  static List<String> texts(JsonNode spec, String key) {
    List<String> texts = new ArrayList<>();
    for (JsonNode text : spec.path(key)) {
      texts.add(text.asText());
    }
    if (texts.isEmpty()) {
      throw wrong(spec, key + " must be a list of strings");
    }
    return List.copyOf(texts);
  }

  /** The positions of the features named in {@code of}; empty if the key is absent. */
  static int[] offsets(JsonNode spec, Map<String, Integer> offsets) {
    JsonNode names = spec.path("of");
    int[] result = new int[names.size()];
    for (int i = 0; i < result.length; i++) {
      Integer offset = offsets.get(names.get(i).asText());
      if (offset == null) {
        throw wrong(spec, "of must name features that come before it");
      }
      result[i] = offset;
    }
    return result;
  }

  static Entity entity(JsonNode spec) {
    Entity entity = Entity.named(text(spec, "entity"));
    if (entity == null) {
      throw wrong(spec, "entity must be an id field, or 'transaction'");
    }
    return entity;
  }

  /** A feature's spec without its name and with the specs of the features that it refers to. */
  static JsonNode meaning(JsonNode spec, Map<String, JsonNode> meanings) {
    ObjectNode meaning = spec.deepCopy();
    meaning.remove("name");
    if (spec.has("of")) {
      ArrayNode spelledOut = meaning.putArray("of");
      spec.get("of").forEach(name -> spelledOut.add(meanings.get(name.asText())));
    }
    return meaning;
  }

  static IllegalArgumentException wrong(JsonNode spec, String remedy) {
    return new IllegalArgumentException("feature " + spec + ": " + remedy);
  }
}
