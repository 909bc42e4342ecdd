package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Event;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests of the job graph without running it; tests in Python run it. */
class StepsTest {
  private static final int PARALLELISM = 4;
  private static final JobConfig CONFIG = Configs.config();

  private final StreamExecutionEnvironment environment =
      StreamExecutionEnvironment.getExecutionEnvironment().setParallelism(PARALLELISM);

  private SingleOutputStreamOperator<Event> events() {
    return Steps.parseLines(Steps.lines(environment, "file:///nowhere"), CONFIG);
  }

  private Map<String, StreamNode> nodesByIdentity() {
    Map<String, StreamNode> nodes = new HashMap<>();
    for (StreamNode node : environment.getStreamGraph(false).getStreamNodes()) {
      nodes.put(node.getTransformationUID(), node);
    }
    return nodes;
  }

  @Test
  void aFileIsReadAndParsedByOneTaskWhateverTheParallelism() {
    Steps.windows(events(), CONFIG, JobKey.ofBatch(), "device_id");
    Map<String, StreamNode> nodes = nodesByIdentity();
    assertEquals(1, nodes.get("lines").getParallelism());
    assertEquals(1, nodes.get("parse-lines").getParallelism());
    assertEquals(PARALLELISM, nodes.get("windows-device_id").getParallelism());
  }

  // ---- connections between steps ----

  private String wayInto(String identity) {
    StreamNode node = nodesByIdentity().get(identity);
    assertEquals(1, node.getInEdges().size());
    return node.getInEdges().get(0).getPartitioner().toString();
  }

  private SingleOutputStreamOperator<Event> finished() {
    return Steps.finish(Steps.windows(events(), CONFIG, JobKey.ofBatch(), "device_id"), CONFIG);
  }

  private void windowsAndBatches() {
    Steps.verdicts(Steps.batches(finished(), CONFIG), CONFIG, true);
  }

  @Test
  void severalTasksGetTheEventsByKeyAndKeepTheirBatches() {
    windowsAndBatches();
    assertEquals("HASH", wayInto("windows-device_id"));
    assertEquals("FORWARD", wayInto("finish-features"));
    assertEquals("FORWARD", wayInto("batch"));
    assertEquals("FORWARD", wayInto("verdicts"));
  }

  @Test
  void aSingleTaskShufflesNothingAndScoresInAnotherThread() {
    environment.setParallelism(1);
    windowsAndBatches();
    assertEquals("FORWARD", wayInto("windows-device_id"));
    assertEquals("FORWARD", wayInto("finish-features"));
    assertEquals("FORWARD", wayInto("batch"));
    assertEquals("REBALANCE", wayInto("verdicts"));
  }

  private List<String> tasks() {
    List<String> names = new ArrayList<>();
    environment.getStreamGraph(false).getJobGraph().getVertices().forEach(
        vertex -> names.add(vertex.getName()));
    return names;
  }

  /** Otherwise there would be a thread and a queue between any two steps. */
  @Test
  void theStepsOfASingleTaskAreOneChain() {
    environment.setParallelism(1);
    Steps.features(finished(), CONFIG);
    assertEquals(
        List.of("Source: lines -> parse -> device_id windows -> finish features -> features"),
        tasks());
  }

  @Test
  void featuresAreFinishedInTheThreadOfTheLastWindows() {
    Steps.batches(finished(), CONFIG);
    assertTrue(tasks().contains("device_id windows -> finish features -> batch"), () -> "" + tasks());
  }

  /** State is keyed by the entity's id, and transactions stay in order within it. */
  @ParameterizedTest
  @ValueSource(ints = {1, PARALLELISM})
  void theKeyOfTheWindowsIsTheirEntitysId(int parallelism) {
    environment.setParallelism(parallelism);
    Steps.windows(events(), CONFIG, JobKey.ofBatch(), "device_id");
    KeySelector<?, ?> key = nodesByIdentity().get("windows-device_id").getStatePartitioners()[0];
    assertTrue(key instanceof EntityKey);
  }

  // ---- outputs ----

  @ParameterizedTest
  @ValueSource(strings = {"alerts", "scored_transactions", "features"})
  void anOutputIsFoundByTheNameOfItsSink(String name) {
    assertEquals(name, Outputs.named(name).getId());
    SingleOutputStreamOperator<Row> verdicts =
        Steps.verdicts(Steps.batches(events(), CONFIG), CONFIG, true);
    DataStream<Row> output = Steps.output(verdicts, name);
    assertSame(Outputs.KEYED_JSON, output.getType());
  }

  @Test
  void whatIsRefusedIsLimitedBeforeItGoesToASink() {
    SingleOutputStreamOperator<Event> step = finished();
    SingleOutputStreamOperator<Row> letters =
        Steps.limitLetters(Steps.output(step, "dead_letters"), CONFIG);
    SingleOutputStreamOperator<Row> reviews =
        Steps.limitReviews(Steps.output(step, "reviews"), CONFIG);
    assertSame(Outputs.KEYED_JSON, letters.getType());
    assertSame(Outputs.KEYED_JSON, reviews.getType());
    assertEquals("FORWARD", wayInto("letter-limit"));
    assertEquals("HASH", wayInto("review-limit"), "an account's reviews are counted in one task");
  }

  @Test
  void anOutputOfAnotherNameIsRefused() {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> Steps.output(events(), "labels"));
    assertTrue(refused.getMessage().contains("labels"), refused.getMessage());
  }

  // ---- uids of tables ----

  @Test
  void aTableGetsTheIdentityOfItsNameWhateverItsNumberIs() {
    Sink<Long> sink = new DiscardingSink<>();
    SingleOutputStreamOperator<Long> source = environment.fromSequence(0, 1).name("labels[3]");
    SingleOutputStreamOperator<Long> step = source.filter(number -> true).name("alerts");
    DataStreamSink<Long> alerts = step.sinkTo(sink).name("alerts[12]: Writer");
    DataStreamSink<Long> others = step.sinkTo(sink).name("alerts_of_others[13]: Writer");
    Steps.nameTables(environment, "transactions", "labels", "alerts");
    assertEquals("table-labels", source.getTransformation().getUid());
    assertEquals("table-alerts", alerts.getTransformation().getUid());
    assertNull(step.getTransformation().getUid());
    assertNull(others.getTransformation().getUid());
  }
}
