package fraudstream.kernel.sink;

import java.util.Collection;
import java.util.List;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.SupportsWriterState;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.table.data.RowData;

/**
 * A sink of rows of a key and a payload that holds up nothing else for long: another thread writes the
 * rows to an inner sink, in batches, and what is not written is part of saved state. See ADR 23.
 *
 * <p>A full backlog of rows makes the task wait, for the patience at most from when it became full until
 * it has drained to half of its capacity. After the patience, rows that find no room are dropped and
 * counted without a wait until it has.
 */
final class DetachedSink implements Sink<RowData>, SupportsWriterState<RowData, DetachedState> {
  private static final long serialVersionUID = 1L;

  private final Sink<RowData> inner;
  private final DetachedOptions options;

  DetachedSink(Sink<RowData> inner, DetachedOptions options) {
    this.inner = inner;
    this.options = options;
  }

  @Override
  @SuppressWarnings("deprecation")
  public SinkWriter<RowData> createWriter(InitContext context) {
    throw new UnsupportedOperationException("Flink calls the method with a WriterInitContext");
  }

  @Override
  public StatefulSinkWriter<RowData, DetachedState> createWriter(WriterInitContext context) {
    return restoreWriter(context, List.of());
  }

  @Override
  public StatefulSinkWriter<RowData, DetachedState> restoreWriter(
      WriterInitContext context, Collection<DetachedState> restored) {
    return new DetachedWriter(inner, context, options, restored);
  }

  @Override
  public SimpleVersionedSerializer<DetachedState> getWriterStateSerializer() {
    return new DetachedStateSerializer();
  }
}
