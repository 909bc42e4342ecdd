package fraudstream.kernel.stream;

import fraudstream.kernel.record.Event;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.table.data.RowData;
import org.apache.flink.types.Row;
import org.apache.flink.util.Collector;

/**
 * Parses the rows of a stream's table as records. Columns: bytes, arrival time (TIMESTAMP_LTZ(3)),
 * shard, sequence number; the last three are null if the source does not provide them.
 *
 * <p>The bytes are one record, or several on separate lines: see {@link RecordSplitter}.
 */
final class ParseRows extends ProcessFunction<RowData, Event> {
  private static final long serialVersionUID = 1L;
  private static final int RAW = 0;
  private static final int ARRIVAL = 1;
  private static final int SHARD = 2;
  private static final int SEQUENCE_NUMBER = 3;
  private static final int MILLISECONDS = 3;

  private final JobConfig config;
  private final boolean isLabels;
  private transient Gate gate;

  /** @param isLabels true if the records are labels, false if they are transactions */
  ParseRows(JobConfig config, boolean isLabels) {
    this.config = config;
    this.isLabels = isLabels;
  }

  @Override
  public void open(OpenContext context) {
    gate = new Gate(config, getRuntimeContext().getMetricGroup());
  }

  @Override
  public void processElement(RowData row, Context context, Collector<Event> out) {
    byte[] bytes = row.isNullAt(RAW) ? new byte[0] : row.getBinary(RAW);
    RecordSplitter.split(bytes, record -> read(record(row, record), context, out));
  }

  private void read(Event record, Context context, Collector<Event> out) {
    if (isLabels) {
      Event label = gate.label(record, letter -> context.output(Outputs.DEAD_LETTERS, letter));
      if (label != null) {
        out.collect(label);
      }
      return;
    }
    Row deadLetter = gate.transaction(record);
    if (deadLetter == null) {
      out.collect(record);
    } else {
      context.output(Outputs.DEAD_LETTERS, deadLetter);
    }
  }

  private static Event record(RowData row, byte[] raw) {
    Event record = new Event();
    record.raw = raw;
    if (!row.isNullAt(ARRIVAL)) {
      record.arrivalMs = row.getTimestamp(ARRIVAL, MILLISECONDS).getMillisecond();
    }
    record.shardId = row.isNullAt(SHARD) ? null : row.getString(SHARD).toString();
    record.sequenceNumber =
        row.isNullAt(SEQUENCE_NUMBER) ? null : row.getString(SEQUENCE_NUMBER).toString();
    return record;
  }
}
