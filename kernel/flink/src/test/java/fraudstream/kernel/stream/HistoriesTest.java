package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.junit.jupiter.api.Test;

class HistoriesTest {
  /** A stand-in for RocksDB state: values by current key; {@link #writes} records each write. */
  private final Map<String, History> stored = new HashMap<>();

  private final List<String> writes = new ArrayList<>();
  private final EntityWindows windows =
      Configs.config().catalogue().windows(Entity.ACCOUNT_ID, 0, 0);
  private String currentKey;
  private int reads;

  private final ValueState<History> state =
      new ValueState<>() {
        @Override
        public History value() {
          reads++;
          return stored.get(currentKey);
        }

        @Override
        public void update(History history) {
          writes.add(currentKey);
          stored.put(currentKey, history);
        }

        @Override
        public void clear() {
          throw new UnsupportedOperationException();
        }
      };

  @SuppressWarnings("unchecked")
  private final KeyedStateBackend<String> backend =
      (KeyedStateBackend<String>)
          Proxy.newProxyInstance(
              getClass().getClassLoader(),
              new Class<?>[] {KeyedStateBackend.class},
              (proxy, method, arguments) -> {
                assertEquals("setCurrentKey", method.getName());
                currentKey = (String) arguments[0];
                return null;
              });

  private History history(int transactions) {
    History history = windows.newHistory();
    for (int i = 0; i < transactions; i++) {
      Event event = Records.transaction("T" + i, "A", 1_000 + i);
      event.features = new double[Configs.config().catalogue().width()];
      windows.transaction(history, event);
    }
    return history;
  }

  private void put(Histories histories, String key, History history) throws Exception {
    currentKey = key;
    histories.put(key, history);
  }

  private History get(Histories histories, String key) throws Exception {
    currentKey = key;
    return histories.get(key);
  }

  @Test
  void onTheHeapEachChangeIsHandedOverAtOnce() throws Exception {
    Histories histories = Histories.of(backend, state);
    History history = history(1);
    put(histories, "A", history);
    assertEquals(List.of("A"), writes);
    assertSame(history, get(histories, "A"));
  }

  @Test
  void whatIsInUseIsNeitherReadNorWrittenAgain() throws Exception {
    Histories histories = new Histories.Cached(backend, state, 1_000_000);
    assertNull(get(histories, "A"));
    History history = history(1);
    put(histories, "A", history);
    put(histories, "A", history);
    assertSame(history, get(histories, "A"));
    assertEquals(1, reads);
    assertEquals(List.of(), writes);
  }

  @Test
  void aSnapshotHasEveryChangeAndTheNextOneOnlyThoseSince() throws Exception {
    Histories histories = new Histories.Cached(backend, state, 1_000_000);
    put(histories, "A", history(1));
    put(histories, "B", history(2));
    histories.flush();
    assertEquals(List.of("A", "B"), writes);
    History changed = history(3);
    put(histories, "B", changed);
    histories.flush();
    assertEquals(List.of("A", "B", "B"), writes);
    assertSame(changed, stored.get("B"));
  }

  @Test
  void theLeastRecentlyUsedIsPushedOutAndComesBackFromTheState() throws Exception {
    History large = history(50);
    Histories histories = new Histories.Cached(backend, state, 2 * large.memoryWords());
    put(histories, "A", large);
    put(histories, "B", history(50));
    assertSame(large, get(histories, "A"));
    put(histories, "C", history(50));
    assertEquals(List.of("B"), writes);
    assertEquals(0, reads);
    get(histories, "B");
    assertEquals(1, reads);
    assertSame(large, get(histories, "A"));
  }

  @Test
  void whatIsPutAgainTakesItsRoomOnce() throws Exception {
    History history = history(1);
    Histories histories = new Histories.Cached(backend, state, 2 * history.memoryWords());
    for (int i = 0; i < 100; i++) {
      put(histories, "A", history);
    }
    put(histories, "B", history(1));
    assertEquals(List.of(), writes);
  }

  @Test
  void oneThatGrowsPushesOthersOutAndLeavesItsRoomWhenItGoes() throws Exception {
    Histories histories = new Histories.Cached(backend, state, 3 * history(1).memoryWords());
    put(histories, "A", history(1));
    put(histories, "B", history(1));
    put(histories, "C", history(500));
    assertEquals(List.of("A", "B"), writes);
    put(histories, "D", history(1));
    assertEquals(List.of("A", "B", "C"), writes);
    put(histories, "E", history(1));
    put(histories, "F", history(1));
    assertEquals(List.of("A", "B", "C"), writes, "there is room for three again");
  }

  @Test
  void oneThatIsLargerThanAllRoomStaysAlone() throws Exception {
    Histories histories = new Histories.Cached(backend, state, 1);
    put(histories, "A", history(50));
    assertEquals(List.of(), writes);
    put(histories, "B", history(50));
    assertEquals(List.of("A"), writes);
  }
}
