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
 * Collects transactions to be scored together: a call of Python for each would cost more than all
 * the rest.
 *
 * <p>A batch goes on when it is full, when its first transaction has waited long enough, before a
 * checkpoint (so there is nothing to save), and at the end of the input. Labels end here.
 */
final class Batcher extends AbstractStreamOperator<Row>
    implements OneInputStreamOperator<Event, Row>, BoundedOneInput {
  /** The scorer's input, and the events that its answer is for. */
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
      // The vector is in the input, and nobody looks at the words any more.
      EventSerializer.write(event, Event.NO_WORDS, Event.NO_FEATURES, buffer);
    }
    output.collect(new StreamRecord<>(Row.of(input, buffer.getCopyOfBuffer())));
    events.clear();
    toScore.clear();
  }
}
