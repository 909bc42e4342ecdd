package fraudstream.kernel.features;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/** Reference implementation of windows: scans all transactions so far for each feature. */
final class NaiveWindows {
  private static final MathContext DIGITS = new MathContext(60);

  private final List<WindowSpec> specs;
  private final boolean isShared;
  private final long slackMs;
  private final long toleranceMs;
  private final int rowsAhead;
  private final long reachMs;
  private final List<Event> all = new ArrayList<>();
  private final Map<Long, Long> fraudKnownMs = new HashMap<>();
  private final Map<Long, Event> pending = new HashMap<>();
  private final List<Long> arrivedMs = new ArrayList<>();
  private final List<Long> lostMs = new ArrayList<>();
  private final List<Long> lostAheadMs = new ArrayList<>();
  private long onTimeMs = Event.NO_TIME;

  NaiveWindows(
      List<WindowSpec> specs, Entity entity, long latenessMs, long toleranceMs, int rowsAhead) {
    this.specs = specs;
    isShared = entity != Entity.ACCOUNT_ID;
    slackMs = latenessMs + (isShared ? toleranceMs : 0);
    this.toleranceMs = toleranceMs;
    this.rowsAhead = rowsAhead;
    reachMs = specs.stream().mapToLong(WindowSpec::reachMs).reduce(1, Math::max);
  }

  private void advance(long timeMs) {
    arrivedMs.add(timeMs);
    if (!isShared) {
      onTimeMs = Math.max(onTimeMs, timeMs);
      return;
    }
    List<Long> last = arrivedMs.subList(Math.max(0, arrivedMs.size() - 16), arrivedMs.size());
    List<Long> newestFirst =
        last.stream().sorted(Comparator.reverseOrder()).collect(Collectors.toList());
    if (newestFirst.size() >= 9) {
      onTimeMs = Math.max(onTimeMs, newestFirst.get(8));
      onTimeMs = Math.min(onTimeMs, newestFirst.get(3));
    }
  }

  private boolean isVisible(long timeMs) {
    return onTimeMs == Event.NO_TIME || timeMs > onTimeMs - reachMs - slackMs;
  }

  private boolean isAhead(long timeMs) {
    return isShared && onTimeMs != Event.NO_TIME && timeMs > onTimeMs + toleranceMs;
  }

  private boolean isKept(long timeMs) {
    long ahead = all.stream().filter(other -> isAhead(other.timeMs)).count();
    return isVisible(timeMs) && !(isAhead(timeMs) && ahead >= rowsAhead);
  }

  /** Whether a transaction that is lost may be in a window of one at that time. */
  private boolean lacks(long timeMs) {
    boolean behind = lostMs.stream().anyMatch(lost -> timeMs < lost + reachMs);
    long from = lostAheadMs.stream().reduce(Long.MAX_VALUE, Math::min);
    long to = lostAheadMs.stream().reduce(Long.MIN_VALUE, Math::max) + reachMs;
    return behind || timeMs >= from && timeMs < to;
  }

  /** Whether a shared entity has lost what the windows of the transaction, now arrived, may cover. */
  private boolean loses(Event event, boolean isKept) {
    if (!isShared) {
      return false;
    }
    all.stream().filter(other -> !isVisible(other.timeMs)).forEach(o -> lostMs.add(o.timeMs));
    if (!isKept && isVisible(event.timeMs)) {
      long onTimeFromMs = onTimeMs - slackMs;
      if (lostAheadMs.stream().allMatch(lost -> lost + reachMs <= onTimeFromMs)) {
        lostMs.addAll(lostAheadMs);
        lostAheadMs.clear();
      }
      lostAheadMs.add(event.timeMs);
    } else if (!isKept) {
      lostMs.add(event.timeMs);
    }
    return lacks(event.timeMs);
  }

  boolean remembers(long idHash) {
    return all.stream().anyMatch(event -> isVisible(event.timeMs) && event.idHash == idHash);
  }

  /** The features; null if the transaction is out of reach. */
  double[] transaction(Event event) {
    advance(event.timeMs);
    boolean isKept = isKept(event.timeMs);
    boolean isOutOfReach = loses(event, isKept);
    all.removeIf(other -> !isVisible(other.timeMs));
    pending.values().removeIf(label -> !isVisible(label.timeMs));
    all.add(event);
    Event label = pending.remove(event.idHash);
    if (label != null) {
      fraudKnownMs.put(event.idHash, label.availableAtMs);
    }
    // The sort is stable, so transactions of the same time stay in order of arrival.
    all.sort(Comparator.comparingLong(other -> other.timeMs));
    double[] features = new double[Windows.width(specs)];
    for (WindowSpec spec : specs) {
      evaluate(spec, event, features);
    }
    if (isShared && !isKept) {
      all.remove(event);
    }
    return isOutOfReach ? null : features;
  }

  void label(Event label) {
    Map<Long, Event> arrived =
        all.stream().collect(Collectors.toMap(event -> event.idHash, event -> event));
    if (arrived.containsKey(label.idHash)) {
      if (label.isFraud) {
        fraudKnownMs.put(label.idHash, label.availableAtMs);
      } else {
        fraudKnownMs.remove(label.idHash);
      }
    } else if (isKept(label.timeMs)) {
      if (label.isFraud) {
        pending.put(label.idHash, label);
      } else {
        pending.remove(label.idHash);
      }
    }
  }

  private void evaluate(WindowSpec spec, Event event, double[] features) {
    long end = event.timeMs - spec.delayMs;
    List<Event> window =
        all.stream()
            .filter(other -> other.timeMs > end - spec.windowMs && other.timeMs <= end)
            .collect(Collectors.toList());
    if (spec.statistic == WindowSpec.Statistic.LAST_N) {
      last(spec, window, features);
    } else {
      features[spec.offset] = value(spec, event, window);
    }
  }

