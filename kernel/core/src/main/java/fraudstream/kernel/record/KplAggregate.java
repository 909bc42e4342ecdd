package fraudstream.kernel.record;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Takes apart a record that the Kinesis Producer Library (KPL) aggregated from several.
 *
 * <p>Its format: four magic bytes, an {@code AggregatedRecord} as Protocol Buffers, and the MD5 of
 * that (KPL aggregation format, github.com/awslabs/amazon-kinesis-producer); nothing is compressed.
 * All parts count, whichever shard their keys belong to: after a reshard the KPL sends such parts
 * once more, and the copies are recognised as duplicates. A record with any fault is refused whole,
 * because there is no telling which of its parts are right. An aggregate in a part is a part like any
 * other, so that no record unfolds without end.
 */
public final class KplAggregate {
  /** More transactions than the largest record of Kinesis, 10 MiB, has room for. */
  static final int MAX_PARTS = 100_000;

  private static final byte[] MAGIC = {(byte) 0xF3, (byte) 0x89, (byte) 0x9A, (byte) 0xC2};
  private static final int DIGEST_BYTES = 16;

  /** Field numbers of {@code AggregatedRecord}. */
  private static final int PARTITION_KEYS = 1;

  private static final int EXPLICIT_HASH_KEYS = 2;
  private static final int RECORDS = 3;

  /** Field numbers of {@code Record}. */
  private static final int PARTITION_KEY_INDEX = 1;

  private static final int EXPLICIT_HASH_KEY_INDEX = 2;
  private static final int DATA = 3;

  private final ProtobufFields fields;
  private final List<int[]> parts = new ArrayList<>();
  private int partitionKeys;
  private int explicitHashKeys;
  private int neededPartitionKeys;
  private int neededExplicitHashKeys;

  private KplAggregate(ProtobufFields fields) {
    this.fields = fields;
  }

  /** Receives the parts of an aggregated record. */
  public interface Part {
    /** Takes the part in {@code bytes[from, to)} of the aggregated record. */
    void take(int from, int to);
  }

  /** Whether a record claims to be aggregated. */
  public static boolean isOne(byte[] bytes) {
    return isOne(bytes, 0, bytes.length);
  }

  /** Whether {@code bytes[from, to)} claims to be an aggregated record. */
  public static boolean isOne(byte[] bytes, int from, int to) {
    int end = from + MAGIC.length;
    return end <= to && Arrays.equals(bytes, from, end, MAGIC, 0, MAGIC.length);
  }

  /**
   * Passes the parts of an aggregated record on, in order.
   *
   * @throws RefusedException if it is damaged or has no part; none was passed on then
   */
  public static void split(byte[] bytes, Part part) throws RefusedException {
    for (int[] range : parts(bytes)) {
      part.take(range[0], range[1]);
    }
  }

  /**
   * Refuses an aggregated record where a single one belongs: in a file, or within another one.
   *
   * @throws RefusedException if the record is aggregated; it says so if it is damaged, too
   */
  static void refuseWhole(byte[] bytes) throws RefusedException {
    if (isOne(bytes)) {
      parts(bytes);
      throw refused(
          "in a file or in another aggregated record, where it is not taken apart; aggregate records"
              + " once, and copy a stream with `streams archive`");
    }
  }

  private static List<int[]> parts(byte[] bytes) throws RefusedException {
    int end = bytes.length - DIGEST_BYTES;
    if (end < MAGIC.length || !Arrays.equals(md5(bytes, end), Arrays.copyOfRange(bytes, end, bytes.length))) {
      throw damaged("its MD5 does not match");
    }
    KplAggregate aggregate = new KplAggregate(new ProtobufFields(bytes, MAGIC.length));
    try {
      aggregate.read(end);
    } catch (IndexOutOfBoundsException problem) {
      throw damaged("its fields do not end where it ends");
    }
    aggregate.check();
    return aggregate.parts;
  }

  private static RefusedException damaged(String why) {
    return refused(why + "; have its producer send it again");
  }

  private static RefusedException refused(String why) {
    return new RefusedException(
        Refusal.AGGREGATION, "aggregated by the Kinesis Producer Library, and " + why);
  }

  private static byte[] md5(byte[] bytes, int end) {
    try {
      MessageDigest digest = MessageDigest.getInstance("MD5");
      digest.update(bytes, MAGIC.length, end - MAGIC.length);
      return digest.digest();
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private void read(int end) throws RefusedException {
    while (fields.next(end)) {
      if (fields.isBytes(PARTITION_KEYS)) {
        partitionKeys++;
      } else if (fields.isBytes(EXPLICIT_HASH_KEYS)) {
        explicitHashKeys++;
      } else if (fields.isBytes(RECORDS)) {
        readRecord(fields.end());
        continue;
      }
      fields.skip();
    }
  }

  private void readRecord(int end) throws RefusedException {
    int[] data = null;
    boolean hasKey = false;
    while (fields.next(end)) {
      if (fields.isBytes(DATA)) {
        data = new int[] {fields.begin(), fields.end()};
      } else if (fields.isNumber(PARTITION_KEY_INDEX)) {
        hasKey = true;
        neededPartitionKeys = Math.max(neededPartitionKeys, needed(fields.number()));
      } else if (fields.isNumber(EXPLICIT_HASH_KEY_INDEX)) {
        neededExplicitHashKeys = Math.max(neededExplicitHashKeys, needed(fields.number()));
      }
      fields.skip();
    }
    if (data == null || !hasKey) {
      throw damaged("a record in it has no " + (data == null ? "data" : "partition key"));
    }
    if (parts.size() == MAX_PARTS) {
      throw damaged(String.format("it has over %,d records in it", MAX_PARTS));
    }
    parts.add(data);
  }

  /** The least number of keys with which there is one of that index, which has 64 bits, unsigned. */
  private static int needed(long index) {
    return index < 0 || index >= Integer.MAX_VALUE ? Integer.MAX_VALUE : (int) index + 1;
  }

  private void check() throws RefusedException {
    if (parts.isEmpty()) {
      throw damaged("it has no record in it");
    }
    if (neededPartitionKeys > partitionKeys || neededExplicitHashKeys > explicitHashKeys) {
      throw damaged("a record in it has the index of a key that is not there");
    }
  }
}
