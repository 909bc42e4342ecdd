package fraudstream.kernel.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** No test waits for a time to pass: with no patience, a full backlog drops at once. */
class DetachedSinkTest {
  private static final int ROOM = 4;
  private static final long LONG_MS = 600_000;

  private final FakeSink inner = new FakeSink();
  private final FakeContext task = new FakeContext();
  private StatefulSinkWriter<RowData, DetachedState> writer;

  /** The size of the rows of these tests. */
  private static int rowBytes() {
    return new Entry("k".getBytes(UTF_8), "1".getBytes(UTF_8)).bytes();
  }

  private void open(long patienceMs, boolean areLetters, DetachedState... restored) {
    DetachedOptions options =
        new DetachedOptions("rows", (long) ROOM * rowBytes(), patienceMs, 0, areLetters);
    writer = new DetachedSink(inner, options).restoreWriter(task.context(), List.of(restored));
  }

  @AfterEach
  void close() throws Exception {
    writer.close();
  }

  private void write(String... payloads) throws Exception {
    for (String payload : payloads) {
      RowData row = GenericRowData.of(StringData.fromString("k"), payload.getBytes(UTF_8));
      writer.write(row, null);
    }
  }

  private List<String> written(int count) throws InterruptedException {
    List<String> found = new ArrayList<>();
    while (found.size() < count) {
      String next = inner.written.poll(LONG_MS, TimeUnit.MILLISECONDS);
      found.add(next.substring(next.indexOf('=') + 1));
    }
    return found;
  }

  private List<String> saved() throws IOException {
    return writer.snapshotState(1).stream()
        .flatMap(state -> state.entries.stream())
        .map(entry -> new String(entry.payload, UTF_8))
        .collect(Collectors.toList());
  }

  private long dropped() {
    return (long) task.gauges.get("droppedRows").getValue();
  }

  // ---- a sink that writes ----

  @Test
  void rowsAreWrittenInTheirOrderByAnotherThread() throws Exception {
    open(LONG_MS, false);
    inner.permits.release(100);
    write("1", "2", "3", "4", "5", "6", "7", "8", "9");
    assertEquals(List.of("1", "2", "3", "4", "5", "6", "7", "8", "9"), written(9));
    assertEquals("writer of rows", inner.threads.get(0));
    assertFalse(inner.threads.contains(Thread.currentThread().getName()));
  }

  @Test
  void theEndOfTheInputWaitsForAllRows() throws Exception {
    open(LONG_MS, false);
    inner.permits.release(100);
    write("1", "2", "3");
    writer.flush(true);
    assertEquals(3, inner.written.size());
    assertEquals(List.of(), saved());
  }

  @Test
  void aRowLargerThanAllRoomIsWrittenToo() throws Exception {
    open(0, false);
    inner.permits.release(100);
    String large = "x".repeat(1_000);
    write(large);
    writer.flush(true);
    assertEquals(List.of(large), written(1));
  }

  @Test
  void aCheckpointWaitsUntilTheRowsAreWritten() throws Exception {
    open(LONG_MS, false);
    inner.permits.release(100);
    write("1", "2");
    writer.flush(false);
    assertEquals(List.of(), saved());
  }

  // ---- a sink that is held up ----

  @Test
  void aCheckpointSavesWhatMayNotBeWritten() throws Exception {
    open(1, false);
    write("1", "2");
    inner.attempts.acquire();
    writer.flush(false);
    assertEquals(List.of("1", "2"), saved());
    inner.permits.release(100);
    writer.flush(true);
    assertEquals(List.of(), saved());
  }

  @Test
  void savedRowsAreWrittenAfterARestoreBeforeNewOnes() throws Exception {
    open(LONG_MS, false);
    write("1", "2");
    DetachedState state = writer.snapshotState(1).get(0);
    writer.close();
    var serializer = new DetachedSink(inner, null).getWriterStateSerializer();
    open(LONG_MS, false, serializer.deserialize(serializer.getVersion(), serializer.serialize(state)));
    inner.permits.release(100);
    write("3");
    assertEquals(List.of("1", "2", "3"), written(3));
  }

