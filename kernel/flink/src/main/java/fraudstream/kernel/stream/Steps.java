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
 * The job's steps, which {@code jobs/kernel.py} assembles.
 *
 * <p>Each step has a fixed uid, by which savepoints identify its state. It depends neither on the
 * catalogue nor on the configured sources and sinks.
 */
public final class Steps {
  private Steps() {}

  /** The lines of a file in order, by one reader whatever the parallelism. */
  public static DataStream<byte[]> lines(StreamExecutionEnvironment environment, String uri) {
    FileSource<byte[]> source =
        FileSource.forRecordStreamFormat(new LineFormat(), new Path(uri))
            // Flink's default silently ignores files whose names begin with _ or a dot.
            .setFileEnumerator(() -> new NonSplittingRecursiveEnumerator(path -> true))
            .build();
    return environment
        .fromSource(source, WatermarkStrategy.noWatermarks(), "lines")
        .setParallelism(1)
        .uid("lines");
  }

  /** Parses lines into events; dead letters are a side output. One task, to keep the order. */
  public static SingleOutputStreamOperator<Event> parseLines(
      DataStream<byte[]> lines, JobConfig config) {
    return lines
        .process(new ParseLines(config), EventTypeInfo.EVENT)
        .setParallelism(1)
        .name("parse")
        .uid("parse-lines");
  }

  /** Parses a stream's rows into events; dead letters are a side output. */
  public static SingleOutputStreamOperator<Event> parseRows(
      DataStream<RowData> rows, JobConfig config, boolean isLabels) {
    String name = isLabels ? "parse labels" : "parse";
    return rows.process(new ParseRows(config, isLabels), EventTypeInfo.EVENT)
        .name(name)
        .uid(name.replace(' ', '-'));
  }

  /**
   * Computes the windows of one entity; the account's late and conflicting events are a side
   * output.
   *
   * @param key the hash key of a job without saved state
   */
  public static SingleOutputStreamOperator<Event> windows(
      DataStream<Event> events, JobConfig config, JobKey key, String entityName) {
    Entity entity = Entity.named(entityName);
    return chained(
            keyed(events, new EntityKey(entity))
                .transform(
                    entityName + " windows",
                    EventTypeInfo.EVENT,
                    entity == Entity.ACCOUNT_ID
                        ? new AccountStep(config, key)
                        : new EntityStep(config, entity, key)))
        .uid("windows-" + entityName);
  }

  /**
   * The events keyed by {@code key}.
   *
   * <p>With a parallelism of 1 no shuffle is needed: the steps run chained in one thread and events
   * are not serialized between them. Such a job can't be rescaled while it runs, only from a
   * savepoint, because Flink refuses keys that belong to another task.
   */
  private static KeyedStream<Event, String> keyed(DataStream<Event> events, EntityKey key) {
    if (events.getExecutionEnvironment().getParallelism() > 1) {
      return events.keyBy(key, Types.STRING);
    }
    return DataStreamUtils.reinterpretAsKeyedStream(events, key, Types.STRING);
  }

  /** Computes the row features that depend on windows, which completes the feature vector. */
  public static SingleOutputStreamOperator<Event> finish(
      DataStream<Event> events, JobConfig config) {
    return chained(
            events.transform("finish features", EventTypeInfo.EVENT, new FinishFeatures(config)))
        .uid("finish-features");
  }

  /** Collects events into batches for the scorer. */
  public static DataStream<Row> batches(DataStream<Event> events, JobConfig config) {
    SingleOutputStreamOperator<Row> batches =
        chained(events.transform("batch", Batcher.BATCH, new Batcher(config))).uid("batch");
    // With one task, a shuffle gives scoring its own thread, so it doesn't block the windows.
    return events.getExecutionEnvironment().getParallelism() > 1 ? batches : batches.rebalance();
  }

  /** Alerts, scored transactions and dead letters from the scorer's answers, as side outputs. */
  public static SingleOutputStreamOperator<Row> verdicts(
      DataStream<Row> answers, JobConfig config, boolean withScored) {
    return answers
        .process(new Unbatcher(config, withScored), Outputs.KEYED_JSON)
        .name("verdicts")
        .uid("verdicts");
  }

  /** Limits the dead letters of all steps. */
  public static SingleOutputStreamOperator<Row> limitLetters(
      DataStream<Row> letters, JobConfig config) {
    return chained(
            letters.transform("dead letter limit", Outputs.KEYED_JSON, new LetterLimit(config)))
        .uid("letter-limit");
  }

  /** Review alerts of the transactions that the steps could not judge, limited by account. */
  public static SingleOutputStreamOperator<Row> limitReviews(
      DataStream<Row> reviews, JobConfig config) {
    return reviews
        .keyBy(row -> (String) row.getField(Outputs.ACCOUNT), Types.STRING)
        .transform("review limit", Outputs.KEYED_JSON, new ReviewLimit(config))
        .uid("review-limit");
  }

  /** Lines of a features file. */
  public static SingleOutputStreamOperator<Row> features(
      DataStream<Event> events, JobConfig config) {
    return chained(events.transform("features", Outputs.KEYED_JSON, new WriteFeatures(config)))
        .uid("features");
  }

  /**
   * Chains a step to the one before it, so that both run in one thread.
   *
   * <p>Flink 1.20 starts a new chain by default, and on Flink 2 an operator can't set its own
   * chaining strategy.
   */
  private static <T> SingleOutputStreamOperator<T> chained(SingleOutputStreamOperator<T> step) {
    ((PhysicalTransformation<T>) step.getTransformation())
        .setChainingStrategy(ChainingStrategy.ALWAYS);
    return step;
  }

  /** The side output of a step for the sink of that name. */
  public static DataStream<Row> output(SingleOutputStreamOperator<?> step, String sink) {
    return step.getSideOutput(Outputs.named(sink));
  }

  /**
   * Gives table sources and sinks a uid derived from their names.
   *
   * <p>The planner numbers operators in planning order, so one more source would change the uid of
   * every sink and saved state would no longer match.
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
