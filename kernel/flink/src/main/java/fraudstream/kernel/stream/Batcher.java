package fraudstream.kernel.stream;

import fraudstream.kernel.record.Event;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Row;

/**
 * Collects transactions into batches for scoring: one Python call per transaction would cost more
 * than everything else.
 *
 * <p>A batch is emitted when it is full, when its first transaction has waited for the maximum
 * time, before a checkpoint (so the operator has no state), and at the end of the input. Labels are
 * dropped.
 */
final class Batcher extends AbstractStreamOperator<Row>
    implements OneInputStreamOperator<Event, Row>, BoundedOneInput {
  /** The type of a batch: the scorer's input, and the events that it was made of. */
  static final TypeInformation<Row> BATCH =
      Types.ROW_NAMED(
          new String[] {"input", "events"},
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO,
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

  private static final long serialVersionUID = 1L;
  private static final int EVENT_BYTES = 1_024;

  private final JobConfig config;
  private transient int width;
  private transient List<Event> events;
  private transient List<Event> toScore;
  private transient DataOutputSerializer buffer;
  private transient long batches;

  Batcher(JobConfig config) {
    this.config = config;
  }

  @Override
  public void open() throws Exception {
    super.open();
    width = config.catalogue().width();
    events = new ArrayList<>(config.batchSize);
    toScore = new ArrayList<>(config.batchSize);
    buffer = new DataOutputSerializer(config.batchSize * EVENT_BYTES);
  }

  @Override
  public void processElement(StreamRecord<Event> element) throws Exception {
    Event event = element.getValue();
    if (event.kind == Event.Kind.LABEL) {
      return;
    }
    if (events.isEmpty()) {
      long batch = batches;
      long dueMs = getProcessingTimeService().getCurrentProcessingTime() + config.batchTimeMs;
      getProcessingTimeService().registerTimer(dueMs, timeMs -> flushIfStill(batch));
    }
    events.add(event);
    if (event.kind == Event.Kind.TRANSACTION) {
      toScore.add(event);
    }
    if (events.size() >= config.batchSize) {
      flush();
    }
  }

  private void flushIfStill(long batch) throws Exception {
    if (batches == batch) {
      flush();
    }
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    flush();
  }

  @Override
  public void endInput() throws Exception {
    flush();
  }

  private void flush() throws Exception {
    if (events.isEmpty()) {
      return;
    }
    batches++;
    byte[] input = ScoringBatch.encode(toScore, width);
    buffer.clear();
    buffer.writeInt(events.size());
    for (Event event : events) {
      // The feature vector is in the input already, and no later step needs the words.
      EventSerializer.write(event, Event.NO_WORDS, Event.NO_FEATURES, buffer);
    }
    output.collect(new StreamRecord<>(Row.of(input, buffer.getCopyOfBuffer())));
    events.clear();
    toScore.clear();
  }
}
