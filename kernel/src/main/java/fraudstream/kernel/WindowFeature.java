package fraudstream.kernel;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;

/**
 * A statistic over the transactions of one entity with an event time in (t − d − w, t − d], where t
 * is the event time of the transaction at hand, w the window and d the delay.
 */
final class WindowFeature {
  /** Null values are left out; over none, COUNT, SUM and DISTINCT are 0 and the rest null (NaN). */
  private enum Statistic {
    COUNT,
    SUM,
    MEAN,
    MAX,
    DISTINCT,
    /** From the latest other transaction in the window to this one; 0 for one of the same time. */
    SECONDS_SINCE_PREVIOUS
  }

  private static final double MS_PER_SECOND = 1000.0;

  final Column column;
  private final Statistic statistic;
  private final long windowMs;
  private final long delayMs;

  WindowFeature(JsonNode spec) {
    statistic = Specs.constant(Statistic.class, spec);
    column = spec.hasNonNull("column") ? Specs.column(spec, "column") : null;
    windowMs = Specs.durationMs(spec, "window");
    delayMs = spec.hasNonNull("delay") ? Specs.durationMs(spec, "delay") : 0;
    boolean wholeTransactions =
        statistic == Statistic.COUNT || statistic == Statistic.SECONDS_SINCE_PREVIOUS;
    if (wholeTransactions != (column == null)) {
      throw Specs.wrong(spec, "statistic and column don't fit together");
    }
  }

  /** How far back from a transaction this looks. */
  long reachMs() {
    return windowMs + delayMs;
  }

  /** The value for the transaction at {@code event} of {@code history}. */
  double value(History history, int event) {
    long timeMs = history.timeMs(event);
    int from = history.countUpTo(timeMs - reachMs());
    int to = history.countUpTo(timeMs - delayMs);
    switch (statistic) {
      case COUNT:
        return to - from;
      case SUM:
        return sum(history, from, to);
      case MEAN:
        return sum(history, from, to) / numbers(history, from, to);
      case MAX:
        return max(history, from, to);
      case DISTINCT:
        return distinct(history, from, to);
      default:
        return secondsSincePrevious(history, from, to, event);
    }
  }

  private double sum(History history, int from, int to) {
    int slot = history.slot(column);
    double sum = 0;
    for (int i = from; i < to; i++) {
      double number = history.number(i, slot);
      if (!Double.isNaN(number)) {
        sum += number;
      }
    }
    return sum;
  }

  private double numbers(History history, int from, int to) {
    int slot = history.slot(column);
    int numbers = 0;
    for (int i = from; i < to; i++) {
      if (!Double.isNaN(history.number(i, slot))) {
        numbers++;
      }
    }
    return numbers;
  }

  private double max(History history, int from, int to) {
    int slot = history.slot(column);
    double max = Double.NaN;
    for (int i = from; i < to; i++) {
      double number = history.number(i, slot);
      if (!(number <= max) && !Double.isNaN(number)) {
        max = number;
      }
    }
    return max;
  }

  private double distinct(History history, int from, int to) {
    int slot = history.slot(column);
    long absent = History.nullWord(column);
    long[] words = new long[to - from];
    int size = 0;
    for (int i = from; i < to; i++) {
      long word = history.word(i, slot);
      if (word != absent) {
        words[size++] = word;
      }
    }
    Arrays.sort(words, 0, size);
    int distinct = 0;
    for (int i = 0; i < size; i++) {
      if (i == 0 || words[i] != words[i - 1]) {
        distinct++;
      }
    }
    return distinct;
  }

  private static double secondsSincePrevious(History history, int from, int to, int event) {
    int previous = to - 1 == event ? to - 2 : to - 1;
    return previous < from
        ? Double.NaN
        : (history.timeMs(event) - history.timeMs(previous)) / MS_PER_SECOND;
  }
}
