package fraudstream.kernel.features;

import java.util.Arrays;

/** Frauds that are known before their transaction has arrived, by its event time. */
final class PendingLabels {
  /** The event time, the id's hash, and when it became known. */
  static final int STRIDE = 3;

  private long[] words;
  private int count;

  PendingLabels() {
    this(new long[STRIDE], 0);
  }

  /** Takes over {@code words}, which are in order of their event times. */
  PendingLabels(long[] words, int count) {
    this.words = words;
    this.count = count;
  }

  /** Its own words, not a copy; the first {@link #count} times {@link #STRIDE} mean something. */
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

  /** When that transaction became known as a fraud, {@link HistorySchema#NO_FRAUD} if it didn't. */
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