  private static void last(WindowSpec spec, List<Event> window, double[] features) {
    Arrays.fill(features, spec.offset, spec.offset + 3 * spec.n, Double.NaN);
    for (int i = 0; i < Math.min(spec.n, window.size()); i++) {
      int at = window.size() - 1 - i;
      features[spec.offset + i] = number(window.get(at), spec.columns.get(0));
      features[spec.offset + 2 * spec.n + i] = number(window.get(at), spec.columns.get(1));
      if (at > 0) {
        features[spec.offset + spec.n + i] =
            (window.get(at).timeMs - window.get(at - 1).timeMs) / 1000.0;
      }
    }
  }

  private double value(WindowSpec spec, Event event, List<Event> window) {
    switch (spec.statistic) {
      case COUNT:
        return window.size();
      case SECONDS_SINCE_PREVIOUS:
        return window.stream()
            .filter(other -> other != event)
            .reduce((older, newer) -> newer)
            .map(other -> (event.timeMs - other.timeMs) / 1000.0)
            .orElse(Double.NaN);
      case FRAUD_RATE:
        long known =
            window.stream()
                .map(other -> fraudKnownMs.get(other.idHash))
                .filter(knownMs -> knownMs != null && knownMs <= event.timeMs)
                .count();
        return window.isEmpty() ? Double.NaN : (double) known / window.size();
      case SPEED_KMH:
        return speed(spec, event, window);
      default:
        return ofValues(spec, event, window);
    }
  }

  private static double ofValues(WindowSpec spec, Event event, List<Event> window) {
    WindowColumn column = spec.columns.get(0);
    List<Object> values =
        window.stream()
            .map(other -> key(other, column))
            .filter(Objects::nonNull)
            .collect(Collectors.toList());
    Object own = key(event, column);
    switch (spec.statistic) {
      case DISTINCT:
        return values.stream().distinct().count();
      case OCCURRENCES:
        return own == null ? Double.NaN : values.stream().filter(own::equals).count();
      default:
        List<BigDecimal> numbers =
            values.stream().map(v -> new BigDecimal((Double) v)).collect(Collectors.toList());
        return moments(spec.statistic, numbers, own == null ? Double.NaN : (Double) own);
    }
  }

  /** A number (with 0.0 for -0.0), the hash of a text, or null. */
  private static Object key(Event event, WindowColumn column) {
    long word = event.words[column.place];
    if (column.isText) {
      return word == 0 ? null : word;
    }
    double number = Double.longBitsToDouble(word);
    return Double.isNaN(number) ? null : (Object) (number + 0.0);
  }

  private static double number(Event event, WindowColumn column) {
    return Double.longBitsToDouble(event.words[column.place]);
  }

  static double moments(WindowSpec.Statistic statistic, List<BigDecimal> numbers, double own) {
    BigDecimal sum = numbers.stream().reduce(BigDecimal.ZERO, BigDecimal::add);
    if (statistic == WindowSpec.Statistic.SUM) {
      return sum.doubleValue();
    }
    if (numbers.isEmpty()) {
      return Double.NaN;
    }
    BigDecimal n = BigDecimal.valueOf(numbers.size());
    BigDecimal mean = sum.divide(n, DIGITS);
    switch (statistic) {
      case MIN:
        return numbers.stream().min(BigDecimal::compareTo).get().doubleValue();
      case MAX:
        return numbers.stream().max(BigDecimal::compareTo).get().doubleValue();
      case MEAN:
        return mean.doubleValue();
      case RATIO_TO_MEAN:
        return mean.doubleValue() == 0 ? Double.NaN : own / mean.doubleValue();
      default:
        break;
    }
    // n times the sum of squares minus the square of the sum: exact, since nothing is divided.
    BigDecimal squares =
        numbers.stream().map(x -> x.multiply(x)).reduce(BigDecimal.ZERO, BigDecimal::add);
    BigDecimal over = n.multiply(squares).subtract(sum.multiply(sum));
    double variance =
        numbers.size() < 2
            ? Double.NaN
            : over.divide(n.multiply(n.subtract(BigDecimal.ONE)), DIGITS).doubleValue();
    double std = Math.sqrt(variance);
    if (statistic == WindowSpec.Statistic.STD) {
      return std;
    }
    return Double.isNaN(own) || Double.isNaN(std) || std == 0
        ? Double.NaN
        : new BigDecimal(own).subtract(mean).doubleValue() / std;
  }

  private static double speed(WindowSpec spec, Event event, List<Event> window) {
    WindowColumn latitude = spec.columns.get(0);
    WindowColumn longitude = spec.columns.get(1);
    Event previous =
        window.stream()
            .filter(other -> other != event)
            .filter(other -> key(other, latitude) != null && key(other, longitude) != null)
            .reduce((older, newer) -> newer)
            .orElse(null);
    if (previous == null) {
      return Double.NaN;
    }
    // Use the chord between two points on the unit sphere, to be independent of the haversine.
    double[] a = onSphere(number(previous, latitude), number(previous, longitude));
    double[] b = onSphere(number(event, latitude), number(event, longitude));
    double chord = Math.hypot(Math.hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
    double km = 2 * 6371.0088 * Math.asin(Math.min(1, chord / 2));
    return km / (Math.max(1.0, (event.timeMs - previous.timeMs) / 1000.0) / 3600);
  }

  private static double[] onSphere(double latitude, double longitude) {
    double phi = Math.toRadians(latitude);
    double lambda = Math.toRadians(longitude);
    return new double[] {
      Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)
    };
  }
}
