package fraudstream.kernel.sink;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.table.data.RowData;

/**
 * An inner sink that, like Flink's, completes its requests by mail, and only with a permit each. Tests
 * see what was written in {@link #written}.
 */
final class FakeSink implements Sink<RowData> {
  private static final long serialVersionUID = 1L;

  final transient BlockingQueue<String> written = new LinkedBlockingQueue<>();
  final transient Semaphore permits = new Semaphore(0);

  /** Released whenever a writer waits for a permit, or fails. */
  final transient Semaphore attempts = new Semaphore(0);

  final transient List<String> threads = Collections.synchronizedList(new ArrayList<>());
  transient volatile RuntimeException problem;

  /** An error of the thread that flushes, such as a lack of memory. */
  transient volatile Error error;

  @Override
  @SuppressWarnings("deprecation")
  public SinkWriter<RowData> createWriter(InitContext context) {
    throw new UnsupportedOperationException();
  }

  @Override
  public SinkWriter<RowData> createWriter(WriterInitContext context) {
    return new Writer(context);
  }

  private final class Writer implements SinkWriter<RowData> {
    private final MailboxExecutor mailbox;
    private final List<String> buffer = new ArrayList<>();
    private boolean isDone;

    Writer(WriterInitContext context) {
      mailbox = context.getMailboxExecutor();
    }

    @Override
    public void write(RowData row, Context context) {
      threads.add(Thread.currentThread().getName());
      String payload = new String(row.getBinary(1), StandardCharsets.UTF_8);
      buffer.add(row.getString(0) + "=" + payload);
    }

    @Override
    public void flush(boolean isEndOfInput) throws IOException, InterruptedException {
      attempts.release();
      if (error != null) {
        throw error;
      }
      if (problem != null) {
        RuntimeException thrown = problem;
        mailbox.execute(
            () -> {
              throw thrown;
            },
            "fatal");
        mailbox.yield();
      }
      Thread client =
          new Thread(
              () -> {
                permits.acquireUninterruptibly();
                mailbox.execute(() -> isDone = true, "completed");
              });
      client.setDaemon(true);
      client.start();
      while (!isDone) {
        mailbox.yield();
      }
      isDone = false;
      written.addAll(buffer);
      buffer.clear();
    }

    @Override
    public void close() {}
  }
}
