package fraudstream.kernel.features;

/**
 * Says at a glance that a short history doesn't have an id: a Bloom filter with two bits an id.
 *
 * <p>Ids are hashes already. Of 64 ids, which fill a quarter of the bits, one in twenty others
 * has to be looked for; forgotten ones stay until the history moves.
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

  boolean mayHold(long idHash) {
    int one = (int) idHash & BITS - 1;
    int other = (int) (idHash >>> Integer.SIZE) & BITS - 1;
    return (words[one / Long.SIZE] >>> one & words[other / Long.SIZE] >>> other & 1) == 1;
  }
}
