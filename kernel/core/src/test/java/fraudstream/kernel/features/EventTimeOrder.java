package fraudstream.kernel.features;

import java.util.Random;

/** Orders in which the event times of one busy account can arrive. */
enum EventTimeOrder {
  IN_ORDER("in order"),
  ALTERNATING_ENDS("alternating, from both ends inwards"),
  ALTERNATING_OLD_AND_NEW("alternating, old and new"),
  REVERSED("reversed within windows"),
  RANDOM("random within the lateness"),
  RISING_SAWTOOTH("rising sawtooth"),
  FALLING_SAWTOOTH("falling sawtooth"),
  FEW_LATE("one of 100 late"),
  ONE_AHEAD("one far ahead, all others in order");

  /** The rows of a reversed window, and of a tooth. */
  private static final int WINDOW = 1_000;

  final String label;

  EventTimeOrder(String label) {
    this.label = label;
  }

  /**
   * Returns the event times of so many transactions, evenly spread over {@code spanMs} of time;
   * none is later than {@code latenessMs} behind the newest.
   */
  long[] timesMs(int count, long spanMs, long latenessMs) {
    Random random = new Random(1);
    long backMs = Math.min(spanMs, latenessMs) - 1;
    long[] timesMs = new long[count];
    for (int i = 0; i < count; i++) {
      timesMs[i] = timeMs(i, count, spanMs / count, backMs, random);
    }
    return timesMs;
  }

  private long timeMs(int i, int count, long stepMs, long backMs, Random random) {
    switch (this) {
      case ALTERNATING_ENDS:
        return i % 2 == 0 ? backMs - i / 2 * (backMs / count) : i / 2 * (backMs / count);
      case ALTERNATING_OLD_AND_NEW:
        return i % 2 == 0 ? backMs + i * stepMs : (i - 1) * stepMs;
      case REVERSED:
        return (i / WINDOW * WINDOW + WINDOW - 1 - i % WINDOW) * stepMs;
      case RANDOM:
        return i == 0 ? backMs : (long) (random.nextDouble() * backMs);
      case RISING_SAWTOOTH:
        return i == 0 ? backMs : i % WINDOW * (backMs / WINDOW);
      case FALLING_SAWTOOTH:
        return backMs - i % WINDOW * (backMs / WINDOW);
      case FEW_LATE:
        return i % 100 > 0 ? i * stepMs : i * stepMs - (long) (random.nextDouble() * backMs);
      case ONE_AHEAD:
        return i == 0 ? backMs : i * stepMs;
      default:
        return i * stepMs;
    }
  }
}
