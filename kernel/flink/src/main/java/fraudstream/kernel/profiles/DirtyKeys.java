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

  /** In the order of their first changes, so that the first entry is the oldest. */
  private final Map<String, Change> marked = new LinkedHashMap<>();

  /** The changes that did not come in that order: few, or only for a while. */
  private final Map<String, Change> others = new LinkedHashMap<>();

  private long newestMs = Long.MIN_VALUE;
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
    Change change = marked.get(key);
    if (change == null && !others.isEmpty()) {
      change = others.get(key);
    }
    if (change == null) {
      addNow(key, nowMs);
    } else if (change.isSwept) {
      // From now on the time of the last change is known.
      others.put(key, new Change(change.firstMs, nowMs, false));
    } else {
      change.lastMs = nowMs;
    }
  }

  private void addNow(String key, long nowMs) {
    // A clock that was set back would break the order.
    Map<String, Change> target = nowMs < newestMs ? others : marked;
    newestMs = Math.max(newestMs, nowMs);
    add(target, key, new Change(nowMs, nowMs, false));
  }

  /** Notes changes that are older than those that are noted already. */
  public void addEarlier(String key, Change change) {
    Change later = marked.remove(key);
    if (later == null) {
      later = others.get(key);
    }
    if (later == null) {
      add(others, key, change);
    } else {
      others.put(key, change.with(later));
    }
  }

  private void add(Map<String, Change> target, String key, Change change) {
    if (size() < mostKeys) {
      target.put(key, change);
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
    return marked.size() + others.size();
  }

  /**
   * The entries in the order of their changes, alternating with the others, so that neither waits
   * for all of the other; entries may be removed.
   */
  public Iterator<Map.Entry<String, Change>> iterator() {
    return new Alternating<>(marked.entrySet().iterator(), others.entrySet().iterator());
  }

  public void forEach(BiConsumer<String, Change> action) {
    others.forEach(action);
    marked.forEach(action);
  }

  /** The time of the first change that is not written; {@code Long.MAX_VALUE} if all are. */
  public long oldestMs() {
    long oldestMs = overflowMs;
    for (Change change : others.values()) {
      oldestMs = Math.min(oldestMs, change.firstMs);
    }
    if (!marked.isEmpty()) {
      oldestMs = Math.min(oldestMs, marked.values().iterator().next().firstMs);
    }
    return oldestMs;
  }

  private static final class Alternating<T> implements Iterator<T> {
    private Iterator<T> current;
    private Iterator<T> other;

    Alternating(Iterator<T> first, Iterator<T> second) {
      current = second;
      other = first;
    }

    @Override
    public boolean hasNext() {
      return current.hasNext() || other.hasNext();
    }

    @Override
    public T next() {
      if (other.hasNext()) {
        Iterator<T> last = current;
        current = other;
        other = last;
      }
      return current.next();
    }

    @Override
    public void remove() {
      current.remove();
    }
  }
}
