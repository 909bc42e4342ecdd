package fraudstream.kernel.stream;

import fraudstream.kernel.features.History;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.runtime.state.KeyedStateBackend;

/** The histories of one entity, as Flink's state keeps them; for the key that is being processed. */
abstract class Histories {
  /** The history of the current key; null if it has none. */
  abstract History get(String key) throws Exception;

  /** Keeps the current key's history. */
  abstract void put(String key, History history) throws Exception;

  /** Hands everything to Flink, which is about to take a snapshot. */
  abstract void flush() throws Exception;

  /**
   * Those of a task.
   *
   * <p>RocksDB reads and writes a whole history each time it is asked, which of a busy merchant has
   * some hundred KiB: those in use stay in memory. On the heap, state is in memory already, and a
   * second reference to it would change what a running snapshot sees.
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
   * Writes behind: what was changed goes to Flink when it's pushed out, and before a snapshot.
   *
   * <p>The time to live begins anew when it's written, so an idle key may outlive it by a while.
   */
  static final class Cached extends Histories {
    /** The part of the heap that a step of a task may take: there are up to five in each slot. */
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

    /** The least recently used first; the one just put, which is the last, always stays. */
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
