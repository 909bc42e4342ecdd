package fraudstream.kernel.stream;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.accumulators.Accumulator;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.metrics.groups.InternalOperatorMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingOperatorMetricGroup;
import org.apache.flink.runtime.metrics.util.InterceptingTaskMetricGroup;
import org.apache.flink.runtime.operators.testutils.MockEnvironment;
import org.apache.flink.runtime.operators.testutils.MockEnvironmentBuilder;
import org.apache.flink.runtime.state.TestTaskStateManager;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.ProcessOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.types.Row;
import org.apache.flink.util.OutputTag;

/** Test harness of one step: its inputs, outputs and metrics; time advances only on demand. */
final class Step<I, O> {
  /** Few, because Flink looks for expired state in one key group after the other. */
  static final int KEY_GROUPS = 2;

  final OneInputStreamOperatorTestHarness<I, O> harness;
  private final InterceptingOperatorMetricGroup metrics;

  private Step(OneInputStreamOperatorTestHarness<I, O> harness, Metrics metrics) {
    this.harness = harness;
    this.metrics = metrics.operator;
  }

  /** Keeps the metrics of the operator. */
  private static final class Metrics extends InterceptingTaskMetricGroup {
    final InterceptingOperatorMetricGroup operator = new InterceptingOperatorMetricGroup();

    /** Required by Flink 1.20. No {@code @Override}, as Flink 2 has only the other overload. */
    public InternalOperatorMetricGroup getOrAddOperator(OperatorID id, String name) {
      return operator;
    }

    public InternalOperatorMetricGroup getOrAddOperator(
        OperatorID id, String name, Map<String, String> variables) {
      return operator;
    }
  }

  private static MockEnvironment environment(Metrics metrics) {
    return new MockEnvironmentBuilder()
        .setMaxParallelism(KEY_GROUPS)
        .setTaskStateManager(new TestTaskStateManager())
        .setMetricGroup(metrics)
        .build();
  }

  /** The count of an accumulator, 0 if there is none. */
  long counted(String name) {
    Accumulator<?, ?> counter =
        harness.getEnvironment().getAccumulatorRegistry().getUserMap().get(name);
    return counter == null ? 0 : (Long) counter.getLocalValue();
  }

  static <I, O> Step<I, O> of(ProcessFunction<I, O> function, TypeInformation<O> output)
      throws Exception {
    return of(new ProcessOperator<>(function), output);
  }

  static <I, O> Step<I, O> of(OneInputStreamOperator<I, O> operator, TypeInformation<O> output)
      throws Exception {
    Metrics metrics = new Metrics();
    Step<I, O> step =
        new Step<>(
            new OneInputStreamOperatorTestHarness<>(operator, environment(metrics)), metrics);
    step.harness.setup(output.createSerializer(new SerializerConfigImpl()));
    step.harness.open();
    return step;
  }

  /** The window step of an entity, restored from {@code state}; null to start without state. */
  static Step<Event, Event> windows(JobConfig config, Entity entity, OperatorSubtaskState state)
      throws Exception {
    return entity == Entity.ACCOUNT_ID
        ? account(config, JobKey.ofBatch(), state)
        : windows(new EntityStep(config, entity, JobKey.ofBatch()), entity, state);
  }

  /** The account's step of a job that is to start with that key. */
  static Step<Event, Event> account(JobConfig config, JobKey key, OperatorSubtaskState state)
      throws Exception {
    return windows(new AccountStep(config, key), Entity.ACCOUNT_ID, state);
  }

  static Step<Event, Event> windows(
      EntityStep operator, Entity entity, OperatorSubtaskState state) throws Exception {
    Metrics metrics = new Metrics();
    Step<Event, Event> step =
        new Step<>(
            new KeyedOneInputStreamOperatorTestHarness<>(
                operator, new EntityKey(entity), Types.STRING, environment(metrics)),
            metrics);
    step.harness.setup(EventSerializer.INSTANCE);
    if (state != null) {
      step.harness.initializeState(state);
    }
    step.harness.open();
    return step;
  }

  /** The limit of review alerts, restored from {@code state}; null to start without state. */
  static Step<Row, Row> reviews(JobConfig config, OperatorSubtaskState state) throws Exception {
    Metrics metrics = new Metrics();
    Step<Row, Row> step =
        new Step<>(
            new KeyedOneInputStreamOperatorTestHarness<>(
                new ReviewLimit(config),
                row -> (String) row.getField(Outputs.ACCOUNT),
                Types.STRING,
                environment(metrics)),
            metrics);
    step.harness.setup(Outputs.KEYED_JSON.createSerializer(new SerializerConfigImpl()));
    if (state != null) {
      step.harness.initializeState(state);
    }
    step.harness.open();
    return step;
  }

  /** Processes an element and returns the outputs, which the harness copies by the serializer. */
  List<O> process(I element) throws Exception {
    harness.processElement(element, 0);
    return drain();
  }

  /** Returns the outputs since the last call. */
  List<O> drain() {
    List<O> values = harness.extractOutputValues();
    harness.getOutput().clear();
    return values;
  }

  /** The number of keys that have state. */
  int keys() {
    return ((KeyedOneInputStreamOperatorTestHarness<?, ?, ?>) harness).numKeyedStateEntries();
  }

  /** All rows of a side output so far. */
  List<Row> side(OutputTag<Row> tag) {
    List<Row> rows = new ArrayList<>();
    Collection<StreamRecord<Row>> found = harness.getSideOutput(tag);
    if (found != null) {
      found.forEach(record -> rows.add(record.getValue()));
    }
    return rows;
  }

  long count(String counter) {
    return ((Counter) metrics.get(counter)).getCount();
  }

  /** The payload of a row as JSON. */
  static JsonNode payload(Row row) throws IOException {
    return new ObjectMapper().readTree((byte[]) row.getField(1));
  }

  void close() throws Exception {
    harness.close();
  }
}
