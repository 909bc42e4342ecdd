package fraudstream.kernel.json;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.apache.commons.codec.binary.Hex;
import org.apache.commons.codec.digest.DigestUtils;

/** Ids that depend only on texts; {@code stable_id} in {@code alert.py} gives the same. */
final class StableId {
  private static final int DIGITS = 32;

  private StableId() {}

  /** 32 hexadecimal digits; each text counts with its length, so that ("ab","c") isn't ("a","bc"). */
  static String of(String... texts) {
    MessageDigest digest = DigestUtils.getSha256Digest();
    for (String text : texts) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(utf8.length).array());
      digest.update(utf8);
    }
    return Hex.encodeHexString(digest.digest()).substring(0, DIGITS);
  }
}
