package fraudstream.kernel.features;

/**
 * Queries of a long history that read few of its rows. Row ranges are [from, to).
 *
 * <p>As long as rows arrive nearly in order they are kept in order, and the index is a {@link
 * SortedIndex}. A row that would move too many others turns it into a {@link ShuffledIndex}, until
 * the history is next copied into a new array.
 */
abstract class HistoryIndex {
  final Work work = new Work();

  /** The order of the rows; null if they lie in the array in their order. */
  abstract RowOrder order();

  /**
   * Called before a row is inserted at {@code row}, while the history still has the rows at these
   * indexes.
   *
   * @return the index to use from now on: this one or another
   */
  abstract HistoryIndex inserting(History history, int row);

  /** Called after a row was written: to its index, or to the next slot if there is an order. */
  abstract void inserted(History history, int row);

  /** Called after a row's label has changed. */
  abstract void relabelled(int row, long label);

  /** Called after the rows before {@code first} have left the history. */
  abstract void forgetBefore(int first);

  /** The approximate memory use in words for so many rows. */
  abstract long memoryWords(int rows);

  /** Whether a row has that id hash. */
  abstract boolean containsId(History history, long idHash);

  /** The last row of a time with that id hash; -1 if there is none. */
  abstract int find(History history, long timeMs, long idHash);

  /** Adds rows of slot {@code momentSlots[of]} to {@code target}, newest first. */
  abstract void addMoments(Moments target, History history, int of, int from, int to);

  /** Adds the words of slot {@code sketchSlots[of]} in all rows before {@code to}. */
  abstract void addWordsBefore(HyperLogLog target, History history, int of, int to);

  /**
   * The number of distinct values of a slot.
   *
   * @param from the history's first row, or the first row of an event time
   */
  abstract int distinct(History history, int slot, int from, int to);

  /** The number of rows with that value in a slot. */
  abstract int occurrences(History history, int slot, long word, int from, int to);

  /** The number of rows that were known to be frauds at {@code timeMs}. */
  abstract int knownFrauds(History history, int from, int to, long timeMs);

  /** The last row up to {@code row} that has numbers in both slots; -1 if there is none. */
  abstract int lastPlace(History history, int latitudeSlot, int longitudeSlot, int row);
}
