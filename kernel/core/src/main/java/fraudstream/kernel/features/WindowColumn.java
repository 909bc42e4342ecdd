package fraudstream.kernel.features;

/** One thing that a history keeps of each transaction: a field of it, or an earlier feature of its row. */
final class WindowColumn {
  /** What stands for it in saved state, the same in every release and every catalogue. */
  final long id;

  /** Whether its word is a hash (0 is null) rather than the bits of a double (NaN is null). */
  final boolean isText;

  /** Its place in {@link fraudstream.kernel.record.Event#words}. */
  final int place;

  WindowColumn(long id, boolean isText, int place) {
    this.id = id;
    this.isText = isText;
    this.place = place;
  }

  long nullWord() {
    return isText ? 0 : Double.doubleToRawLongBits(Double.NaN);
  }
}
