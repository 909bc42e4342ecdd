package fraudstream.kernel.profiles;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Rows on their way from a step to the store, and then the step's progress. Filled by the step's
 * thread, then written by that of the {@link ProfileWriter}.
 */
public final class ProfileBatch {
  private static final int MOST_ROWS = 500;
  private static final long MOST_BYTES = 1 << 20;

  /** The memory of a row, approximately, without its profile. */
  private static final int ROW_BYTES = 200;

  private final List<ProfileRow> rows = new ArrayList<>();
  private final List<DirtyKeys.Change> changes = new ArrayList<>();
  private ProfileProgress progress;
  private long profileBytes;
  private long oldestMs = Long.MAX_VALUE;
  private volatile boolean isWritten;

  public void add(ProfileRow row, DirtyKeys.Change change) {
    rows.add(row);
    changes.add(change);
    oldestMs = Math.min(oldestMs, change.firstMs);
    profileBytes += row.profile.length;
  }

  /** Reports this as soon as the rows are written. */
  public void setProgress(ProfileProgress progress) {
    this.progress = progress;
  }

  List<ProfileRow> rows() {
    return rows;
  }

  /** Null if there is nothing to report. */
  ProfileProgress progress() {
    return progress;
  }

  public boolean isFull() {
    return rows.size() >= MOST_ROWS || profileBytes >= MOST_BYTES;
  }

  public boolean isEmpty() {
    return rows.isEmpty() && progress == null;
  }

  public int rowCount() {
    return rows.size();
  }

  /** The bytes of the profiles. */
  public long profileBytes() {
    return profileBytes;
  }

  /** The time of the first change among the rows; {@code Long.MAX_VALUE} without rows. */
  public long oldestMs() {
    return oldestMs;
  }

  long memoryBytes() {
    return profileBytes + (long) rows.size() * ROW_BYTES;
  }

  void setWritten() {
    isWritten = true;
  }

  /** Whether the store has accepted all of it. */
  public boolean isWritten() {
    return isWritten;
  }

  /** Calls {@code action} with the key of each row and the changes that it has. */
  public void forEachKey(BiConsumer<String, DirtyKeys.Change> action) {
    for (int at = 0; at < rows.size(); at++) {
      action.accept(rows.get(at).id, changes.get(at));
    }
  }
}
