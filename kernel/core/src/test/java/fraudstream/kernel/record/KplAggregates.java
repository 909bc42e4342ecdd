package fraudstream.kernel.record;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.apache.commons.codec.digest.DigestUtils;

/** Records as the Kinesis Producer Library aggregates them. */
public final class KplAggregates {
  private static final byte[] MAGIC = {(byte) 0xF3, (byte) 0x89, (byte) 0x9A, (byte) 0xC2};

  private KplAggregates() {}

  /** An aggregated record of these parts, all of one key. */
  public static byte[] of(String... parts) {
    return of(StandardCharsets.UTF_8, parts);
  }

  /** An aggregated record of these parts in an encoding, all of one key. */
  public static byte[] of(Charset charset, String... parts) {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    field(body, 1, "a key".getBytes(StandardCharsets.UTF_8));
    for (String part : parts) {
      ByteArrayOutputStream record = new ByteArrayOutputStream();
      record.write(1 << 3);
      varint(record, 0);
      field(record, 3, part.getBytes(charset));
      field(body, 3, record.toByteArray());
    }
    return withDigest(body.toByteArray());
  }

  /** An aggregated record with this Protocol Buffers message. */
  static byte[] withDigest(byte[] body) {
    ByteArrayOutputStream record = new ByteArrayOutputStream();
    record.writeBytes(MAGIC);
    record.writeBytes(body);
    record.writeBytes(DigestUtils.md5(body));
    return record.toByteArray();
  }

  private static void field(ByteArrayOutputStream out, int number, byte[] value) {
    out.write(number << 3 | 2);
    varint(out, value.length);
    out.writeBytes(value);
  }

  private static void varint(ByteArrayOutputStream out, long value) {
    long rest = value;
    while (rest > 0x7F) {
      out.write((int) (rest & 0x7F | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }
}
