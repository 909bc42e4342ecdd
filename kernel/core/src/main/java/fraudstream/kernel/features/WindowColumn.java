package fraudstream.kernel.features;

/** A column that windows use: a field of the transaction, or an earlier row feature. */
final class WindowColumn {
  /** The id of the column in saved state; the same in every release and every catalogue. */
  final long id;

  /** Whether words are hashes of texts (null is 0), not the bits of doubles (null is NaN). */
  final boolean isText;

  /** The index of the column in {@link fraudstream.kernel.record.Event#words}. */
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
