package fraudstream.kernel.stream;

import fraudstream.kernel.json.ScoredJson;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.stream.ScoringBatch.Verdict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

/**
 * Splits scored batches into side outputs: alerts, scored transactions, and dead letters of
 * transactions that could not be scored.
 */
final class Unbatcher extends ProcessFunction<Row, Row> {
  private static final long serialVersionUID = 1L;
  private static final String SCORING = "scoring";

  private final JobConfig config;
  private final boolean withScored;
  private transient ScoredJson json;
  private transient Refusals refusals;

  /** @param withScored whether to write the scored transactions */
  Unbatcher(JobConfig config, boolean withScored) {
    this.config = config;
    this.withScored = withScored;
  }

  @Override
  public void open(OpenContext context) {
    refusals = new Refusals(config);
    json =
        new ScoredJson(
            config.catalogue().features(), config.modelVersion, config.catalogueVersion);
  }

  @Override
  public void processElement(Row batch, Context context, Collector<Row> out) throws IOException {
    byte[] answer = (byte[]) batch.getField(0);
    byte[] input = (byte[]) batch.getField(1);
    List<Event> events = events((byte[]) batch.getField(2));
    int scored = 0;
    for (Event event : events) {
      scored += event.kind == Event.Kind.TRANSACTION ? 1 : 0;
    }
    Verdict[] verdicts = ScoringBatch.decode(answer, scored);
    Lines lines =
        new Lines(config.writesFiles, row -> context.output(Outputs.SCORED_TRANSACTIONS, row));
    long nowMs = System.currentTimeMillis();
    int next = 0;
    for (Event event : events) {
      if (event.kind == Event.Kind.TRANSACTION) {
        event.features = ScoringBatch.vector(input, next);
        write(event, verdicts[next++], nowMs, context, lines);
      } else if (withScored) {
        lines.add(account(event), json.duplicate(event));
      }
    }
    lines.flush();
  }

  private void write(Event event, Verdict verdict, long nowMs, Context context, Lines lines) {
    if (verdict.error != null) {
      refusals.refuse(context::output, event, SCORING, verdict.error);
      return;
    }
    if (verdict.alert != null) {
      context.output(Outputs.ALERTS, Row.of(account(event), verdict.alert));
    }
    if (withScored) {
      lines.add(account(event), json.scored(event, verdict.score, nowMs, verdict.overflowing));
    }
  }

  private static String account(Event event) {
    return event.ids[Entity.ACCOUNT_ID.ordinal()];
  }

  private static List<Event> events(byte[] bytes) throws IOException {
    DataInputDeserializer source = new DataInputDeserializer(bytes);
    int count = source.readInt();
    List<Event> events = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      events.add(EventSerializer.INSTANCE.deserialize(source));
    }
    return events;
  }
}
