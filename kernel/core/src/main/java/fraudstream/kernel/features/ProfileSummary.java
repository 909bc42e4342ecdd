package fraudstream.kernel.features;

import fraudstream.kernel.record.Column;
import fraudstream.kernel.record.HashKey;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The content of a profile for its operator: how many transactions it has, and the newest of them. Ids
 * and texts are hashes in a history, so of a transaction only its time and its numbers can be shown.
 */
public final class ProfileSummary {
  /** The number of transactions that the history has counted, forgotten ones too. */
  public final long ordinal;

  /** The transactions kept one by one, and those condensed into panes. */
  public final int rows;

  public final long condensed;

  /** The names of the numeric fields that the history keeps. */
  public final String[] columns;

  /** The event times of the newest transactions, newest first, in epoch ms. */
  public final long[] timesMs;

  /** Their numbers in the order of {@link #columns}; NaN where a transaction has none. */
  public final double[][] values;

  private ProfileSummary(History history, int newest) {
    HistorySchema schema = history.schema();
    ordinal = history.ordinal();
    rows = history.count();
    condensed = history.panes() == null ? 0 : history.panes().transactions();
    List<Column> kept = new ArrayList<>();
    for (Column column : Column.values()) {
      int slot = schema.slot(column.ordinal());
      if (slot >= 0 && !schema.isText(slot)) {
        kept.add(column);
      }
    }
    columns = kept.stream().map(column -> column.fieldName).toArray(String[]::new);
    timesMs = new long[Math.min(newest, rows)];
    values = new double[timesMs.length][columns.length];
    for (int at = 0; at < timesMs.length; at++) {
      int row = history.end() - 1 - at;
      timesMs[at] = history.timeMs(row);
      for (int each = 0; each < columns.length; each++) {
        long word = history.word(row, schema.slot(kept.get(each).ordinal()));
        values[at][each] = Double.longBitsToDouble(word);
      }
    }
  }

  /**
   * Summarises a profile.
   *
   * @param key the hash key of the job that wrote it, as 32 hexadecimal digits
   * @param newest the maximum number of transactions to list
   * @throws IOException if the profile is damaged, has the format of another release, or was written
   *     with another hash key
   */
  public static ProfileSummary of(byte[] profile, String key, int newest) throws IOException {
    // The profile has its own schema; this one is for writing, which does not happen here.
    HistorySchema unused = HistorySchema.of(List.of(), false);
    return new ProfileSummary(
        new ProfileFormat(unused, HashKey.fromHex(key)).read(profile), newest);
  }
}
