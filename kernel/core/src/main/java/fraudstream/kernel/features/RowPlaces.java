package fraudstream.kernel.features;

/** The rows with coordinates, to find the latest one however many rows without lie between. */
final class RowPlaces {
  private final RowOrder order;
  private final int latitude;
  private final int longitude;
  private final RowTrees trees;
  private int root = RowTrees.NONE;

  RowPlaces(
      History history, RowOrder order, int latitudeSlot, int longitudeSlot, Work work) {
    this.order = order;
    latitude = history.schema().at(latitudeSlot);
    longitude = history.schema().at(longitudeSlot);
    trees = new RowTrees(order, work);
    order.forEach(history.first(), history.end(), slot -> insert(history, slot));
  }

  void insert(History history, int slot) {
    if (Moments.isNumber(history.wordOfSlot(slot, latitude))
        && Moments.isNumber(history.wordOfSlot(slot, longitude))) {
      root = trees.insert(root, slot);
    }
  }

  /** The last row up to {@code row}, which must be alive, with coordinates; -1 if there is none. */
  int lastUpTo(History history, int row) {
    int slot = order.slot(row);
    int found = trees.lastUpTo(root, order.timeMsOfSlot(slot), slot);
    return found == RowTrees.NONE || order.isBefore(found, order.slot(history.first()))
        ? -1
        : order.seekSlot(found);
  }
}
