package fraudstream.kernel.record;

import org.apache.commons.codec.digest.MurmurHash3;

/**
 * The 64-bit hash that represents a text in saved state: the first half of MurmurHash3 x64 128 with
 * seed 0.
 *
 * <p>Among n different texts of one entity, the probability of a collision is about n²/2^65.
 */
public final class Hash64 {
  private Hash64() {}

  /** The hash of UTF-8 bytes; never 0, which represents null. */
  public static long of(byte[] utf8) {
    long hash = MurmurHash3.hash128x64(utf8, 0, utf8.length, 0)[0];
    return hash == 0 ? 1 : hash;
  }
}
