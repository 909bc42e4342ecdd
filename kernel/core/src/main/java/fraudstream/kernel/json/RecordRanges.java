package fraudstream.kernel.json;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/**
 * The ranges of stream records that a summary covers: first and last sequence number, and count, by
 * shard. Other records may lie within a range.
 */
public final class RecordRanges {
  /** More shards than one task reads; the records of further ones share the entry "". */
  private static final int MAX_SHARDS = 1_000;

  private static final String UNKNOWN = "";

  private static final byte[] SHARD_ID = JsonLine.name("shard_id");
  private static final byte[] FIRST = JsonLine.name("first_sequence_number");
  private static final byte[] LAST = JsonLine.name("last_sequence_number");
  private static final byte[] COUNT = JsonLine.name("count");

  private final Map<String, Range> ranges = new TreeMap<>();
  private long bytes;

  private static final class Range {
    private String first;
    private String last;
    private long count;
  }

  /** Adds a dead letter; the shard and the sequence number are null if unknown. */
  public void add(String shardId, String sequenceNumber, long count, int letterBytes) {
    addRange(shardId, sequenceNumber, sequenceNumber, count);
    bytes += letterBytes;
  }

  /** Adds all ranges and sizes of another summary. */
  public void addAll(RecordRanges other) {
    other.ranges.forEach((shard, range) -> addRange(shard, range.first, range.last, range.count));
    bytes += other.bytes;
  }

  /** Adds the size of dead letters whose ranges are added by {@link #addRange}. */
  public void addBytes(long letterBytes) {
    bytes += letterBytes;
  }

  /** Adds a range of a shard; the shard and the sequence numbers are null if unknown. */
  public void addRange(String shardId, String first, String last, long count) {
    boolean isKnown = shardId != null && first != null && last != null;
    String shard = isKnown ? shardId : UNKNOWN;
    if (!ranges.containsKey(shard) && ranges.size() >= MAX_SHARDS) {
      shard = UNKNOWN;
    }
    Range range = ranges.computeIfAbsent(shard, unused -> new Range());
    range.count += count;
    if (shard.equals(UNKNOWN)) {
      return;
    }
    range.first = range.first == null || isBefore(first, range.first) ? first : range.first;
    range.last = range.last == null || isBefore(range.last, last) ? last : range.last;
  }

  /** Sequence numbers are integers of up to 128 bits in decimal, without leading zeros. */
  private static boolean isBefore(String one, String other) {
    return one.length() == other.length() ? one.compareTo(other) < 0 : one.length() < other.length();
  }

  /** The size of all dead letters that were added. */
  public long bytes() {
    return bytes;
  }

  public void clear() {
    ranges.clear();
    bytes = 0;
  }

  void write(JsonLine json) {
    json.begin('[');
    ranges.forEach(
        (shard, range) -> {
          json.begin('{');
          json.field(SHARD_ID);
          json.text(shard.equals(UNKNOWN) ? null : shard);
          json.field(FIRST);
          json.text(range.first);
          json.field(LAST);
          json.text(range.last);
          json.field(COUNT);
          json.whole(range.count);
          json.end('}');
        });
    json.end(']');
  }

  /** The ranges as JSON. */
  @Override
  public String toString() {
    JsonLine json = new JsonLine();
    write(json);
    return new String(json.toBytes(), StandardCharsets.UTF_8);
  }
}
