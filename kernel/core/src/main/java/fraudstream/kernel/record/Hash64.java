package fraudstream.kernel.record;

import org.apache.commons.codec.digest.MurmurHash3;

/**
 * A public 64-bit hash for what the operator of the job writes, such as features: the first half of
 * MurmurHash3 x64 128 with seed 0.
 *
 * <p>Anybody can make texts that collide. Ids and texts of records are hashed by {@link EventHash}.
 */
public final class Hash64 {
  private Hash64() {}

  /** The hash of UTF-8 bytes; never 0. */
  public static long of(byte[] utf8) {
    long hash = MurmurHash3.hash128x64(utf8, 0, utf8.length, 0)[0];
    return hash == 0 ? 1 : hash;
  }
}
