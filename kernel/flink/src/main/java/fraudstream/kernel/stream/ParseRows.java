package fraudstream.kernel.stream;

import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.RefusedException;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.table.data.RowData;
import org.apache.flink.util.Collector;

/**
 * Parses the rows of a stream's table as records. Columns: bytes, arrival time (TIMESTAMP_LTZ(3)),
 * shard, sequence number; the last three are null if the source does not provide them.
 *
 * <p>The bytes are one record or several: see {@link RecordSplitter}.
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
  private transient RecordRefusals refusals;

  /** @param isLabels true if the records are labels, false if they are transactions */
  ParseRows(JobConfig config, boolean isLabels) {
    this.config = config;
    this.isLabels = isLabels;
  }

  @Override
  public void open(OpenContext context) {
    gate = new Gate(config);
    gate.measure(getRuntimeContext().getMetricGroup());
    refusals = new RecordRefusals(config, getRuntimeContext().getMetricGroup());
  }

  @Override
  public void close() {
    if (gate != null) {
      gate.close();
    }
  }

  @Override
  public void processElement(RowData row, Context context, Collector<Event> out) {
    byte[] bytes = row.isNullAt(RAW) ? new byte[0] : row.getBinary(RAW);
    refusals.begin();
    try {
      RecordSplitter.split(bytes, (part, at) -> read(row, part, at, context, out));
    } catch (RefusedException damaged) {
      refusals.refuse(context::output, record(row, bytes), isLabels, 0, damaged);
    }
    if (refusals.hasRest()) {
      refusals.sumUp(context::output, record(row, bytes));
    }
  }

  private void read(RowData row, byte[] part, int at, Context context, Collector<Event> out) {
    if (refusals.isHopeless(part)) {
      refusals.countHopeless(at, part.length);
      return;
    }
    Event record = record(row, part);
    try {
      out.collect(isLabels ? gate.label(record) : gate.transaction(record));
    } catch (RefusedException refusal) {
      refusals.refuse(context::output, record, isLabels, at, refusal);
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
