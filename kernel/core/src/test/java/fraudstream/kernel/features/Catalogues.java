package fraudstream.kernel.features;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** Feature catalogues for tests; specs use single quotes, which are replaced by double quotes. */
public final class Catalogues {
  private Catalogues() {}

  /** The JSON of a catalogue. */
  public static String json(String... features) {
    return quoted("{'features':[" + String.join(",", features) + "]}");
  }

  public static Catalogue of(String... features) {
    return Catalogue.fromJson(json(features));
  }

  /** A row feature; operands like {@code 'column':'city','text':'Huế'}, or empty. */
  public static String row(String name, String statistic, String operands) {
    return feature(name, "transaction", statistic, operands);
  }

  /** A window feature of an entity. */
  public static String window(String name, String entity, String statistic, String operands) {
    return feature(name, entity, statistic, operands);
  }

  private static String feature(String name, String entity, String statistic, String operands) {
    return "{'name':'"
        + name
        + "','entity':'"
        + entity
        + "','statistic':'"
        + statistic
        + "'"
        + (operands.isEmpty() ? "" : "," + operands)
        + "}";
  }

  static JsonNode spec(String feature) {
    try {
      return new ObjectMapper().readTree(quoted(feature));
    } catch (JsonProcessingException notJson) {
      throw new IllegalArgumentException(feature, notJson);
    }
  }

  private static String quoted(String json) {
    return json.replace('\'', '"');
  }
}
