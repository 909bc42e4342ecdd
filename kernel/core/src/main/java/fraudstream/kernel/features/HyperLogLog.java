package fraudstream.kernel.features;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A cardinality sketch: estimates the number of distinct words added, in 256 bytes.
 *
 * <p>HyperLogLog of Flajolet, Fusy, Gandouet and Meunier (2007). The standard error is 1.04 / √256
 * = 6.5 %. Below 640 words their small-range correction, which counts empty registers, is more
 * accurate. Hashes have 64 bits, so no large-range correction is needed.
 */
final class HyperLogLog {
  static final int REGISTERS = 256;

  private static final int INDEX_BITS = 8;
  private static final double ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);
  private static final double SMALL_RANGE = 2.5 * REGISTERS;

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final long HIGH_BITS = 0x8080808080808080L;

  private final byte[] registers;

  HyperLogLog() {
    this(new byte[REGISTERS]);
  }

  HyperLogLog(byte[] registers) {
    this.registers = registers;
  }

  /** The internal registers, not a copy. */
  byte[] registers() {
    return registers;
  }

  /** Adds a word; returns whether a register changed, and so possibly the estimate. */
  boolean add(long word) {
    long hash = mixed(word);
    int register = (int) (hash >>> Long.SIZE - INDEX_BITS);
    long rest = hash << INDEX_BITS | 1L << INDEX_BITS - 1;
    byte rank = (byte) (Long.numberOfLeadingZeros(rest) + 1);
    if (rank <= registers[register]) {
      return false;
    }
    registers[register] = rank;
    return true;
  }

  /** The finalizer of MurmurHash3, since the bits of a number are not uniformly distributed. */
  private static long mixed(long word) {
    long hash = word;
    hash = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
    hash = (hash ^ hash >>> 33) * 0xc4ceb9fe1a85ec53L;
    return hash ^ hash >>> 33;
  }

  /** Takes the greater one of each two registers, eight at a time. */
  void merge(HyperLogLog other) {
    for (int at = 0; at < REGISTERS; at += Long.BYTES) {
      long ours = (long) EIGHT.get(registers, at);
      long theirs = (long) EIGHT.get(other.registers, at);
      // Ranks are below 128: no byte borrows from the next, and its high bit tells which is greater.
      long isOurs = ((ours | HIGH_BITS) - theirs & HIGH_BITS) >>> Byte.SIZE - 1;
      long mask = (isOurs << Byte.SIZE) - isOurs;
      EIGHT.set(registers, at, theirs ^ (ours ^ theirs) & mask);
    }
  }

  double estimate() {
    double inverse = 0;
    int empty = 0;
    for (byte rank : registers) {
      inverse += 1.0 / (1L << rank);
      empty += rank == 0 ? 1 : 0;
    }
    double estimate = ALPHA * REGISTERS * REGISTERS / inverse;
    return estimate <= SMALL_RANGE && empty > 0
        ? REGISTERS * Math.log((double) REGISTERS / empty)
        : estimate;
  }

  HyperLogLog copy() {
    return new HyperLogLog(registers.clone());
  }
}
