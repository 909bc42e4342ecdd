package fraudstream.kernel.sink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import fraudstream.kernel.json.DeadLetterJson;
import fraudstream.kernel.json.ReasonCounts;
import fraudstream.kernel.json.RecordRanges;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Dropped dead letters; a dead letter that sums them up says where to read their records again. A
 * dropped one that is itself a summary of many records adds its reasons and ranges.
 */
final class DroppedLetters implements Dropped {
  private static final JsonFactory JSON = new JsonFactory();

  private final ReasonCounts reasons = new ReasonCounts();
  private final RecordRanges ranges = new RecordRanges();

  /** The fields of one dead letter. */
  private static final class Letter {
    String reason = "unknown";
    String shard;
    String sequenceNumber;
    long count = 1;
    long sizeBytes;
    final ReasonCounts reasons = new ReasonCounts();
    final RecordRanges ranges = new RecordRanges();
  }

  @Override
  public void add(Entry entry) {
    Letter letter = read(entry.payload);
    if (letter.reason.equals(DeadLetterJson.TOO_MANY_LETTERS)) {
      reasons.addAll(letter.reasons);
      ranges.addAll(letter.ranges);
      ranges.addBytes(letter.sizeBytes);
    } else {
      reasons.add(letter.reason, letter.count);
      ranges.add(letter.shard, letter.sequenceNumber, letter.count, entry.payload.length);
    }
  }

  private static Letter read(byte[] payload) {
    Letter letter = new Letter();
    try (JsonParser parser = JSON.createParser(payload)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        readField(parser, field, letter);
      }
    } catch (IOException impossible) {
      throw new IllegalStateException("a dead letter that is no JSON", impossible);
    }
    return letter;
  }

  private static void readField(JsonParser parser, String field, Letter letter)
      throws IOException {
    switch (field) {
      case "reason":
        letter.reason = parser.getText();
        break;
      case "count":
        letter.count = parser.getLongValue();
        break;
      case "size_bytes":
        letter.sizeBytes = parser.getLongValue();
        break;
      case "shard_id":
        letter.shard = textOrNull(parser);
        break;
      case "sequence_number":
        letter.sequenceNumber = textOrNull(parser);
        break;
      case "reasons":
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          letter.reasons.add(parser.currentName(), parser.nextLongValue(0));
        }
        break;
      case "ranges":
        while (parser.nextToken() == JsonToken.START_OBJECT) {
          readRange(parser, letter.ranges);
        }
        break;
      default:
        parser.skipChildren();
    }
  }

  private static void readRange(JsonParser parser, RecordRanges ranges) throws IOException {
    String shard = null;
    String first = null;
    String last = null;
    long count = 0;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "shard_id":
          shard = textOrNull(parser);
          break;
        case "first_sequence_number":
          first = textOrNull(parser);
          break;
        case "last_sequence_number":
          last = textOrNull(parser);
          break;
        case "count":
          count = parser.getLongValue();
          break;
        default:
          parser.skipChildren();
      }
    }
    ranges.addRange(shard, first, last, count);
  }

  private static String textOrNull(JsonParser parser) throws IOException {
    return parser.currentToken() == JsonToken.VALUE_STRING ? parser.getText() : null;
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
