package fraudstream.kernel.features;

/**
 * Mergeable count, sum, mean, standard deviation, minimum and maximum of numbers.
 *
 * <p>The sum is kept in two doubles (Knuth's TwoSum), so that numbers that cancel (1e18, -1e18, 1)
 * leave the correct remainder. The mean is kept as {@code shift + distance}, where the shift is one
 * of the numbers: the difference of two means is then as accurate as the spread of the numbers,
 * however far from 0 they lie. Because the shift is one of the numbers, the sum of squared
 * distances from it exceeds that from the mean by a factor of at most n + 1, which bounds the
 * cancellation. Partial results are merged by the formula of Chan, Golub and LeVeque (1979), whose
 * terms are never negative.
 *
 * <p>For numbers beyond 1e154 the standard deviation may be infinite or NaN: their squares
 * overflow.
 */
final class Moments {
  /** The word of a null number. */
  static final long NULL_WORD = Double.doubleToLongBits(Double.NaN);

  /** The number of array elements that {@link #store} writes. */
  static final int WIDTH = 8;

  private double count;
  private double sum;
  private double sumRest;
  private double shift;
  private double distance;
  private double squares;
  private double min;
  private double max;

  /** Whether a word isn't null. */
  static boolean isNumber(long word) {
    return !Double.isNaN(Double.longBitsToDouble(word));
  }

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

  /** Adds every {@code stride}th word in [from, to), ignoring nulls. */
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
    // Rounding can make this negative. NaN, from squares that overflow, is kept.
    double left = newSquares - distances * mean;
    merge(newCount, newSum, newRest, newShift, mean, left < 0 ? 0 : left, newMin, newMax);
  }

  /** Merges moments written by {@link #store}. */
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

  /** Writes {@link #WIDTH} elements to {@code target}; all zeros if there are no numbers. */
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
    // Beyond the largest double the sum is infinite and the rest NaN.
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

  /** The sample standard deviation; NaN for fewer than two numbers, 0 for equal ones. */
  double std() {
    return count < 2 ? Double.NaN : Math.sqrt(squares / (count - 1));
  }

  /** The ratio of a number to the mean; NaN if the mean is 0 or missing. */
  double ratioToMean(double number) {
    double mean = mean();
    return mean == 0 ? Double.NaN : number / mean;
  }

  /** The distance of a number above the mean in standard deviations; NaN if these are 0 or NaN. */
  double zScore(double number) {
    double std = std();
    return std == 0 || Double.isNaN(std) ? Double.NaN : ((number - shift) - distance) / std;
  }
}
