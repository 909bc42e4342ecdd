package fraudstream.kernel.sink;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.table.data.RowData;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that writes a {@link Backlog} to the inner sink, batch by batch.
 *
 * <p>The inner writer knows no other thread: it gets a mailbox of this one. If it fails, it is replaced
 * after a pause, and the batch is written again; the job does not notice.
 */
final class Sender extends Thread {
  private static final Logger LOG = LoggerFactory.getLogger(Sender.class);
  private static final long FIRST_PAUSE_MS = 1_000;
  private static final long LONGEST_PAUSE_MS = 60_000;

  /** The time of a row plays no part in a sink of rows without watermarks. */
  private static final SinkWriter.Context NO_TIME =
      new SinkWriter.Context() {
        @Override
        public long currentWatermark() {
          return Long.MIN_VALUE;
        }

        @Override
        public Long timestamp() {
          return null;
        }
      };

  private final Sink<RowData> sink;
  private final WriterInitContext context;
  private final Backlog backlog;
  private final DetachedOptions options;
  private SenderMailbox mailbox;
  private SinkWriter<RowData> writer;
  private long pauseMs = FIRST_PAUSE_MS;
  private volatile boolean isEnding;

  Sender(Sink<RowData> sink, WriterInitContext context, Backlog backlog, DetachedOptions options) {
    super("writer of " + options.name);
    this.sink = sink;
    this.context = context;
    this.backlog = backlog;
    this.options = options;
    setDaemon(true);
    setContextClassLoader(context.getUserCodeClassLoader().asClassLoader());
  }

  @Override
  public void run() {
    try {
      while (!isEnding) {
        List<Entry> batch = backlog.oldest();
        try {
          write(batch);
          backlog.written(batch);
          pauseMs = FIRST_PAUSE_MS;
        } catch (IOException | RuntimeException problem) {
          backlog.failed();
          discardWriter();
          LOG.warn("{} can't be written, next try in {} ms", options.name, pauseMs, problem);
          Thread.sleep(pauseMs);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        }
      }
    } catch (InterruptedException end) {
      // What is left is part of saved state.
    } catch (Error fatal) {
      backlog.fail(fatal);
      throw fatal;
    } finally {
      discardWriter();
    }
  }

  /** Ends the thread, whatever it waits for. */
  void end() {
    isEnding = true;
    interrupt();
  }

  private void write(List<Entry> batch) throws IOException, InterruptedException {
    if (writer == null) {
      open();
    }
    while (mailbox.tryYield()) {
      // Mails since the batch before, such as timers.
    }
    for (Entry entry : batch) {
      writer.write(entry.row(), NO_TIME);
    }
    writer.flush(true);
  }

  private void open() throws IOException {
    mailbox = new SenderMailbox();
    writer = sink.createWriter(ownContext(mailbox));
  }

  private void discardWriter() {
    if (writer != null) {
      mailbox.close();
      try {
        writer.close();
      } catch (Exception problem) {
        LOG.warn("the writer of {} could not be closed", options.name, problem);
      }
      writer = null;
    }
  }

  /** The context of the task, but for mailbox and timers. A proxy, as releases of Flink add methods. */
  private WriterInitContext ownContext(SenderMailbox own) {
    ProcessingTimeService timers = timers(own, context.getProcessingTimeService());
    return (WriterInitContext)
        Proxy.newProxyInstance(
            Sender.class.getClassLoader(),
            new Class<?>[] {WriterInitContext.class},
            (proxy, method, arguments) -> {
              switch (method.getName()) {
                case "getMailboxExecutor":
                  return own;
                case "getProcessingTimeService":
                  return timers;
                default:
                  return called(method, context, arguments);
              }
            });
  }

  /** Timers whose callbacks run in this thread. */
  private static ProcessingTimeService timers(SenderMailbox own, ProcessingTimeService ofTask) {
    return (ProcessingTimeService)
        Proxy.newProxyInstance(
            Sender.class.getClassLoader(),
            new Class<?>[] {ProcessingTimeService.class},
            (proxy, method, arguments) -> {
              if (!method.getName().equals("registerTimer")) {
                return called(method, ofTask, arguments);
              }
              var callback = (ProcessingTimeService.ProcessingTimeCallback) arguments[1];
              return ofTask.registerTimer(
                  (long) arguments[0],
                  timeMs -> own.execute(() -> callback.onProcessingTime(timeMs), "timer"));
            });
  }

  private static Object called(Method method, Object target, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException problem) {
      throw problem.getCause();
    }
  }
}
