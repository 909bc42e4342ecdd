package fraudstream.kernel.features;

/**
 * Count, sum, mean, standard deviation, least and greatest of numbers, in parts that can be merged.
 *
 * <p>The sum is kept in two doubles (Knuth's TwoSum), so amounts that cancel (1e18, -1e18, 1) leave
 * what is between them. The mean is kept as {@code shift + distance}, the shift being one of the
 * numbers: a difference of two means is then as accurate as the spread of the numbers, however far
 * from 0 they lie. As the shift is a member, the squares of the distances from it exceed those of
 * the distances from the mean by the factor n + 1 at most, which is all that can cancel. Parts are
 * merged by the formula of Chan, Golub and LeVeque (1979), whose terms are never negative.
 *
 * <p>Numbers past 1e154 may have an infinite or no standard deviation: their squares are too large.
 */
final class Moments {
  /** The word of a number that is null. */
  static final long NULL_WORD = Double.doubleToLongBits(Double.NaN);

  /** How many places {@link #store} takes. */
  static final int WIDTH = 8;

  private double count;
  private double sum;
  private double sumRest;
  private double shift;
  private double distance;
  private double squares;
  private double min;
  private double max;

  void clear() {
    count = 0;
  }

  void set(Moments other) {
    count = 0;
    merge(other);
  }

  void merge(Moments other) {
    merge(
        other.count,
        other.sum,
        other.sumRest,
        other.shift,
        other.distance,
        other.squares,
        other.min,
        other.max);
  }

  /** Adds every {@code stride}th word from {@code from} to before {@code to}; no nulls. */
  void add(long[] words, int from, int to, int stride) {
    int newCount = 0;
    double newSum = 0;
    double newRest = 0;
    double newShift = 0;
    double distances = 0;
    double newSquares = 0;
    double newMin = Double.POSITIVE_INFINITY;
    double newMax = Double.NEGATIVE_INFINITY;
    for (int at = from; at < to; at += stride) {
      double number = Double.longBitsToDouble(words[at]);
      if (Double.isNaN(number)) {
        continue;
      }
      newShift = newCount == 0 ? number : newShift;
      newCount++;
      double total = newSum + number;
      double part = total - newSum;
      newRest += (newSum - (total - part)) + (number - part);
      newSum = total;
      double away = number - newShift;
      distances += away;
      newSquares += away * away;
      newMin = number < newMin ? number : newMin;
      newMax = number > newMax ? number : newMax;
    }
    double mean = distances / newCount;
    // Rounding can leave less than nothing; NaN, of squares too large, stays.
    double left = newSquares - distances * mean;
    merge(newCount, newSum, newRest, newShift, mean, left < 0 ? 0 : left, newMin, newMax);
  }

  /** Merges what {@link #store} put there. */
  void merge(double[] stored, int at) {
    merge(
        stored[at],
        stored[at + 1],
        stored[at + 2],
        stored[at + 3],
        stored[at + 4],
        stored[at + 5],
        stored[at + 6],
        stored[at + 7]);
  }

  private void merge(
      double otherCount,
      double otherSum,
      double otherRest,
      double otherShift,
      double otherDistance,
      double otherSquares,
      double otherMin,
      double otherMax) {
    if (otherCount == 0) {
      return;
    }
    if (count == 0) {
      count = otherCount;
      sum = otherSum;
      sumRest = otherRest;
      shift = otherShift;
      distance = otherDistance;
      squares = otherSquares;
      min = otherMin;
      max = otherMax;
      return;
    }
    double total = sum + otherSum;
    double part = total - sum;
    sumRest += (sum - (total - part)) + (otherSum - part) + otherRest;
    sum = total;
    double apart = (otherShift - shift) + (otherDistance - distance);
    double share = otherCount / (count + otherCount);
    squares += otherSquares + apart * apart * count * share;
    distance += apart * share;
    count += otherCount;
    min = otherMin < min ? otherMin : min;
    max = otherMax > max ? otherMax : max;
  }

  /** Puts it all in {@link #WIDTH} places; of no numbers: zeros. */
  void store(double[] target, int at) {
    boolean none = count == 0;
    target[at] = count;
    target[at + 1] = none ? 0 : sum;
    target[at + 2] = none ? 0 : sumRest;
    target[at + 3] = none ? 0 : shift;
    target[at + 4] = none ? 0 : distance;
    target[at + 5] = none ? 0 : squares;
    target[at + 6] = none ? 0 : min;
    target[at + 7] = none ? 0 : max;
  }

  double sum() {
    if (count == 0) {
      return 0;
    }
    double both = sum + sumRest;
    // Past the largest double the rest is NaN, and the sum infinite.
    return Double.isNaN(both) ? sum : both;
  }

  double mean() {
    return count == 0 ? Double.NaN : sum() / count;
  }

  double min() {
    return count == 0 ? Double.NaN : min;
  }

  double max() {
    return count == 0 ? Double.NaN : max;
  }

  /** Of a sample; NaN under two numbers, 0 for equal ones. */
  double std() {
    return count < 2 ? Double.NaN : Math.sqrt(squares / (count - 1));
  }

  /** By the mean; NaN if that is 0 or missing. */
  double ratioToMean(double number) {
    double mean = mean();
    return mean == 0 ? Double.NaN : number / mean;
  }

  /** How many standard deviations above the mean; NaN if that deviation is 0 or missing. */
  double zScore(double number) {
    double std = std();
    return std == 0 || Double.isNaN(std) ? Double.NaN : ((number - shift) - distance) / std;
  }
}
