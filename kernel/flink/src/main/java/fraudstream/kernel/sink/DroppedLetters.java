package fraudstream.kernel.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import fraudstream.kernel.json.DeadLetterJson;
import fraudstream.kernel.json.ReasonCounts;
import fraudstream.kernel.json.RecordRanges;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Dropped dead letters; a dead letter that sums them up says where to read their records again. */
final class DroppedLetters implements Dropped {
  private static final JsonFactory JSON = new JsonFactory();

  private final ReasonCounts reasons = new ReasonCounts();
  private final RecordRanges ranges = new RecordRanges();

  @Override
  public void add(Entry entry) {
    String reason = "unknown";
    String shard = null;
    String sequenceNumber = null;
    long count = 1;
    try (JsonParser parser = JSON.createParser(entry.payload)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        JsonToken token = parser.nextToken();
        if (field.equals("reason")) {
          reason = parser.getText();
        } else if (field.equals("count")) {
          count = parser.getLongValue();
        } else if (field.equals("shard_id") && token == JsonToken.VALUE_STRING) {
          shard = parser.getText();
        } else if (field.equals("sequence_number") && token == JsonToken.VALUE_STRING) {
          sequenceNumber = parser.getText();
        }
        parser.skipChildren();
      }
    } catch (IOException impossible) {
      throw new IllegalStateException("a dead letter that is no JSON", impossible);
    }
    reasons.add(reason, count);
    ranges.add(shard, sequenceNumber, count, entry.payload.length);
  }

  @Override
  public boolean isEmpty() {
    return reasons.isEmpty();
  }

  @Override
  public void clear() {
    reasons.clear();
    ranges.clear();
  }

  @Override
  public Entry summary() {
    byte[] key = DeadLetterJson.TOO_MANY_LETTERS.getBytes(StandardCharsets.UTF_8);
    return isEmpty() ? null : new Entry(key, DeadLetterJson.ofRanges(reasons, ranges));
  }

  @Override
  public String toString() {
    return reasons.total() + " refused records (" + reasons + "), of " + ranges;
  }
}
