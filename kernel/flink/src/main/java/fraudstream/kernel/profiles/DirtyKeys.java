package fraudstream.kernel.profiles;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The keys whose histories changed since they were last written, the longest waiting first.
 *
 * <p>Bounded: a key that finds no room is not kept, only the fact that there was one. Then every key
 * of the task must be written, as nobody knows which are missing.
 */
public final class DirtyKeys {
  private static final long NONE = Long.MAX_VALUE;

  private final int mostKeys;
  private final Map<String, Change> changes = new LinkedHashMap<>();
  private long overflowMs = NONE;

  /** The changes of a key that are not written yet, in epoch ms of the job's clock. */
  public static final class Change {
    /** The first of the changes, from when the stored profile is out of date. */
    public final long firstMs;

    /** The last one, from when the time to live of the state counts. */
    private long lastMs;

    /** Whether the key is written only because all keys are, so that {@link #lastMs} is unknown. */
    public final boolean isSwept;

    public Change(long firstMs, long lastMs, boolean isSwept) {
      this.firstMs = firstMs;
      this.lastMs = lastMs;
      this.isSwept = isSwept;
    }

    public long lastMs() {
      return lastMs;
    }

    /** The changes of both, of which {@code later} came later. */
    public Change with(Change later) {
      return new Change(
          Math.min(firstMs, later.firstMs),
          Math.max(lastMs, later.lastMs),
          isSwept && later.isSwept);
    }
  }

  public DirtyKeys(int mostKeys) {
    this.mostKeys = mostKeys;
  }

  /** Notes that a history is about to change. */
  public void mark(String key, long nowMs) {
    Change change = changes.get(key);
    if (change == null) {
      add(key, new Change(nowMs, nowMs, false));
    } else if (change.isSwept) {
      // From now on the time of the last change is known.
      changes.put(key, new Change(change.firstMs, nowMs, false));
    } else {
      change.lastMs = nowMs;
    }
  }

  /** Notes changes that are older than those that are noted already. */
  public void addEarlier(String key, Change change) {
    Change later = changes.get(key);
    if (later == null) {
      add(key, change);
    } else {
      changes.put(key, change.with(later));
    }
  }

  private void add(String key, Change change) {
    if (changes.size() < mostKeys) {
      changes.put(key, change);
    } else {
      overflowMs = Math.min(overflowMs, change.firstMs);
    }
  }

  /** Whether a key found no room since the last {@link #takeOverflow}. */
  public boolean hasOverflown() {
    return overflowMs != NONE;
  }

  /** The time of the first change that found no room; forgets it. */
  public long takeOverflow() {
    long firstMs = overflowMs;
    overflowMs = NONE;
    return firstMs;
  }

  public int size() {
    return changes.size();
  }

  /** The entries in the order in which the keys became dirty; entries may be removed. */
  public Iterator<Map.Entry<String, Change>> iterator() {
    return changes.entrySet().iterator();
  }

  public void forEach(BiConsumer<String, Change> action) {
    changes.forEach(action);
  }

  /** The time of the first change that is not written; {@code Long.MAX_VALUE} if all are. */
  public long oldestMs() {
    long oldestMs = overflowMs;
    for (Change change : changes.values()) {
      oldestMs = Math.min(oldestMs, change.firstMs);
    }
    return oldestMs;
  }
}
