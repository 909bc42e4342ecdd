package fraudstream.kernel.stream;

import static fraudstream.kernel.stream.EventSerializerTest.assertSameEvent;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests with batches of three transactions and a maximum wait of 20 ms. */
class BatcherTest {
  private static final int WIDTH = 4;

  private Step<Event, Row> step;

  @BeforeEach
  void open() throws Exception {
    step = Step.of(new Batcher(Configs.config()), Batcher.BATCH);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private static Event transaction(String id) {
    Event event = Records.transaction(id, "A1", 1_000);
    event.features = new double[] {3, 1, 2, 0};
    event.words = new long[] {7};
    return event;
  }

  private static Event duplicate(String id) {
    Event event = transaction(id);
    event.kind = Event.Kind.DUPLICATE;
    return event;
  }

  /** An event as in a batch: without features and words, as the features are in the input. */
  private static Event bare(Event event) {
    Event bare = EventSerializer.INSTANCE.copy(event);
    bare.features = Event.NO_FEATURES;
    bare.words = Event.NO_WORDS;
    return bare;
  }

  private static List<Event> events(Row batch) throws IOException {
    DataInputDeserializer source = new DataInputDeserializer((byte[]) batch.getField(1));
    List<Event> events = new ArrayList<>();
    for (int count = source.readInt(); count > 0; count--) {
      events.add(EventSerializer.INSTANCE.deserialize(source));
    }
    assertEquals(0, source.available(), "nothing is left");
    return events;
  }

  /** The ids in each batch, like "ab", "c". */
  private static List<String> ids(List<Row> batches) throws IOException {
    List<String> ids = new ArrayList<>();
    for (Row batch : batches) {
      ids.add(
          events(batch).stream().map(event -> event.transactionId).collect(Collectors.joining()));
    }
    return ids;
  }

  private List<String> arrives(Event event) throws Exception {
    return ids(step.process(event));
  }

  private List<String> isAt(long timeMs) throws Exception {
    step.harness.setProcessingTime(timeMs);
    return ids(step.drain());
  }

  private int timers() {
    return step.harness.getProcessingTimeService().getNumActiveTimers();
  }

  // ---- when a batch is emitted ----

  @Test
  void aBatchGoesOnWhenItIsFull() throws Exception {
    assertEquals(List.of(), arrives(transaction("a")));
    assertEquals(List.of(), arrives(transaction("b")));
    assertEquals(List.of("abc"), arrives(transaction("c")));
    assertEquals(List.of(), arrives(transaction("d")));
    assertEquals(List.of(), arrives(transaction("e")));
    assertEquals(List.of("def"), arrives(transaction("f")));
  }

  @Test
  void aBatchGoesOnWhenItsFirstTransactionHasWaitedLongEnough() throws Exception {
    isAt(1_000);
    arrives(transaction("a"));
    assertEquals(List.of(), isAt(1_019));
    assertEquals(List.of(), arrives(transaction("b")), "which prolongs nothing");
    assertEquals(1, timers(), "one a batch, not one a transaction");
    assertEquals(List.of("ab"), isAt(1_020));
    assertEquals(List.of(), isAt(2_000), "once");
  }

  @Test
  void theTimeOfABatchThatIsGoneIsNotThatOfTheNextOne() throws Exception {
    isAt(1_000);
    arrives(transaction("a"));
    arrives(transaction("b"));
    assertEquals(List.of("abc"), arrives(transaction("c")));
    isAt(1_010);
    arrives(transaction("d"));
    assertEquals(List.of(), isAt(1_029));
    assertEquals(List.of("d"), isAt(1_030));
  }

  @Test
  void aBatchGoesOnBeforeACheckpointSoThatThereIsNothingToSave() throws Exception {
    arrives(transaction("a"));
    arrives(transaction("b"));
    step.harness.prepareSnapshotPreBarrier(1);
    assertEquals(List.of("ab"), ids(step.drain()));
    assertFalse(step.harness.snapshot(1, 1).hasState());
    step.harness.prepareSnapshotPreBarrier(2);
    assertEquals(List.of(), step.drain(), "no batch of nothing");
  }

  @Test
  void theLastBatchGoesOnAtTheEndOfTheInput() throws Exception {
    arrives(transaction("a"));
    step.harness.endInput();
    assertEquals(List.of("a"), ids(step.drain()));
    assertEquals(List.of(), isAt(1_000_000));
  }

  @Test
  void theEndOfNoInputIsNoBatch() throws Exception {
    step.harness.endInput();
    assertEquals(List.of(), step.drain());
  }

  // ---- content of a batch ----

  @Test
  void theScorerGetsTheVectorsAsTheyAreInTheOrderOfArrival() throws Exception {
    Event other = transaction("b");
    other.features = new double[] {23, 2, Double.NaN, 1};
    List<Event> expected = List.of(transaction("c"), transaction("a"), other);
    step.process(expected.get(0));
    step.process(expected.get(1));
    Row batch = step.process(expected.get(2)).get(0);
    assertArrayEquals(ScoringBatch.encode(expected, WIDTH), (byte[]) batch.getField(0));
    List<Event> events = events(batch);
    assertEquals(expected.size(), events.size());
    for (int i = 0; i < expected.size(); i++) {
      assertSameEvent(bare(expected.get(i)), events.get(i));
    }
  }

  @Test
  void theNextBatchHoldsNothingOfTheOneBefore() throws Exception {
    for (String id : List.of("a", "b", "c", "d", "e")) {
      step.process(transaction(id));
    }
    Row batch = step.process(transaction("f")).get(0);
    List<Event> expected = List.of(transaction("d"), transaction("e"), transaction("f"));
    assertArrayEquals(ScoringBatch.encode(expected, WIDTH), (byte[]) batch.getField(0));
  }

  @Test
  void aDuplicateTravelsAlongInItsPlaceButIsNotScored() throws Exception {
    step.process(transaction("a"));
    step.process(duplicate("x"));
    Row batch = step.process(transaction("b")).get(0);
    assertArrayEquals(
        ScoringBatch.encode(List.of(transaction("a"), transaction("b")), WIDTH),
        (byte[]) batch.getField(0));
    assertEquals(List.of("axb"), ids(List.of(batch)));
    assertSameEvent(bare(duplicate("x")), events(batch).get(1));
  }

  @Test
  void aBatchMayBeOfDuplicatesAlone() throws Exception {
    step.process(duplicate("x"));
    step.harness.endInput();
    Row batch = step.drain().get(0);
    assertArrayEquals(ScoringBatch.encode(List.of(), WIDTH), (byte[]) batch.getField(0));
    assertEquals(List.of("x"), ids(List.of(batch)));
  }

  @Test
  void labelsEndHereAndFillNoBatch() throws Exception {
    Event label = Records.labelOf(transaction("a"), 2_000);
    assertEquals(List.of(), arrives(label));
    assertEquals(0, timers());
    arrives(transaction("a"));
    arrives(label);
    arrives(transaction("b"));
    arrives(label);
    assertEquals(List.of("abc"), arrives(transaction("c")));
    arrives(label);
    step.harness.endInput();
    assertEquals(List.of(), step.drain());
  }

  @Test
  void aBatchTravelsAsItsTypeSays() throws Exception {
    step.process(transaction("a"));
    step.harness.endInput();
    Row batch = step.drain().get(0);
    TypeSerializer<Row> serializer =
        Batcher.BATCH.createSerializer(new SerializerConfigImpl());
    DataOutputSerializer target = new DataOutputSerializer(16);
    serializer.serialize(batch, target);
    Row read = serializer.deserialize(new DataInputDeserializer(target.getCopyOfBuffer()));
    assertArrayEquals((byte[]) batch.getField(0), (byte[]) read.getField(0));
    assertArrayEquals((byte[]) batch.getField(1), (byte[]) read.getField(1));
  }
}
