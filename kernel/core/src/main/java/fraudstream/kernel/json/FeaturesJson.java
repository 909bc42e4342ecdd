package fraudstream.kernel.json;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.List;

/**
 * Writes a feature vector as one flat JSON object: transaction_id and account_id, then each feature
 * by name, null if missing; then out_of_reach, the list of such entities, if there are any, and
 * metadata_version, if the customer's metadata were looked up.
 */
public final class FeaturesJson {
  private static final byte[] TRANSACTION_ID = JsonLine.name("transaction_id");
  private static final byte[] ACCOUNT_ID = JsonLine.name("account_id");

  private final FeatureFields features;
  private final JsonLine json = new JsonLine();

  public FeaturesJson(List<Catalogue.Feature> features) {
    this.features = new FeatureFields(features);
  }

  public byte[] line(Event event) {
    json.clear();
    json.begin('{');
    json.field(TRANSACTION_ID);
    json.text(event.transactionId);
    json.field(ACCOUNT_ID);
    json.text(event.ids[Entity.ACCOUNT_ID.ordinal()]);
    features.write(json, event);
    FeatureFields.writeOutOfReach(json, event);
    FeatureFields.writeMetadataVersion(json, event);
    json.end('}');
    return json.toBytes();
  }
}
