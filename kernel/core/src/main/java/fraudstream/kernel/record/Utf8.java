package fraudstream.kernel.record;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Validates UTF-8 strictly (RFC 3629).
 *
 * <p>The JSON parser accepts overlong forms, surrogates and numbers beyond Unicode. One id could
 * then be written in several ways, and other readers would refuse the record.
 */
final class Utf8 {
  private static final VarHandle WORDS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long NOT_ASCII = 0x8080_8080_8080_8080L;

  private Utf8() {}

  /** The position of the first byte that is not UTF-8; -1 if there is none. */
  static int firstInvalid(byte[] bytes) {
    int at = 0;
    while (at < bytes.length) {
      if (at + Long.BYTES <= bytes.length) {
        long others = (long) WORDS.get(bytes, at) & NOT_ASCII;
        if (others == 0) {
          at += Long.BYTES;
          continue;
        }
        at += Long.numberOfTrailingZeros(others) / Byte.SIZE;
      }
      int length = lengthAt(bytes, at);
      if (length == 0) {
        return at;
      }
      at += length;
    }
    return -1;
  }

  /** The number of bytes of the character at a position; 0 if it is invalid. */
  private static int lengthAt(byte[] bytes, int at) {
    int first = bytes[at] & 0xFF;
    if (first < 0x80) {
      return 1;
    }
    int length = first < 0xC2 || first > 0xF4 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (at + length > bytes.length) {
      return 0;
    }
    for (int i = 1; i < length; i++) {
      if ((bytes[at + i] & 0xC0) != 0x80) {
        return 0;
      }
    }
    return length > 2 && isOutside(first, bytes[at + 1] & 0xFF) ? 0 : length;
  }

  /** Whether the first two bytes begin an overlong form, a surrogate or more than U+10FFFF. */
  private static boolean isOutside(int first, int second) {
    switch (first) {
      case 0xE0:
        return second < 0xA0;
      case 0xED:
        return second > 0x9F;
      case 0xF0:
        return second < 0x90;
      case 0xF4:
        return second > 0x8F;
      default:
        return false;
    }
  }
}
