package fraudstream.kernel.record;

/**
 * Reads the fields of a Protocol Buffers message one by one, without a copy of their bytes.
 *
 * <p>A message that is broken is an {@link IndexOutOfBoundsException}, whatever is wrong with it.
 */
final class ProtobufFields {
  private static final int VARINT = 0;
  private static final int FIXED_64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED_32 = 5;
  private static final int LAST_VARINT_BYTE = 9;
  private static final int MIN_TAG = 1 << 3;
  private static final long MAX_TAG = 0xFFFF_FFFFL;

  private final byte[] bytes;
  private int at;
  private long tag;
  private long number;
  private int end;

  /** A reader of the message in {@code bytes} that begins at {@code at}. */
  ProtobufFields(byte[] bytes, int at) {
    this.bytes = bytes;
    this.at = at;
  }

  /** Goes to the next field of the message that ends at {@code messageEnd}; false if there is none. */
  boolean next(int messageEnd) {
    if (at >= messageEnd) {
      return false;
    }
    tag = varint(messageEnd);
    if (tag < MIN_TAG || tag > MAX_TAG) {
      throw new IndexOutOfBoundsException("there is no tag " + tag);
    }
    end = endOfField(messageEnd);
    return true;
  }

  private int endOfField(int messageEnd) {
    switch ((int) (tag & 7)) {
      case VARINT:
        number = varint(messageEnd);
        return at;
      case FIXED_64:
        return endAfter(Long.BYTES, messageEnd);
      case BYTES:
        return endAfter(varint(messageEnd), messageEnd);
      case FIXED_32:
        return endAfter(Integer.BYTES, messageEnd);
      default:
        throw new IndexOutOfBoundsException("unknown wire type");
    }
  }

  /** Whether the field is this one, as bytes: from {@link #begin} to {@link #end}. */
  boolean isBytes(int field) {
    return tag == (field << 3 | BYTES);
  }

  /** Whether the field is this one, as a {@link #number}. */
  boolean isNumber(int field) {
    return tag == (field << 3 | VARINT);
  }

  /** The number in the field, of 64 bits. */
  long number() {
    return number;
  }

  /** The place of the field's first byte. */
  int begin() {
    return at;
  }

  /** The place behind the field's last byte. */
  int end() {
    return end;
  }

  /** Goes behind the field. Without it, {@link #next} reads the fields of the message in it. */
  void skip() {
    at = end;
  }

  private int endAfter(long length, int messageEnd) {
    if (length < 0 || length > messageEnd - at) {
      throw new IndexOutOfBoundsException("a field of " + length + " bytes");
    }
    return at + (int) length;
  }

  private long varint(int messageEnd) {
    long value = 0;
    for (int i = 0; i <= LAST_VARINT_BYTE && at < messageEnd; i++) {
      byte next = bytes[at++];
      if (i == LAST_VARINT_BYTE && (next & 0xFF) > 1) {
        break;
      }
      value |= (long) (next & 0x7F) << (7 * i);
      if (next >= 0) {
        return value;
      }
    }
    throw new IndexOutOfBoundsException("a number does not end, or has over 64 bits");
  }
}
