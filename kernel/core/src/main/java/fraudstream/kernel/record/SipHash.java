package fraudstream.kernel.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash-2-4 with a 64-bit result, a hash that nobody can predict without its key.
 *
 * <p>Senders choose ids and texts. With a public hash they could compute texts that collide, and
 * so hide transactions behind others. From Aumasson and Bernstein, "SipHash: a fast short-input
 * PRF" (2012).
 */
final class SipHash {
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final long v0;
  private final long v1;
  private final long v2;
  private final long v3;

  /** Takes the key as two little-endian words. */
  SipHash(long k0, long k1) {
    v0 = k0 ^ 0x736f6d6570736575L;
    v1 = k1 ^ 0x646f72616e646f6dL;
    v2 = k0 ^ 0x6c7967656e657261L;
    v3 = k1 ^ 0x7465646279746573L;
  }

  /** The hash of bytes [from, to). */
  long of(byte[] bytes, int from, int to) {
    long a = v0;
    long b = v1;
    long c = v2;
    long d = v3;
    int at = from;
    // Not in a method of its own: Java has no way to return four words without an allocation.
    for (int rounds = (to - from) / Long.BYTES + 1, left = rounds; left > 0; left--) {
      long word = left > 1 ? (long) WORD.get(bytes, at) : last(bytes, at, to, to - from);
      at += Long.BYTES;
      d ^= word;
      for (int round = 0; round < 2; round++) {
        a += b;
        c += d;
        b = Long.rotateLeft(b, 13) ^ a;
        d = Long.rotateLeft(d, 16) ^ c;
        a = Long.rotateLeft(a, 32) + d;
        c += b;
        d = Long.rotateLeft(d, 21) ^ a;
        b = Long.rotateLeft(b, 17) ^ c;
        c = Long.rotateLeft(c, 32);
      }
      a ^= word;
    }
    c ^= 0xff;
    for (int round = 0; round < 4; round++) {
      a += b;
      c += d;
      b = Long.rotateLeft(b, 13) ^ a;
      d = Long.rotateLeft(d, 16) ^ c;
      a = Long.rotateLeft(a, 32) + d;
      c += b;
      d = Long.rotateLeft(d, 21) ^ a;
      b = Long.rotateLeft(b, 17) ^ c;
      c = Long.rotateLeft(c, 32);
    }
    return a ^ b ^ c ^ d;
  }

  /** The last word: the bytes that fill no whole one, and the length. */
  private static long last(byte[] bytes, int from, int to, int length) {
    long word = (long) length << Long.SIZE - Byte.SIZE;
    for (int at = to - 1; at >= from; at--) {
      word |= (bytes[at] & 0xffL) << (at - from) * Byte.SIZE;
    }
    return word;
  }
}
