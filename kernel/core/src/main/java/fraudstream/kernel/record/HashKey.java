package fraudstream.kernel.record;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Arrays;

/**
 * The 128-bit key of the hashes that represent ids and texts in saved state.
 *
 * <p>It is a secret: who knows it can compute ids that collide. Hashes of different keys can't be
 * compared, so whatever continues a job's histories needs that job's key.
 */
public final class HashKey implements Serializable {
  public static final int BYTES = 16;

  /**
   * The published key of everything that has its whole input at hand and keeps no state: batch
   * mode, training and tests. It makes their results reproducible.
   */
  public static final HashKey BATCH =
      new HashKey("fraudstream:file".getBytes(StandardCharsets.US_ASCII));

  private static final long serialVersionUID = 1L;
  private static final int HEX = 16;

  private final byte[] bytes;

  /** Takes {@link #BYTES} bytes; they are copied. */
  public HashKey(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException(
          "a hash key of " + bytes.length + " bytes; it must have " + BYTES);
    }
    this.bytes = bytes.clone();
  }

  /** The key written as 32 hexadecimal digits; an error message does not repeat them. */
  public static HashKey fromHex(String digits) {
    if (!digits.matches("[0-9a-fA-F]{32}")) {
      throw new IllegalArgumentException("a hash key must be 32 hexadecimal digits");
    }
    byte[] bytes = new byte[BYTES];
    for (int i = 0; i < BYTES; i++) {
      bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), HEX);
    }
    return new HashKey(bytes);
  }

  /** A new key that nobody knows. */
  public static HashKey random() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return new HashKey(bytes);
  }

  /** A copy of the key's bytes. */
  public byte[] toBytes() {
    return bytes.clone();
  }

  /** Identifies the key without revealing it. */
  public long fingerprint() {
    return hash("fingerprint");
  }

  /** The fingerprint as messages show it. */
  public static String shown(long fingerprint) {
    return String.format("%016x", fingerprint);
  }

  /** The hash for one purpose; those of different purposes are unrelated. */
  SipHash hashFor(String purpose) {
    return new SipHash(hash(purpose + " 0"), hash(purpose + " 1"));
  }

  private long hash(String text) {
    ByteBuffer words = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return new SipHash(words.getLong(), words.getLong()).of(utf8, 0, utf8.length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HashKey && Arrays.equals(bytes, ((HashKey) other).bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** Names the key by its fingerprint, so that no message or log shows it. */
  @Override
  public String toString() {
    return "hash key " + shown(fingerprint());
  }
}
