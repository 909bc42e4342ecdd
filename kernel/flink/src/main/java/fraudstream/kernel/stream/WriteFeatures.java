package fraudstream.kernel.stream;

import fraudstream.kernel.json.FeaturesJson;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Row;

/** Writes one line of a features file per transaction; duplicates and labels are skipped. */
final class WriteFeatures extends AbstractStreamOperator<Row>
    implements OneInputStreamOperator<Event, Row>, BoundedOneInput {
  private static final long serialVersionUID = 1L;

  private final JobConfig config;
  private transient FeaturesJson json;
  private transient Lines lines;

  WriteFeatures(JobConfig config) {
    this.config = config;
  }

  @Override
  public void open() throws Exception {
    super.open();
    json = new FeaturesJson(config.catalogue().features());
    lines = new Lines(true, row -> output.collect(new StreamRecord<>(row)));
  }

  @Override
  public void processElement(StreamRecord<Event> element) {
    Event event = element.getValue();
    if (event.kind == Event.Kind.TRANSACTION) {
      lines.add(event.ids[Entity.ACCOUNT_ID.ordinal()], json.line(event));
    }
  }

  @Override
  public void endInput() {
    lines.flush();
  }
}
