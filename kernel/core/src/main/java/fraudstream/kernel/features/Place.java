package fraudstream.kernel.features;

/** Distances and speeds between points given by latitude and longitude in degrees. */
final class Place {
  /** The earth's mean radius, R1 of the IUGG. */
  private static final double EARTH_RADIUS_KM = 6371.0088;

  private static final double MS_PER_HOUR = 3_600_000.0;

  /** The minimum elapsed time for a speed, since event times are no more precise than a second. */
  private static final long LEAST_MS = 1_000;

  private Place() {}

  /** The great-circle distance of two places by the haversine formula; NaN if an argument is. */
  static double km(double latitude1, double longitude1, double latitude2, double longitude2) {
    double phi1 = Math.toRadians(latitude1);
    double phi2 = Math.toRadians(latitude2);
    // Subtract before converting: for close places, the difference is exact in degrees only.
    double sinPhi = Math.sin(Math.toRadians(latitude2 - latitude1) / 2);
    double sinLambda = Math.sin(Math.toRadians(longitude2 - longitude1) / 2);
    double haversine = sinPhi * sinPhi + Math.cos(phi1) * Math.cos(phi2) * sinLambda * sinLambda;
    return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(haversine)));
  }

  /** The speed over a distance; an elapsed time below one second counts as one second. */
  static double kmh(double km, long elapsedMs) {
    return km / (Math.max(elapsedMs, LEAST_MS) / MS_PER_HOUR);
  }
}
