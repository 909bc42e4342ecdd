package fraudstream.kernel.stream;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.dag.Transformation;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.enumerate.NonSplittingRecursiveEnumerator;
import org.apache.flink.core.fs.Path;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.operators.ChainingStrategy;
import org.apache.flink.streaming.api.transformations.PhysicalTransformation;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.Row;

/**
 * The job's steps, for {@code jobs/kernel.py} to put together.
 *
 * <p>Each has an identity of its own, which saved state goes by: it depends neither on the catalogue
 * nor on which sources and sinks there are.
 */
public final class Steps {
  private Steps() {}

  /** The lines of a file in their order: one reader, whatever the parallelism. */
  public static DataStream<byte[]> lines(StreamExecutionEnvironment environment, String uri) {
    FileSource<byte[]> source =
        FileSource.forRecordStreamFormat(new LineFormat(), new Path(uri))
            // Flink's own choice leaves out files whose names begin with _ or a dot, and says nothing.
            .setFileEnumerator(() -> new NonSplittingRecursiveEnumerator(path -> true))
            .build();
    return environment
        .fromSource(source, WatermarkStrategy.noWatermarks(), "lines")
        .setParallelism(1)
        .uid("lines");
  }

  /** Events of lines; dead letters on the side. By one task, since more would lose the order. */
  public static SingleOutputStreamOperator<Event> parseLines(
      DataStream<byte[]> lines, JobConfig config) {
    return lines
        .process(new ParseLines(config), EventTypeInfo.EVENT)
        .setParallelism(1)
        .name("parse")
        .uid("parse-lines");
  }

  /** Events of a stream's rows; dead letters on the side. */
  public static SingleOutputStreamOperator<Event> parseRows(
      DataStream<RowData> rows, JobConfig config, boolean isLabels) {
    String name = isLabels ? "parse labels" : "parse";
    return rows.process(new ParseRows(config, isLabels), EventTypeInfo.EVENT)
        .name(name)
        .uid(name.replace(' ', '-'));
  }

  /** Events with the windows of one entity; late ones of the account as dead letters on the side. */
  public static SingleOutputStreamOperator<Event> windows(
      DataStream<Event> events, JobConfig config, String entityName) {
    Entity entity = Entity.named(entityName);
    return chained(
            keyed(events, new EntityKey(entity))
                .transform(
                    entityName + " windows", EventTypeInfo.EVENT, new EntityStep(config, entity)))
        .uid("windows-" + entityName);
  }

  /**
   * The events by key.
   *
   * <p>Where one task has all keys there is nobody to shuffle with: the steps then follow each other
   * in one thread, and no event is written and read between them. Such a job can't be rescaled
   * while it runs, only from a savepoint: Flink refuses keys that a second task would have.
   */
  private static KeyedStream<Event, String> keyed(DataStream<Event> events, EntityKey key) {
    if (events.getExecutionEnvironment().getParallelism() > 1) {
      return events.keyBy(key, Types.STRING);
    }
    return DataStreamUtils.reinterpretAsKeyedStream(events, key, Types.STRING);
  }

  /** Events with all their features: those that depend on windows come last. */
  public static SingleOutputStreamOperator<Event> finish(
      DataStream<Event> events, JobConfig config) {
    return chained(
            events.transform("finish features", EventTypeInfo.EVENT, new FinishFeatures(config)))
        .uid("finish-features");
  }

  /** Batches for the scorer: its input, and the events. */
  public static DataStream<Row> batches(DataStream<Event> events, JobConfig config) {
    SingleOutputStreamOperator<Row> batches =
        chained(events.transform("batch", Batcher.BATCH, new Batcher(config))).uid("batch");
    // A single task would stand still while Python scores: what follows gets a thread of its own.
    return events.getExecutionEnvironment().getParallelism() > 1 ? batches : batches.rebalance();
  }

  /** Everything that follows from the scorer's answers, on the side. */
  public static SingleOutputStreamOperator<Row> verdicts(
      DataStream<Row> answers, JobConfig config, boolean withScored) {
    return answers
        .process(new Unbatcher(config, withScored), Outputs.KEYED_JSON)
        .name("verdicts")
        .uid("verdicts");
  }

  /** Lines of features. */
  public static SingleOutputStreamOperator<Row> features(
      DataStream<Event> events, JobConfig config) {
    return chained(events.transform("features", Outputs.KEYED_JSON, new WriteFeatures(config)))
        .uid("features");
  }

  /**
   * Lets a step run in one thread with the one before it.
   *
   * <p>On Flink 2 an operator can't ask for that itself; on Flink 1.20, unasked, it begins a chain.
   */
  private static <T> SingleOutputStreamOperator<T> chained(SingleOutputStreamOperator<T> step) {
    ((PhysicalTransformation<T>) step.getTransformation())
        .setChainingStrategy(ChainingStrategy.ALWAYS);
    return step;
  }

  /** What a step has put on the side for the sink of that name. */
  public static DataStream<Row> output(SingleOutputStreamOperator<?> step, String sink) {
    return step.getSideOutput(Outputs.named(sink));
  }

  /**
   * Gives the sources and sinks that are tables an identity that goes by their names.
   *
   * <p>The planner numbers operators in the order of planning: with one source more, every sink
   * would be another one to saved state.
   */
  public static void nameTables(StreamExecutionEnvironment environment, String... tables) {
    for (Transformation<?> end : environment.getTransformations()) {
      for (Transformation<?> step : end.getTransitivePredecessors()) {
        for (String table : tables) {
          if (step.getName().startsWith(table + "[")) {
            step.setUid("table-" + table);
          }
        }
      }
    }
  }
}
