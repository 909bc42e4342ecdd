package fraudstream.kernel.sink;

/** Keeps count of the rows that a sink dropped, because it could not write them in time. */
interface Dropped {
  void add(Entry entry);

  boolean isEmpty();

  void clear();

  /** A row that sums the dropped ones up; null if the sink has no such rows, or nothing was dropped. */
  Entry summary();

  /** The dropped rows in words, for the log. */
  @Override
  String toString();
}
