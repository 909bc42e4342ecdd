package fraudstream.kernel.stream;

import fraudstream.kernel.features.History;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.runtime.state.KeyedStateBackend;

/** Access to an entity's histories in keyed state. All keys must be the current key. */
abstract class Histories {
  /** The history of the current key; null if not found. */
  abstract History get(String key) throws Exception;

  /** Stores the history of the current key. */
  abstract void put(String key, History history) throws Exception;

  /** Writes all pending changes to Flink's state; call it before a snapshot. */
  abstract void flush() throws Exception;

  /**
   * The histories of a task, cached if the state backend is RocksDB.
   *
   * <p>RocksDB reads and writes a whole history at each access, and that of a busy merchant has
   * hundreds of KiB. Heap state is in memory already, and a second reference to it would change
   * what a running snapshot sees.
   */
  static Histories of(KeyedStateBackend<String> backend, ValueState<History> state) {
    boolean isSerialized = backend.getClass().getSimpleName().equals("RocksDBKeyedStateBackend");
    return isSerialized ? new Cached(backend, state, Cached.MOST_WORDS) : new Direct(state);
  }

  private static final class Direct extends Histories {
    private final ValueState<History> state;

    Direct(ValueState<History> state) {
      this.state = state;
    }

    @Override
    History get(String key) throws Exception {
      return state.value();
    }

    @Override
    void put(String key, History history) throws Exception {
      state.update(history);
    }

    @Override
    void flush() {}
  }

  /**
   * A write-behind LRU cache. Changed histories are written to Flink's state when they are evicted
   * from the cache and before a snapshot.
   *
   * <p>The time to live restarts at that write, so an idle key may outlive it for a while.
   */
  static final class Cached extends Histories {
    /** Each cache may use 1/32 of the heap; a slot has up to five, one per entity's step. */
    private static final int HEAP_SHARE = 32;

    static final long MOST_WORDS = Runtime.getRuntime().maxMemory() / HEAP_SHARE / Long.BYTES;

    private final KeyedStateBackend<String> backend;
    private final ValueState<History> state;
    private final long mostWords;
    private final Map<String, Entry> entries = new LinkedHashMap<>(1_024, 0.75f, true);
    private long words;

    Cached(KeyedStateBackend<String> backend, ValueState<History> state, long mostWords) {
      this.backend = backend;
      this.state = state;
      this.mostWords = mostWords;
    }

    private static final class Entry {
      History history;
      long words;
      boolean isChanged;
    }

    @Override
    History get(String key) throws Exception {
      Entry entry = entries.get(key);
      return entry == null ? state.value() : entry.history;
    }

    @Override
    void put(String key, History history) throws Exception {
      Entry entry = entries.computeIfAbsent(key, unused -> new Entry());
      entry.history = history;
      entry.isChanged = true;
      words -= entry.words;
      entry.words = history.memoryWords();
      words += entry.words;
      if (words > mostWords) {
        pushOut();
      }
    }

    /** Evicts the least recently used histories; the one just put is the last and always stays. */
    private void pushOut() throws Exception {
      Iterator<Map.Entry<String, Entry>> oldest = entries.entrySet().iterator();
      while (words > mostWords && entries.size() > 1) {
        Map.Entry<String, Entry> entry = oldest.next();
        write(entry.getKey(), entry.getValue());
        words -= entry.getValue().words;
        oldest.remove();
      }
    }

    @Override
    void flush() throws Exception {
      for (Map.Entry<String, Entry> entry : entries.entrySet()) {
        write(entry.getKey(), entry.getValue());
      }
    }

    private void write(String key, Entry entry) throws Exception {
      if (entry.isChanged) {
        backend.setCurrentKey(key);
        state.update(entry.history);
        entry.isChanged = false;
      }
    }
  }
}
