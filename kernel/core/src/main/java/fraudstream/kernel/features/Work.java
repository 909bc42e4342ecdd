package fraudstream.kernel.features;

/**
 * Counts the work of the indexes of one history, so that tests can bound it without a clock.
 *
 * <p>A step is a row, a node or a partial result that is read or changed, or up to sixteen
 * consecutive words: two cache lines, the second of which the processor fetches ahead.
 */
final class Work {
  private static final int WORDS_PER_STEP = 16;

  private long steps;

  long steps() {
    return steps;
  }

  void add(long more) {
    steps += more;
  }

  void addWords(int words) {
    steps += 1 + words / WORDS_PER_STEP;
  }
}
