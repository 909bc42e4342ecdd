package fraudstream.kernel.sink;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.flink.util.function.ThrowingRunnable;

/** The mailbox of an inner writer, emptied by the thread of its {@link Sender} in place of the task's. */
final class SenderMailbox implements MailboxExecutor {
  private final BlockingQueue<ThrowingRunnable<? extends Exception>> mails =
      new LinkedBlockingQueue<>();
  private volatile boolean isClosed;

  @Override
  public void execute(
      MailOptions options,
      ThrowingRunnable<? extends Exception> command,
      String description,
      Object... arguments) {
    if (!isClosed) {
      mails.add(command);
    }
  }

  /** Waits for a mail and runs it. */
  @Override
  public void yield() throws InterruptedException {
    run(mails.take());
  }

  @Override
  public boolean tryYield() {
    ThrowingRunnable<? extends Exception> mail = mails.poll();
    if (mail == null) {
      return false;
    }
    run(mail);
    return true;
  }

  @Override
  public boolean shouldInterrupt() {
    return false;
  }

  /** Drops all mails, those that still come included: their writer is closed. */
  void close() {
    isClosed = true;
    mails.clear();
  }

  private static void run(ThrowingRunnable<? extends Exception> mail) {
    try {
      mail.run();
    } catch (Exception problem) {
      throw new FlinkRuntimeException(problem);
    }
  }
}
