package fraudstream.kernel.features;

import java.util.Arrays;

/** Fraud labels that arrived before their transactions, ordered by event time. */
final class PendingLabels {
  /** Words per label: the transaction's event time, its id hash, and when it became known. */
  static final int STRIDE = 3;

  private long[] words;
  private int count;

  PendingLabels() {
    this(new long[STRIDE], 0);
  }

  /** Takes ownership of {@code words}, which are ordered by event time. */
  PendingLabels(long[] words, int count) {
    this.words = words;
    this.count = count;
  }

  /** The internal array, not a copy; {@link #count} times {@link #STRIDE} words are in use. */
  long[] words() {
    return words;
  }

  int count() {
    return count;
  }

  void put(long timeMs, long idHash, long knownMs) {
    int found = find(timeMs, idHash);
    if (found >= 0) {
      words[found * STRIDE + 2] = knownMs;
      return;
    }
    if ((count + 1) * STRIDE > words.length) {
      words = Arrays.copyOf(words, (count + count / 2 + 1) * STRIDE);
    }
    int at = countUpTo(timeMs) * STRIDE;
    System.arraycopy(words, at, words, at + STRIDE, count * STRIDE - at);
    words[at] = timeMs;
    words[at + 1] = idHash;
    words[at + 2] = knownMs;
    count++;
  }

  /** Removes a label and returns when it became known; {@link HistorySchema#NO_FRAUD} if absent. */
  long take(long timeMs, long idHash) {
    int found = find(timeMs, idHash);
    if (found < 0) {
      return HistorySchema.NO_FRAUD;
    }
    int at = found * STRIDE;
    long knownMs = words[at + 2];
    count--;
    System.arraycopy(words, at + STRIDE, words, at, count * STRIDE - at);
    return knownMs;
  }

  void evictUpTo(long timeMs) {
    if (count == 0 || words[0] > timeMs) {
      return;
    }
    int gone = countUpTo(timeMs);
    count -= gone;
    System.arraycopy(words, gone * STRIDE, words, 0, count * STRIDE);
  }

  private int find(long timeMs, long idHash) {
    for (int label = countUpTo(timeMs) - 1; label >= 0; label--) {
      if (words[label * STRIDE] != timeMs) {
        return -1;
      }
      if (words[label * STRIDE + 1] == idHash) {
        return label;
      }
    }
    return -1;
  }

  private int countUpTo(long timeMs) {
    int low = 0;
    int high = count;
    while (low < high) {
      int middle = low + high >>> 1;
      if (words[middle * STRIDE] <= timeMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  PendingLabels copy() {
    return new PendingLabels(Arrays.copyOf(words, count * STRIDE), count);
  }
}
