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
 * that (KPL aggregation format, github.com/awslabs/amazon-kinesis-producer). Partition keys are not
 * read: all parts count, whichever shard their keys belong to. After a reshard the KPL sends such
 * parts once more, and the copies are recognised as duplicates.
 */
public final class KplAggregate {
  private static final byte[] MAGIC = {(byte) 0xF3, (byte) 0x89, (byte) 0x9A, (byte) 0xC2};
  private static final int DIGEST_BYTES = 16;

  /** Field numbers of {@code AggregatedRecord.records} and {@code Record.data}. */
  private static final int RECORDS = 3;

  private static final int DATA = 3;

  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED_32 = 5;
  private static final int MAX_VARINT_BYTES = 10;

  private final byte[] bytes;
  private int at;

  private KplAggregate(byte[] bytes, int at) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Receives the parts of an aggregated record. */
  public interface Part {
    /** Takes the part in {@code bytes[from, to)} of the aggregated record. */
    void take(int from, int to);
  }

  /** Whether a record claims to be aggregated. */
  public static boolean isOne(byte[] bytes) {
    return bytes.length >= MAGIC.length
        && Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
  }

  /**
   * Passes the parts of an aggregated record on, in order.
   *
   * @throws RefusedException if it is damaged or has no part; none was passed on then
   */
  public static void split(byte[] bytes, Part part) throws RefusedException {
    int end = bytes.length - DIGEST_BYTES;
    if (end < MAGIC.length || !Arrays.equals(md5(bytes, end), Arrays.copyOfRange(bytes, end, bytes.length))) {
      throw damaged("its MD5 does not match");
    }
    List<int[]> parts;
    try {
      parts = new KplAggregate(bytes, MAGIC.length).parts(end);
    } catch (IndexOutOfBoundsException problem) {
      throw damaged("its fields do not end where it ends");
    }
    if (parts.isEmpty()) {
      throw damaged("it has no record in it");
    }
    for (int[] range : parts) {
      part.take(range[0], range[1]);
    }
  }

  private static RefusedException damaged(String why) {
    return new RefusedException(
        Refusal.MALFORMED_JSON,
        "aggregated by the Kinesis Producer Library, and " + why + "; have its producer send it again");
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

  private List<int[]> parts(int end) {
    List<int[]> parts = new ArrayList<>();
    while (at < end) {
      long tag = varint(end);
      if (tag == (RECORDS << 3 | BYTES)) {
        int length = length(end);
        int[] data = data(at + length);
        if (data != null) {
          parts.add(data);
        }
      } else {
        skip(tag, end);
      }
    }
    return parts;
  }

  /** The range of {@code Record.data} in the record that ends at {@code end}; null if it is absent. */
  private int[] data(int end) {
    int[] data = null;
    while (at < end) {
      long tag = varint(end);
      if (tag == (DATA << 3 | BYTES)) {
        int length = length(end);
        data = new int[] {at, at + length};
        at += length;
      } else {
        skip(tag, end);
      }
    }
    return data;
  }

  private void skip(long tag, int end) {
    switch ((int) (tag & 7)) {
      case VARINT:
        varint(end);
        return;
      case FIXED_64:
        at = within(at + Long.BYTES, end);
        return;
      case BYTES:
        int length = length(end);
        at += length;
        return;
      case FIXED_32:
        at = within(at + Integer.BYTES, end);
        return;
      default:
        throw new IndexOutOfBoundsException("unknown wire type");
    }
  }

  private int length(int end) {
    long length = varint(end);
    if (length < 0 || length > end - at) {
      throw new IndexOutOfBoundsException("a field of " + length + " bytes");
    }
    return (int) length;
  }

  private long varint(int end) {
    long value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      byte next = bytes[within(at, end - 1)];
      at++;
      value |= (long) (next & 0x7F) << (7 * i);
      if (next >= 0) {
        return value;
      }
    }
    throw new IndexOutOfBoundsException("an endless number");
  }

  private static int within(int place, int most) {
    if (place > most) {
      throw new IndexOutOfBoundsException(place);
    }
    return place;
  }
}