  @Test
  void aFullBacklogWaitsWhileRowsAreWritten() throws Exception {
    open(LONG_MS, false);
    List<Exception> problems = new ArrayList<>();
    Thread writing =
        new Thread(
            () -> {
              try {
                write("1", "2", "3", "4", "5", "6", "7", "8", "9");
              } catch (Exception problem) {
                problems.add(problem);
              }
            });
    writing.start();
    inner.attempts.acquire();
    assertTrue(writing.isAlive());
    inner.permits.release(100);
    writing.join();
    assertEquals(List.of(), problems);
    assertEquals(9, written(9).size());
    assertEquals(0, dropped());
  }

  @Test
  void aFullBacklogDropsWhatComesWhileNothingIsWrittenAndGoesOnLater() throws Exception {
    open(0, false);
    write("1");
    inner.attempts.acquire();
    write("2", "3", "4", "5", "6");
    assertEquals(List.of("1", "2", "3", "4"), saved());
    assertEquals(2, dropped());
    inner.permits.release(100);
    writer.flush(true);
    write("7");
    writer.flush(true);
    assertEquals(List.of("1", "2", "3", "4", "7"), written(5));
    assertEquals(2, dropped());
  }

  // ---- dead letters ----

  private static String letter(int number) {
    return "{\"reason\":\"late\",\"raw\":\"{\\\"reason\\\":\\\"no\\\"}\",\"shard_id\":\"s\","
        + "\"sequence_number\":\""
        + number
        + "\"}";
  }

  @Test
  void droppedLettersAreSummedUpWithTheirPlaces() throws Exception {
    open(0, true);
    write(letter(1));
    inner.attempts.acquire();
    write(letter(2), letter(3), letter(4));
    write(letter(5).replace("\"late\"", "\"too_many_parts\",\"count\":40"));
    List<String> kept = saved();
    JsonNode summary = new ObjectMapper().readTree(kept.get(kept.size() - 1));
    assertEquals("too_many_letters", summary.get("reason").textValue());
    int dropped = 5 - (kept.size() - 1);
    assertEquals(dropped - 1 + 40, summary.get("count").intValue());
    assertEquals("5", summary.at("/ranges/0/last_sequence_number").textValue());
    assertEquals(
        "" + (6 - dropped), summary.at("/ranges/0/first_sequence_number").textValue());

    inner.permits.release(100);
    writer.flush(true);
    List<String> written = written(kept.size());
    assertEquals(kept, written);
    assertEquals(List.of(), saved());
  }

  // ---- a sink that fails ----

  @Test
  void aWriterThatFailsIsReplacedAndItsRowsAreWrittenAgain() throws Exception {
    open(LONG_MS, false);
    inner.permits.release(100);
    inner.problem = new IllegalStateException("AccessDenied");
    write("1");
    inner.attempts.acquire();
    write("2");
    inner.problem = null;
    writer.flush(true);
    assertEquals(List.of("1", "2"), written(2));
  }

  @Test
  void aMailOfAReplacedWriterIsNotRun() throws Exception {
    SenderMailbox mailbox = new SenderMailbox();
    mailbox.execute(() -> {}, "early");
    mailbox.close();
    mailbox.execute(() -> {}, "late");
    assertFalse(mailbox.tryYield());
    open(0, false);
  }

  /** The backlog gets full, and its patience is long, so that the task gets to know of the error. */
  @Test
  void anErrorOfTheSendersThreadFailsTheTask() throws Exception {
    open(LONG_MS, false);
    Error outOfMemory = new OutOfMemoryError("of a test");
    inner.error = outOfMemory;
    Error thrown = assertThrows(Error.class, () -> write("1", "2", "3", "4", "5"));
    assertSame(outOfMemory, thrown);
  }

  @Test
  void closingDoesNotWaitForASinkThatNeverAnswers() throws Exception {
    open(LONG_MS, false);
    write("1");
    inner.attempts.acquire();
    writer.close();
    assertEquals(List.of("1"), saved());
  }
}
