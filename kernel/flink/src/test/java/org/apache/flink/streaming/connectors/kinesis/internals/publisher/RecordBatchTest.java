package org.apache.flink.streaming.connectors.kinesis.internals.publisher;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.KplAggregates;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.kinesis.clientlibrary.types.UserRecord;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.kinesis.model.Record;
import org.junit.jupiter.api.Test;

class RecordBatchTest {
  private static Record record(byte[] data, String sequenceNumber) {
    return new Record().withData(ByteBuffer.wrap(data)).withSequenceNumber(sequenceNumber);
  }

  private static byte[] bytes(UserRecord record) {
    byte[] bytes = new byte[record.getData().remaining()];
    record.getData().duplicate().get(bytes);
    return bytes;
  }

  @Test
  void aRecordIsPassedOnAsItIsWhetherAggregatedOrNot() {
    byte[] plain = "{}".getBytes(StandardCharsets.UTF_8);
    byte[] aggregated = KplAggregates.of("{\"a\":1}", "{\"b\":2}");
    RecordBatch batch =
        new RecordBatch(List.of(record(plain, "1"), record(aggregated, "2")), null, 5L);
    assertEquals(2, batch.getDeaggregatedRecordSize());
    assertEquals(2, batch.getAggregatedRecordSize());
    UserRecord first = batch.getDeaggregatedRecords().get(0);
    UserRecord second = batch.getDeaggregatedRecords().get(1);
    assertArrayEquals(plain, bytes(first));
    assertFalse(first.isAggregated());
    assertArrayEquals(aggregated, bytes(second));
    assertEquals("2", second.getSequenceNumber());
    assertEquals(plain.length + aggregated.length, batch.getTotalSizeInBytes());
    assertEquals((plain.length + aggregated.length) / 2, batch.getAverageRecordSizeBytes());
    assertEquals(5L, batch.getMillisBehindLatest());
  }

  /** The connector skips the parts up to the one that saved state names, and the rest must pass. */
  @Test
  void anAggregatedRecordIsBehindEveryPartThatSavedStateCanName() {
    RecordBatch batch = new RecordBatch(List.of(record(KplAggregates.of("{}"), "2")), null, null);
    UserRecord whole = batch.getDeaggregatedRecords().get(0);
    assertTrue(whole.isAggregated());
    assertEquals(Long.MAX_VALUE, whole.getSubSequenceNumber());
  }

  @Test
  void nothingReadIsAnEmptyBatch() {
    RecordBatch batch = new RecordBatch(List.of(), null, null);
    assertEquals(0, batch.getAverageRecordSizeBytes());
    assertEquals(List.of(), batch.getDeaggregatedRecords());
  }

  /** A release of the connector that calls another method would fail only while it reads. */
  @Test
  void itHasTheMethodsOfTheConnectorsOwnClass() throws Exception {
    Class<?> replaced = connectorsOwn();
    assertEquals(signatures(replaced), signatures(RecordBatch.class));
  }

  private static Class<?> connectorsOwn() throws Exception {
    String resource = RecordBatch.class.getName().replace('.', '/') + ".class";
    Enumeration<URL> found = RecordBatch.class.getClassLoader().getResources(resource);
    while (found.hasMoreElements()) {
      String url = found.nextElement().toString();
      if (url.startsWith("jar:")) {
        URL jar = new URL(url.substring("jar:".length(), url.indexOf('!')));
        return Class.forName(RecordBatch.class.getName(), false, new ParentLast(jar));
      }
    }
    throw new AssertionError("the connector has no such class any more: remove this one");
  }

  private static final class ParentLast extends URLClassLoader {
    ParentLast(URL jar) {
      super(new URL[] {jar}, RecordBatch.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      return name.equals(RecordBatch.class.getName())
          ? findClass(name)
          : super.loadClass(name, resolve);
    }
  }

  private static Set<String> signatures(Class<?> type) {
    Set<String> found =
        Arrays.stream(type.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers()))
            .map(RecordBatchTest::signature)
            .collect(Collectors.toSet());
    for (Constructor<?> constructor : type.getConstructors()) {
      found.add(Arrays.toString(constructor.getParameterTypes()));
    }
    return found;
  }

  private static String signature(Method method) {
    return method.getReturnType()
        + " "
        + method.getName()
        + Arrays.toString(method.getParameterTypes());
  }
}
