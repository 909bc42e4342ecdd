package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.Deflater;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * Items of the table of profiles, as {@code fraudstream/profiles/dynamo_items.py} has them: one for a
 * profile, more where it exceeds DynamoDB's 400 KB.
 */
final class DynamoItems {
  static final String KEY = "key";
  static final String PART = "part";
  static final String HEAD = "0";
  static final String LAYOUT = "layout";

  /** Below DynamoDB's limit of an item, with room for the keys. */
  private static final int PIECE_BYTES = 350_000;

  private DynamoItems() {}

  static Map<String, AttributeValue> key(String key, String part) {
    return Map.of(KEY, text(key), PART, text(part));
  }

  static Map<String, AttributeValue> layoutKey() {
    return key("meta", LAYOUT);
  }

  private static String profileKey(ProfileRow row) {
    return row.entity + "#" + row.id;
  }

  private static String part(String writeId, int number) {
    return writeId + "#" + number;
  }

  /** The items of a row: its head, then the further pieces of its deflated profile. */
  static List<Map<String, AttributeValue>> items(ProfileRow row, String writeId) {
    byte[] deflated = deflated(row.profile);
    List<Map<String, AttributeValue>> items = new ArrayList<>();
    AttributeValue expiry = number(Math.floorDiv(row.expiresMs + 999, 1_000L));
    for (int from = 0; from < deflated.length; from += PIECE_BYTES) {
      byte[] piece = Arrays.copyOfRange(deflated, from, Math.min(deflated.length, from + PIECE_BYTES));
      String part = items.isEmpty() ? HEAD : part(writeId, items.size());
      Map<String, AttributeValue> item = new HashMap<>(key(profileKey(row), part));
      item.put("profile", AttributeValue.builder().b(SdkBytes.fromByteArrayUnsafe(piece)).build());
      item.put("expires_s", expiry);
      items.add(item);
    }
    Map<String, AttributeValue> head = items.get(0);
    head.put("epoch_ms", number(row.epochMs));
    head.put("ordinal", number(row.ordinal));
    head.put("updated_ms", number(row.updatedMs));
    head.put("expires_ms", number(row.expiresMs));
    head.put("size", number(row.profile.length));
    head.put("write", text(writeId));
    head.put("chunks", number(items.size() - 1));
    return items;
  }

  /** The keys of the further pieces that a stored head names; none for null or an empty map. */
  static List<Map<String, AttributeValue>> chunkKeys(
      ProfileRow row, Map<String, AttributeValue> head) {
    List<Map<String, AttributeValue>> keys = new ArrayList<>();
    if (head != null && head.containsKey("chunks")) {
      int chunks = Integer.parseInt(head.get("chunks").n());
      for (int number = 1; number <= chunks; number++) {
        keys.add(key(profileKey(row), part(head.get("write").s(), number)));
      }
    }
    return keys;
  }

  static Map<String, AttributeValue> progress(ProfileProgress progress) {
    Map<String, AttributeValue> item =
        new HashMap<>(key("progress", progress.entity + "#" + progress.task));
    item.put("tasks", number(progress.tasks));
    item.put("epoch_ms", number(progress.epochMs));
    item.put("written_until_ms", number(progress.writtenUntilMs));
    return item;
  }

  static AttributeValue text(String text) {
    return AttributeValue.builder().s(text).build();
  }

  static AttributeValue number(long number) {
    return AttributeValue.builder().n(Long.toString(number)).build();
  }

  private static byte[] deflated(byte[] profile) {
    Deflater deflater = new Deflater(Deflater.BEST_SPEED);
    try {
      deflater.setInput(profile);
      deflater.finish();
      ByteArrayOutputStream deflated = new ByteArrayOutputStream(profile.length / 2 + 64);
      byte[] buffer = new byte[8_192];
      while (!deflater.finished()) {
        deflated.write(buffer, 0, deflater.deflate(buffer));
      }
      return deflated.toByteArray();
    } finally {
      deflater.end();
    }
  }
}
