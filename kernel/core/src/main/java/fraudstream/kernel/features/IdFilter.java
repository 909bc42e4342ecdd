package fraudstream.kernel.features;

/**
 * A Bloom filter with two bits per id, which saves scanning a short history for an id it lacks.
 *
 * <p>Ids are hashes already, so their bits serve as the hash functions. With 64 ids about a quarter
 * of the bits are set, and one in twenty absent ids still needs a scan. Evicted ids stay in the
 * filter until the rows of the history are moved.
 */
final class IdFilter {
  private static final int WORDS = 8;
  private static final int BITS = WORDS * Long.SIZE;

  private final long[] words = new long[WORDS];

  IdFilter(History history) {
    for (int row = history.first(); row < history.end(); row++) {
      add(history.idHash(row));
    }
  }

  void add(long idHash) {
    int one = (int) idHash & BITS - 1;
    int other = (int) (idHash >>> Integer.SIZE) & BITS - 1;
    words[one / Long.SIZE] |= 1L << one;
    words[other / Long.SIZE] |= 1L << other;
  }

  /** Whether a row of the history, whose ids this filter has, has that id hash. */
  boolean isIn(History history, long idHash) {
    if (mayHold(idHash)) {
      for (int row = history.end() - 1; row >= history.first(); row--) {
        if (history.idHash(row) == idHash) {
          return true;
        }
      }
    }
    return false;
  }

  boolean mayHold(long idHash) {
    int one = (int) idHash & BITS - 1;
    int other = (int) (idHash >>> Integer.SIZE) & BITS - 1;
    return (words[one / Long.SIZE] >>> one & words[other / Long.SIZE] >>> other & 1) == 1;
  }
}
