package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What stays in memory and what Flink gets; Flink's own state is the heap's here. */
class HistoriesTest {
  private static final EntityWindows WINDOWS =
      Configs.config().catalogue().windows(Entity.ACCOUNT_ID, Configs.LATENESS_MS);
  private static final long WORDS = history(1).memoryWords();

  private final Keeper keeper = new Keeper();
  private KeyedOneInputStreamOperatorTestHarness<String, String, String> harness;

  /** An operator that lends its state. */
  private static final class Keeper extends AbstractStreamOperator<String>
      implements OneInputStreamOperator<String, String> {
    private static final long serialVersionUID = 1L;

    transient KeyedStateBackend<String> backend;
    transient ValueState<History> state;

    @Override
    public void open() throws Exception {
      super.open();
      backend = getKeyedStateBackend();
      state =
          getPartitionedState(new ValueStateDescriptor<>("history", WINDOWS.serializer()));
    }

    @Override
    public void processElement(StreamRecord<String> element) {}
  }

  @BeforeEach
  void open() throws Exception {
    harness =
        new KeyedOneInputStreamOperatorTestHarness<>(keeper, key -> key, Types.STRING);
    harness.open();
  }

  @AfterEach
  void close() throws Exception {
    harness.close();
  }

  private static History history(int transactions) {
    History history = WINDOWS.newHistory();
    for (int i = 0; i < transactions; i++) {
      Event event = Records.transaction("T" + i, "A1", 1_000);
      event.features = new double[4];
      WINDOWS.transaction(history, event);
    }
    return history;
  }

  /** A cache with room for so many histories of one transaction. */
  private Histories cache(int histories) {
    return new Histories.Cached(keeper.backend, keeper.state, histories * WORDS);
  }

  private History put(Histories histories, String key, History history) throws Exception {
    keeper.backend.setCurrentKey(key);
    histories.put(key, history);
    return history;
  }

  private History get(Histories histories, String key) throws Exception {
    keeper.backend.setCurrentKey(key);
    return histories.get(key);
  }

  /** What Flink has of a key. */
  private History saved(String key) throws Exception {
    keeper.backend.setCurrentKey(key);
    return keeper.state.value();
  }

  // ---- on the heap ----

  @Test
  void onTheHeapFlinkHasEachAtOnce() throws Exception {
    Histories histories = Histories.of(keeper.backend, keeper.state);
    assertNull(get(histories, "a"));
    History history = put(histories, "a", history(1));
    assertSame(history, saved("a"));
    assertSame(history, get(histories, "a"));
    assertNull(get(histories, "b"));
  }

  // ---- in memory before a database ----

  @Test
  void whatWasPutIsThereBeforeFlinkHasIt() throws Exception {
    Histories histories = cache(2);
    History history = put(histories, "a", history(1));
    assertSame(history, get(histories, "a"));
    assertNull(saved("a"));
  }

  @Test
  void whatIsNotInMemoryIsFlinks() throws Exception {
    Histories histories = cache(2);
    assertNull(get(histories, "a"));
    History history = history(1);
    keeper.state.update(history);
    assertSame(history, get(histories, "a"));
    assertNull(get(histories, "b"));
  }

  @Test
  void flinkHasEachUnderItsOwnKeyBeforeASnapshot() throws Exception {
    Histories histories = cache(3);
    History first = put(histories, "a", history(1));
    History second = put(histories, "b", history(1));
    histories.flush();
    assertSame(first, saved("a"));
    assertSame(second, saved("b"));
    assertSame(first, get(histories, "a"), "and it stays in memory");
  }

  @Test
  void onlyWhatHasChangedIsHandedOver() throws Exception {
    Histories histories = cache(3);
    put(histories, "a", history(1));
    History second = put(histories, "b", history(1));
    histories.flush();
    for (String key : new String[] {"a", "b"}) {
      keeper.backend.setCurrentKey(key);
      keeper.state.clear();
    }
    put(histories, "b", second);
    histories.flush();
    assertNull(saved("a"), "as it was");
    assertSame(second, saved("b"));
  }

  @Test
  void theLeastRecentlyUsedGoesFirst() throws Exception {
    Histories histories = cache(2);
    History first = put(histories, "a", history(1));
    History second = put(histories, "b", history(1));
    get(histories, "a");
    put(histories, "c", history(1));
    assertSame(second, saved("b"));
    assertNull(saved("a"), "still in memory");
    assertNull(saved("c"), "still in memory");
    assertSame(first, get(histories, "a"));
    assertSame(second, get(histories, "b"), "from Flink");
  }

  @Test
  void whatIsPutAgainTakesItsRoomOnce() throws Exception {
    Histories histories = cache(2);
    History first = history(1);
    for (int i = 0; i < 100; i++) {
      put(histories, "a", first);
    }
    put(histories, "b", history(1));
    assertNull(saved("a"));
    assertNull(saved("b"));
  }

  @Test
  void oneThatGrowsPushesOthersOut() throws Exception {
    Histories histories = cache(3);
    History first = put(histories, "a", history(1));
    History second = put(histories, "b", history(1));
    put(histories, "c", history(500));
    assertSame(first, saved("a"));
    assertSame(second, saved("b"));
    assertNull(saved("c"), "the one in use stays, however large");
    assertEquals(501, nextOrdinal(get(histories, "c")));
  }

  @Test
  void thereIsRoomAgainOnceALargeOneIsGone() throws Exception {
    Histories histories = cache(3);
    put(histories, "a", history(500));
    put(histories, "b", history(1));
    assertEquals(501, nextOrdinal(saved("a")));
    put(histories, "c", history(1));
    put(histories, "d", history(1));
    assertNull(saved("b"));
    put(histories, "e", history(1));
    assertEquals(2, nextOrdinal(saved("b")));
  }

  private static long nextOrdinal(History history) {
    Event event = Records.transaction("next", "A1", 1_000);
    event.features = new double[4];
    WINDOWS.transaction(history, event);
    return event.ordinals[Entity.ACCOUNT_ID.ordinal()];
  }
}
