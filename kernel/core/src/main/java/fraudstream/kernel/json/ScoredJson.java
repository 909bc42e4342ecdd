package fraudstream.kernel.json;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.features.Outcome;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.Arrays;
import java.util.List;

/** Writes records of the scored transactions stream: one accepted transaction and its outcome. */
public final class ScoredJson {
  private static final byte[] TRANSACTION_ID = JsonLine.name("transaction_id");
  private static final byte[] EVENT_TIME = JsonLine.name("event_time");
  private static final byte[] ARRIVAL_TIME = JsonLine.name("arrival_time");
  private static final byte[] SCORED_AT = JsonLine.name("scored_at");
  private static final byte[] OUTCOME = JsonLine.name("outcome");
  private static final byte[] SCORE = JsonLine.name("score");
  private static final byte[] MODEL_VERSION = JsonLine.name("model_version");
  private static final byte[] CATALOGUE_VERSION = JsonLine.name("catalogue_version");
  private static final byte[] ORDINALS = JsonLine.name("ordinals");
  private static final byte[] FEATURES = JsonLine.name("features");
  private static final byte[] OVERFLOWING = JsonLine.name("overflowing_features");
  private static final byte[][] ENTITIES =
      Arrays.stream(Entity.values())
          .map(entity -> JsonLine.name(entity.fieldName))
          .toArray(byte[][]::new);

  private final FeatureFields features;
  private final String modelVersion;
  private final String catalogueVersion;
  private final JsonLine json = new JsonLine();

  public ScoredJson(
      List<Catalogue.Feature> features, String modelVersion, String catalogueVersion) {
    this.features = new FeatureFields(features);
    this.modelVersion = modelVersion;
    this.catalogueVersion = catalogueVersion;
  }

  /**
   * The record of a scored transaction, with its sequence number within each of its entities.
   *
   * @param scoredMs the time of scoring, epoch ms; written as null if the event has no arrival
   *     time, so that the same input file always gives the same bytes
   * @param overflowing the features that the model treated as missing, because they are too large
   *     for it; the record names them if there are any
   */
  public byte[] scored(Event event, double score, long scoredMs, List<String> overflowing) {
    writeHead(event, Outcome.NEW, event.arrivalMs == Event.NO_TIME ? Event.NO_TIME : scoredMs, score);
    json.field(ORDINALS);
    writeOrdinals(event.ordinals);
    json.field(FEATURES);
    json.begin('{');
    features.write(json, event);
    json.end('}');
    FeatureFields.writeOutOfReach(json, event);
    FeatureFields.writeMetadataVersion(json, event);
    if (!overflowing.isEmpty()) {
      json.field(OVERFLOWING);
      json.begin('[');
      overflowing.forEach(json::text);
      json.end(']');
    }
    json.end('}');
    return json.toBytes();
  }

  /** The record of a duplicate transaction, which has neither score nor features. */
  public byte[] duplicate(Event event) {
    writeHead(event, Outcome.DUPLICATE, Event.NO_TIME, Double.NaN);
    json.field(ORDINALS);
    json.nothing();
    json.field(FEATURES);
    json.nothing();
    json.end('}');
    return json.toBytes();
  }

  private void writeHead(Event event, Outcome outcome, long scoredMs, double score) {
    json.clear();
    json.begin('{');
    json.field(TRANSACTION_ID);
    json.text(event.transactionId);
    json.field(ENTITIES[Entity.ACCOUNT_ID.ordinal()]);
    json.text(event.ids[Entity.ACCOUNT_ID.ordinal()]);
    json.field(EVENT_TIME);
    json.time(event.timeMs);
    json.field(ARRIVAL_TIME);
    json.time(event.arrivalMs);
    json.field(SCORED_AT);
    json.time(scoredMs);
    json.field(OUTCOME);
    json.text(outcome.label);
    json.field(SCORE);
    json.number(score);
    json.field(MODEL_VERSION);
    json.text(modelVersion);
    json.field(CATALOGUE_VERSION);
    json.text(catalogueVersion);
  }

  private void writeOrdinals(long[] ordinals) {
    json.begin('{');
    for (int entity = 0; entity < ordinals.length; entity++) {
      if (ordinals[entity] > 0) {
        json.field(ENTITIES[entity]);
        json.whole(ordinals[entity]);
      }
    }
    json.end('}');
  }
}
