package fraudstream.kernel.json;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.List;

/** Writes a feature vector as JSON fields: numbers, and LAST_N as a list of amount, gap, value. */
final class FeatureFields {
  private static final byte[] OUT_OF_REACH = JsonLine.name("out_of_reach");
  private static final byte[] METADATA_VERSION = JsonLine.name("metadata_version");
  private static final Entity[] ENTITIES = Entity.values();

  private final Catalogue.Feature[] features;
  private final byte[][] names;

  FeatureFields(List<Catalogue.Feature> features) {
    this.features = features.toArray(Catalogue.Feature[]::new);
    names = features.stream().map(of -> JsonLine.name(of.name)).toArray(byte[][]::new);
  }

  void write(JsonLine json, Event event) {
    double[] vector = event.features;
    for (int i = 0; i < names.length; i++) {
      Catalogue.Feature feature = features[i];
      json.field(names[i]);
      if (feature.triples == 0) {
        json.number(vector[feature.offset]);
      } else if (lacks(event, feature.entity)) {
        json.nothing();
      } else {
        writeTriples(json, vector, feature);
      }
    }
  }

  /** Whether the transaction has no windows of the entity, not even empty ones. */
  private static boolean lacks(Event event, Entity entity) {
    return event.ids[entity.ordinal()] == null || event.isOutOfReach(entity);
  }

  /** Writes the field that names the entities out of whose reach the transaction is, if any. */
  static void writeOutOfReach(JsonLine json, Event event) {
    if (event.outOfReach == 0) {
      return;
    }
    json.field(OUT_OF_REACH);
    json.begin('[');
    for (Entity entity : ENTITIES) {
      if (event.isOutOfReach(entity)) {
        json.text(entity.fieldName);
      }
    }
    json.end(']');
  }

  /** Writes the field with the version of the customer's metadata, if they were looked up. */
  static void writeMetadataVersion(JsonLine json, Event event) {
    if (event.metadataVersion != null) {
      json.field(METADATA_VERSION);
      json.text(event.metadataVersion);
    }
  }

  private static void writeTriples(JsonLine json, double[] vector, Catalogue.Feature feature) {
    int n = feature.triples;
    json.begin('[');
    // Every transaction has an amount, so the first NaN amount ends the list.
    for (int i = feature.offset; i < feature.offset + n && !Double.isNaN(vector[i]); i++) {
      json.begin('[');
      json.number(vector[i]);
      json.number(vector[i + n]);
      json.number(vector[i + 2 * n]);
      json.end(']');
    }
    json.end(']');
  }
}
