package fraudstream.kernel.customers;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Passes on at most one message a minute: a table that is away fails many reads. Thread-safe. */
final class RareWarning implements Consumer<String> {
  private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Consumer<String> warn;
  private long lastNanos;
  private boolean hasWarned;

  RareWarning(Consumer<String> warn) {
    this.warn = warn;
  }

  @Override
  public synchronized void accept(String message) {
    long now = System.nanoTime();
    if (!hasWarned || now - lastNanos >= PAUSE_NANOS) {
      hasWarned = true;
      lastNanos = now;
      warn.accept(message);
    }
  }
}
