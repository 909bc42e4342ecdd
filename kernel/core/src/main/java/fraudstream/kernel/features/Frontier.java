package fraudstream.kernel.features;

import fraudstream.kernel.record.Event;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Arrays;

/**
 * The on-time frontier of an entity that many accounts share, and what its history has lost.
 *
 * <p>The newest event time can't place the horizon of such an entity: one wrong clock would evict
 * what every other account needs. The frontier is the time that most of the latest transactions, in
 * order of arrival, have reached. It rises to the 9th newest of the last 16 event times, and falls
 * to the 4th newest. So up to eight outliers among sixteen transactions don't raise it, a real jump
 * is followed after nine transactions, and a frontier that a majority of outliers has raised comes
 * back. Between the two it stays, so that two mixed streams of different times don't move it back
 * and forth. Before the ninth transaction there is none, and nothing is evicted.
 *
 * <p>What was evicted or refused is remembered as two ranges of event times: those before {@link
 * #isComplete}'s first complete time, and a gap ahead of the frontier.
 */
final class Frontier {
  static final int RECENT = 16;
  static final int RISING = 9;
  static final int FALLING = 4;

  /** The approximate memory, in words. */
  static final int WORDS = RECENT + 9;

  private static final int FIRST_CAPACITY = 2;

  /** The last event times, in order of arrival. */
  private long[] recentMs;

  private int count;
  private long onTimeMs = Event.NO_TIME;
  private long completeFromMs = Long.MIN_VALUE;
  private long gapFromMs = Long.MAX_VALUE;
  private long gapToMs = Long.MIN_VALUE;

  Frontier() {
    this(new long[FIRST_CAPACITY], 0);
  }

  private Frontier(long[] recentMs, int count) {
    this.recentMs = recentMs;
    this.count = count;
  }

  /**
   * The frontier of a history that a release without frontiers has saved. It begins anew; what may
   * have been evicted counts as lost.
   *
   * @param latenessMs the allowed lateness, by which that release kept more than its windows needed
   */
  static Frontier ofOlder(History history, long latenessMs) {
    Frontier frontier = new Frontier();
    long condensed = history.panes() == null ? 0 : history.panes().transactions();
    if (history.ordinal() > history.count() + condensed) {
      frontier.completeFromMs = history.newestMs() - latenessMs;
    }
    return frontier;
  }

  /** The on-time frontier; {@link Event#NO_TIME} before the ninth transaction. */
  long onTimeMs() {
    return onTimeMs;
  }

  /**
   * Takes the event time of an arriving transaction, whatever becomes of it.
   *
   * @param scratch an array of at least {@link #RECENT} elements, which is overwritten
   */
  void arrived(long timeMs, long[] scratch) {
    append(timeMs);
    if (count < RISING) {
      return;
    }
    System.arraycopy(recentMs, 0, scratch, 0, count);
    sort(scratch, count);
    long risen = Math.max(onTimeMs, scratch[count - RISING]);
    onTimeMs = Math.min(risen, scratch[count - FALLING]);
  }

  private void append(long timeMs) {
    if (count == RECENT) {
      System.arraycopy(recentMs, 1, recentMs, 0, RECENT - 1);
      recentMs[RECENT - 1] = timeMs;
      return;
    }
    if (count == recentMs.length) {
      recentMs = Arrays.copyOf(recentMs, Math.min(RECENT, FIRST_CAPACITY + 2 * count));
    }
    recentMs[count++] = timeMs;
  }

  /** Sorts by insertion: arrivals are nearly in order. */
  private static void sort(long[] times, int count) {
    for (int next = 1; next < count; next++) {
      long time = times[next];
      int at = next;
      while (at > 0 && times[at - 1] > time) {
        times[at] = times[at - 1];
        at--;
      }
      times[at] = time;
    }
  }

  /** Whether nothing is lost that the windows of a transaction at that time may cover. */
  boolean isComplete(long timeMs) {
    return timeMs >= completeFromMs && (timeMs < gapFromMs || timeMs >= gapToMs);
  }

  /** Notes that a transaction at or before the horizon is gone. */
  void lostBehind(long timeMs, long reachMs) {
    completeFromMs = Math.max(completeFromMs, timeMs + reachMs);
  }

  /**
   * Notes that a transaction ahead of the frontier was not kept.
   *
   * @param onTimeFromMs the earliest time that is on time: a gap before it is in the past for good
   */
  void lostAhead(long timeMs, long reachMs, long onTimeFromMs) {
    if (gapToMs <= onTimeFromMs) {
      completeFromMs = Math.max(completeFromMs, gapToMs);
      gapFromMs = Long.MAX_VALUE;
    }
    gapFromMs = Math.min(gapFromMs, timeMs);
    gapToMs = Math.max(gapToMs, timeMs + reachMs);
  }

  Frontier copy() {
    Frontier copy = new Frontier(Arrays.copyOf(recentMs, count), count);
    copy.onTimeMs = onTimeMs;
    copy.completeFromMs = completeFromMs;
    copy.gapFromMs = gapFromMs;
    copy.gapToMs = gapToMs;
    return copy;
  }

  /** Writes the number of recent times (byte), the four times of the frontier and those (longs). */
  void write(DataOutput target) throws IOException {
    target.writeByte(count);
    target.writeLong(onTimeMs);
    target.writeLong(completeFromMs);
    target.writeLong(gapFromMs);
    target.writeLong(gapToMs);
    for (int at = 0; at < count; at++) {
      target.writeLong(recentMs[at]);
    }
  }

  /** Reads the rest of a frontier after the number of its recent times. */
  static Frontier read(int count, DataInput source) throws IOException {
    Frontier frontier = new Frontier(new long[count], count);
    frontier.onTimeMs = source.readLong();
    frontier.completeFromMs = source.readLong();
    frontier.gapFromMs = source.readLong();
    frontier.gapToMs = source.readLong();
    for (int at = 0; at < count; at++) {
      frontier.recentMs[at] = source.readLong();
    }
    return frontier;
  }
}
