package fraudstream.kernel.features;

/** SPEED_KMH: the speed from the latest other row in the window that has coordinates, in km/h. */
final class SpeedWindow implements WindowFeatures {
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
    for (int row = PreviousWindows.latestOther(view, near); row >= view.row(far); row--) {
      double otherLatitude = number(history, row, latitudeSlot);
      double otherLongitude = number(history, row, longitudeSlot);
      if (!Double.isNaN(otherLatitude) && !Double.isNaN(otherLongitude)) {
        double km = Place.km(otherLatitude, otherLongitude, latitude, longitude);
        return Place.kmh(km, view.event().timeMs - history.timeMs(row));
      }
    }
    return Double.NaN;
  }

  private static double number(History history, int row, int slot) {
    return Double.longBitsToDouble(history.word(row, slot));
  }
}
