package fraudstream.kernel.features;

import java.util.Arrays;

/**
 * A hash map from words to rows. Null words are not allowed as keys: 0 for texts, NaN for numbers.
 *
 * <p>Open addressing with a load factor of at most one half. Keys are never removed; set a value to
 * {@link #ABSENT} instead.
 */
final class LongMap {
  static final int ABSENT = -1;

  private static final int FIRST_CAPACITY = 64;
  private static final int EMPTY = 0;

  private long[] keys = new long[FIRST_CAPACITY];
  private int[] values = new int[FIRST_CAPACITY];
  private int size;

  int get(long word) {
    int at = find(keys, key(word));
    return keys[at] == EMPTY ? ABSENT : values[at];
  }

  void put(long word, int value) {
    long key = key(word);
    int at = find(keys, key);
    if (keys[at] == EMPTY) {
      if (2 * ++size > keys.length) {
        grow();
        at = find(keys, key);
      }
      keys[at] = key;
    }
    values[at] = value;
  }

  /** A key of 0 marks an empty entry; NaN is never a key, so it represents the number 0. */
  private static long key(long word) {
    return word == EMPTY ? Moments.NULL_WORD : word;
  }

  private void grow() {
    long[] oldKeys = keys;
    int[] oldValues = values;
    keys = new long[2 * oldKeys.length];
    values = new int[2 * oldKeys.length];
    for (int old = 0; old < oldKeys.length; old++) {
      if (oldKeys[old] != EMPTY) {
        int at = find(keys, oldKeys[old]);
        keys[at] = oldKeys[old];
        values[at] = oldValues[old];
      }
    }
  }

  private static int find(long[] keys, long key) {
    int last = keys.length - 1;
    int at = place(key, keys.length);
    while (keys[at] != EMPTY && keys[at] != key) {
      at = at + 1 & last;
    }
    return at;
  }

  /** The first entry to probe. Uses the product's high bits: doubles often have low bits of 0. */
  static int place(long key, int capacity) {
    // Knuth's multiplicative hashing with 2^64 divided by the golden ratio.
    return (int) (key * 0x9E3779B97F4A7C15L >>> Long.numberOfLeadingZeros(capacity - 1));
  }

  /** A set of words that is cleared in constant time, for use within one call. */
  static final class Scratch {
    private long[] keys = new long[2 * FIRST_CAPACITY];
    private int[] rounds = new int[2 * FIRST_CAPACITY];
    private int round;
    private int size;

    void clear() {
      size = 0;
      if (++round == 0) {
        Arrays.fill(rounds, 0);
        round = 1;
      }
    }

    int size() {
      return size;
    }

    void add(long word) {
      int last = keys.length - 1;
      int at = place(word, keys.length);
      while (rounds[at] == round) {
        if (keys[at] == word) {
          return;
        }
        at = at + 1 & last;
      }
      keys[at] = word;
      rounds[at] = round;
      if (2 * ++size > keys.length) {
        grow();
      }
    }

    private void grow() {
      long[] oldKeys = keys;
      int[] oldRounds = rounds;
      keys = new long[2 * oldKeys.length];
      rounds = new int[2 * oldKeys.length];
      size = 0;
      for (int old = 0; old < oldKeys.length; old++) {
        if (oldRounds[old] == round) {
          add(oldKeys[old]);
        }
      }
    }
  }
}
