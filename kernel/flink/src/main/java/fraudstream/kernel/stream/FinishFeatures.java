package fraudstream.kernel.stream;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.record.Event;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/** Computes row features that depend on windows, after the windows of all entities; stateless. */
final class FinishFeatures extends AbstractStreamOperator<Event>
    implements OneInputStreamOperator<Event, Event> {
  private static final long serialVersionUID = 1L;

  private final JobConfig config;
  private transient Catalogue catalogue;

  FinishFeatures(JobConfig config) {
    this.config = config;
  }

  @Override
  public void open() throws Exception {
    super.open();
    catalogue = config.catalogue();
  }

  @Override
  public void processElement(StreamRecord<Event> element) {
    Event event = element.getValue();
    if (event.kind == Event.Kind.TRANSACTION) {
      catalogue.finish(event);
    }
    output.collect(element);
  }
}
