package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.Random;
import java.util.function.Supplier;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshotSerializationUtil;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class EventSerializerTest {
  private static final EventSerializer SERIALIZER = EventSerializer.INSTANCE;

  private static byte[] bytes(Event event) throws IOException {
    DataOutputSerializer target = new DataOutputSerializer(16);
    SERIALIZER.serialize(event, target);
    return target.getCopyOfBuffer();
  }

  private static Event there(Event event) throws IOException {
    DataInputDeserializer source = new DataInputDeserializer(bytes(event));
    Event read = SERIALIZER.deserialize(source);
    assertEquals(0, source.available(), "nothing is left");
    return read;
  }

  /** Compares all fields by reflection, so that a new one can't be forgotten. */
  static void assertSameEvent(Event expected, Event actual) {
    for (Field field : Event.class.getFields()) {
      try {
        Object[] wanted = {field.get(expected)};
        Object[] found = {field.get(actual)};
        assertArrayEquals(wanted, found, field.getName());
      } catch (IllegalAccessException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }

  // ---- round trips ----

  @Test
  void anEventOfDefaultsComesThrough() throws IOException {
    assertSameEvent(new Event(), there(new Event()));
  }

  @ParameterizedTest
  @EnumSource
  void eachKindComesThrough(Event.Kind kind) throws IOException {
    Event event = Records.transaction("T1", "A1", 5);
    event.kind = kind;
    assertSameEvent(event, there(event));
  }

  @Test
  void aLabelComesThrough() throws IOException {
    Event label = Records.labelOf(Records.transaction("T1", "A1", -5), 1_000);
    assertSameEvent(label, there(label));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "Đà Nẵng 😀", "\u0000\uFFFF", "a\nb"})
  void anyTextComesThrough(String text) throws IOException {
    Event event = new Event();
    event.transactionId = text;
    event.shardId = text;
    event.sequenceNumber = text;
    event.metadataVersion = text;
    for (int i = 0; i < Entity.COUNT; i++) {
      event.ids[i] = text;
    }
    assertSameEvent(event, there(event));
  }

  @Test
  void anEmptyArrayIsNoNullAndNullIsNoEmptyArray() throws IOException {
    Event event = new Event();
    event.raw = new byte[0];
    assertEquals(0, there(event).raw.length);
    event.raw = null;
    assertSame(null, there(event).raw);
  }

  @Test
  void numbersKeepTheirBits() throws IOException {
    Event event = new Event();
    double otherNaN = Double.longBitsToDouble(0x7ff8000000000123L);
    event.features =
        new double[] {Double.NaN, otherNaN, -0.0, Double.MIN_VALUE, Double.NEGATIVE_INFINITY};
    event.words = new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE};
    event.ordinals = new long[] {1, Long.MAX_VALUE, 0, 3, 1L << 33};
    event.amountVnd = 1e18;
    Event read = there(event);
    assertSameEvent(event, read);
    assertEquals(Double.doubleToRawLongBits(-0.0), Double.doubleToRawLongBits(read.features[2]));
    assertEquals(0x7ff8000000000123L, Double.doubleToRawLongBits(read.features[1]));
  }

  @Test
  void anEventMayBeWrittenWithOtherNumbersThanItsOwn() throws IOException {
    Event event = randomEvent(new Random(3));
    DataOutputSerializer target = new DataOutputSerializer(16);
    EventSerializer.write(event, new long[] {1}, new double[] {2, 3}, target);
    Event read = SERIALIZER.deserialize(new DataInputDeserializer(target.getCopyOfBuffer()));
    event.words = new long[] {1};
    event.features = new double[] {2, 3};
    assertSameEvent(event, read);
  }

  @Test
  void aRecordOfAMebibyteComesThrough() throws IOException {
    Event event = new Event();
    event.raw = new byte[1 << 20];
    new Random(1).nextBytes(event.raw);
    assertSameEvent(event, there(event));
  }

  private static <T> T orNull(Random random, Supplier<T> value) {
    return random.nextInt(4) == 0 ? null : value.get();
  }

  private static String text(Random random) {
    return random.ints(random.nextInt(300), 0, 0x800)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static Event randomEvent(Random random) {
    Event event = new Event();
    event.kind = Event.Kind.values()[random.nextInt(3)];
    event.raw = orNull(random, () -> new byte[random.nextInt(500)]);
    event.arrivalMs = random.nextBoolean() ? Event.NO_TIME : random.nextLong();
    event.shardId = orNull(random, () -> text(random));
    event.sequenceNumber = orNull(random, () -> text(random));
    event.transactionId = orNull(random, () -> text(random));
    event.metadataVersion = orNull(random, () -> text(random));
    event.contents = new byte[random.nextInt(300)];
    random.nextBytes(event.contents);
    event.idHash = random.nextLong();
    event.fingerprint = random.nextLong();
    event.timeMs = random.nextLong();
    event.amountVnd = random.nextGaussian() * 1e9;
    for (int i = 0; i < Entity.COUNT; i++) {
      event.ids[i] = orNull(random, () -> text(random));
      event.ordinals[i] = random.nextLong();
    }
    event.words = random.longs(random.nextInt(30)).toArray();
    event.features = random.doubles(random.nextInt(100)).toArray();
    event.availableAtMs = random.nextLong();
    event.isFraud = random.nextBoolean();
    return event;
  }

  /** Events are written one after the other, as in a network buffer or a batch. */
  @Test
  void anyEventsComeThroughOneBehindTheOther() throws IOException {
    DataOutputSerializer target = new DataOutputSerializer(16);
    Random random = new Random(1);
    for (int i = 0; i < 2_000; i++) {
      SERIALIZER.serialize(randomEvent(random), target);
    }
    DataInputDeserializer source = new DataInputDeserializer(target.getCopyOfBuffer());
    DataInputDeserializer toCopy = new DataInputDeserializer(target.getCopyOfBuffer());
    DataOutputSerializer copy = new DataOutputSerializer(16);
    Random again = new Random(1);
    for (int i = 0; i < 2_000; i++) {
      assertSameEvent(randomEvent(again), SERIALIZER.deserialize(new Event(), source));
      SERIALIZER.copy(toCopy, copy);
    }
    assertEquals(0, source.available());
    assertArrayEquals(target.getCopyOfBuffer(), copy.getCopyOfBuffer());
  }

  // ---- copies ----

  @Test
  void aCopyIsEqualAndSharesNoArrayThatAStepChanges() {
    Event event = randomEvent(new Random(7));
    for (Event copy : new Event[] {SERIALIZER.copy(event), SERIALIZER.copy(event, new Event())}) {
      assertSameEvent(event, copy);
      assertNotSame(event, copy);
      assertNotSame(event.ids, copy.ids);
      assertNotSame(event.words, copy.words);
      assertNotSame(event.features, copy.features);
      assertNotSame(event.ordinals, copy.ordinals);
    }
    assertFalse(SERIALIZER.isImmutableType());
  }

  // ---- Flink interfaces ----

  @Test
  @SuppressWarnings("deprecation")
  void eventsTravelByThisSerializer() {
    assertSame(SERIALIZER, EventTypeInfo.EVENT.createSerializer(new SerializerConfigImpl()));
    assertSame(SERIALIZER, EventTypeInfo.EVENT.createSerializer(new ExecutionConfig()));
    assertEquals(Event.class, EventTypeInfo.EVENT.getTypeClass());
    assertEquals(-1, SERIALIZER.getLength());
    assertSameEvent(new Event(), SERIALIZER.createInstance());
  }

  @Test
  void theTypeAndTheSerializerTravelToTheWorkers() throws IOException, ClassNotFoundException {
    EventTypeInfo type = InstantiationUtil.clone(EventTypeInfo.EVENT);
    assertEquals(EventTypeInfo.EVENT, type);
    assertEquals(EventTypeInfo.EVENT.hashCode(), type.hashCode());
    assertEquals(SERIALIZER, InstantiationUtil.clone(SERIALIZER));
  }

  /** Flink writes the snapshot to each checkpoint that contains in-flight events. */
  @Test
  void aSnapshotOfTheSerializerGivesItBack() throws IOException {
    DataOutputSerializer target = new DataOutputSerializer(64);
    TypeSerializerSnapshotSerializationUtil.writeSerializerSnapshot(
        target, SERIALIZER.snapshotConfiguration());
    TypeSerializerSnapshot<Event> read =
        TypeSerializerSnapshotSerializationUtil.readSerializerSnapshot(
            new DataInputDeserializer(target.getCopyOfBuffer()), getClass().getClassLoader());
    assertSame(SERIALIZER, read.restoreSerializer());
  }
}
