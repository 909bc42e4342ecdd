package fraudstream.kernel.sink;

import java.util.Collection;
import java.util.List;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.StatefulSinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.table.data.RowData;

/** Hands rows to a {@link Backlog}, which another thread writes. */
final class DetachedWriter implements StatefulSinkWriter<RowData, DetachedState> {
  private static final long LONGEST_END_MS = 5_000;

  private final Backlog backlog;
  private final Sender sender;

  DetachedWriter(
      Sink<RowData> inner,
      WriterInitContext context,
      DetachedOptions options,
      Collection<DetachedState> restored) {
    backlog = new Backlog(options, restored);
    sender = new Sender(inner, context, backlog, options);
    context.metricGroup().gauge("waitingBytes", backlog::bytes);
    context.metricGroup().gauge("droppedRows", backlog::droppedRows);
    sender.start();
  }

  @Override
  public void write(RowData row, Context context) throws InterruptedException {
    backlog.add(Entry.of(row));
  }

  /** Waits at the end of the input; before a checkpoint not for long, as what is not written is saved. */
  @Override
  public void flush(boolean isEndOfInput) throws InterruptedException {
    if (isEndOfInput) {
      backlog.awaitEmpty();
    } else {
      backlog.drain();
    }
  }

  @Override
  public List<DetachedState> snapshotState(long checkpointId) {
    List<Entry> unwritten = backlog.unwritten();
    return unwritten.isEmpty() ? List.of() : List.of(new DetachedState(unwritten));
  }

  @Override
  public void close() {
    sender.end();
    try {
      sender.join(LONGEST_END_MS);
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
    }
  }
}
