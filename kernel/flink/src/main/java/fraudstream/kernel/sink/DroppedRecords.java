package fraudstream.kernel.sink;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Dropped records that can be computed again: their number, and the first and the last one. */
final class DroppedRecords implements Dropped {
  /** Enough for the id, the account and the times, which come first. */
  private static final int SHOWN_BYTES = 250;

  private long count;
  private byte[] first;
  private byte[] last;

  @Override
  public void add(Entry entry) {
    count++;
    first = first == null ? entry.payload : first;
    last = entry.payload;
  }

  @Override
  public boolean isEmpty() {
    return count == 0;
  }

  @Override
  public void clear() {
    count = 0;
    first = null;
    last = null;
  }

  @Override
  public Entry summary() {
    return null;
  }

  @Override
  public String toString() {
    return count + " records, from " + beginning(first) + " to " + beginning(last);
  }

  private static String beginning(byte[] payload) {
    byte[] shown = Arrays.copyOf(payload, Math.min(payload.length, SHOWN_BYTES));
    return new String(shown, StandardCharsets.UTF_8);
  }
}
