package fraudstream.kernel.features;

/** SPEED_KMH: the speed from the latest other row in the window that has coordinates, in km/h. */
final class SpeedWindow implements WindowFeatures {
  /** The rows of a long history that are scanned for coordinates before its index is used. */
  private static final int SCANNED = 16;

  private final int latitudeSlot;
  private final int longitudeSlot;
  private final int far;
  private final int near;
  private final int offset;

  SpeedWindow(WindowSpec spec, HistorySchema schema, WindowView view) {
    latitudeSlot = WindowFeatures.numberSlot(spec, 0, schema);
    longitudeSlot = WindowFeatures.numberSlot(spec, 1, schema);
    far = view.edge(spec.reachMs());
    near = view.edge(spec.delayMs);
    offset = spec.offset;
  }

  @Override
  public void evaluate(WindowView view, double[] features) {
    features[offset] = speed(view);
  }

  private double speed(WindowView view) {
    History history = view.history();
    double latitude = number(history, view.row(), latitudeSlot);
    double longitude = number(history, view.row(), longitudeSlot);
    if (Double.isNaN(latitude) || Double.isNaN(longitude)) {
      return Double.NaN;
    }
    int row = latestPlace(view);
    if (row < view.row(far)) {
      return Double.NaN;
    }
    double otherLatitude = number(history, row, latitudeSlot);
    double otherLongitude = number(history, row, longitudeSlot);
    double km = Place.km(otherLatitude, otherLongitude, latitude, longitude);
    return Place.kmh(km, view.event().timeMs - history.timeMs(row));
  }

  /** The latest other row with coordinates; one before the window if none in it has any. */
  private int latestPlace(WindowView view) {
    History history = view.history();
    HistoryIndex index = view.index();
    int row = PreviousWindows.latestOther(view, near);
    int oldest = view.row(far);
    int scannedTo = index == null ? oldest : Math.max(oldest, row - SCANNED + 1);
    for (; row >= scannedTo; row--) {
      if (!Double.isNaN(number(history, row, latitudeSlot))
          && !Double.isNaN(number(history, row, longitudeSlot))) {
        return row;
      }
    }
    return row < oldest
        ? row
        : index.lastPlace(history, latitudeSlot, longitudeSlot, row);
  }

  private static double number(History history, int row, int slot) {
    return Double.longBitsToDouble(history.word(row, slot));
  }
}
