package fraudstream.kernel.profiles;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that writes profiles to a store; the job's steps in this JVM share one for each store.
 *
 * <p>It writes batches in the order in which it gets them. While the store is unreachable it tries
 * again, however long; the batches that wait are limited by their memory ({@link #hasRoom}). It uses
 * at most a share of the machine's processors, so that the job keeps the others.
 */
public final class ProfileWriter extends Thread {
  private static final Logger LOG = LoggerFactory.getLogger(ProfileWriter.class);
  private static final Map<StoreLocation, ProfileWriter> WRITERS = new HashMap<>();

  private static final long MOST_WAITING_BYTES = 32L << 20;
  private static final double CPU_SHARE = 0.1;
  private static final long BURST_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long FIRST_PAUSE_MS = 100;
  private static final long LONGEST_PAUSE_MS = 10_000;
  private static final long LOG_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final long END_MS = 2_000;

  private final StoreLocation location;
  private final ProfileStoreFactory factory;
  private final BlockingQueue<ProfileBatch> waiting = new LinkedBlockingQueue<>();
  private final AtomicLong waitingBytes = new AtomicLong();
  private final AtomicInteger hurrying = new AtomicInteger();
  private final AtomicLong failures = new AtomicLong();
  private final TimeBudget budget =
      new TimeBudget(
          CPU_SHARE * Runtime.getRuntime().availableProcessors(), BURST_NANOS, System.nanoTime());
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private ProfileStore store;
  private long pauseMs = FIRST_PAUSE_MS;
  private long loggedNanos;
  private long failuresLogged;
  private volatile String problem;
  private volatile boolean isClosed;
  private int users;

  private ProfileWriter(StoreLocation location, ClassLoader loader) {
    super("profile writer");
    this.location = location;
    factory = location.factory(loader);
    setDaemon(true);
    setContextClassLoader(loader);
  }

  /**
   * The writer of a store, which is started if nobody uses it yet. Every user must {@link #release}
   * it.
   *
   * @param loader finds the drivers of stores
   * @throws IllegalStateException if it finds none for this store
   */
  public static ProfileWriter shared(StoreLocation location, ClassLoader loader) {
    synchronized (WRITERS) {
      ProfileWriter writer = WRITERS.get(location);
      if (writer == null) {
        writer = new ProfileWriter(location, loader);
        writer.start();
        WRITERS.put(location, writer);
      }
      writer.users++;
      return writer;
    }
  }

  /** Ends the writer after its last user; batches that still wait are not written. */
  public void release() {
    synchronized (WRITERS) {
      users--;
      if (users > 0) {
        return;
      }
      WRITERS.remove(location);
    }
    isClosed = true;
    interrupt();
    try {
      join(END_MS);
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether there is room for another batch. */
  public boolean hasRoom() {
    return waitingBytes.get() < MOST_WAITING_BYTES;
  }

  /** Writes a batch after all that wait; never blocks. */
  public void write(ProfileBatch batch) {
    waitingBytes.addAndGet(batch.memoryBytes());
    waiting.add(batch);
  }

  /** Writes as fast as the store can, until {@link #endHurry}. */
  public void beginHurry() {
    hurrying.incrementAndGet();
  }

  public void endHurry() {
    hurrying.decrementAndGet();
  }

  /** The number of attempts that failed. */
  public long failures() {
    return failures.get();
  }

  /** Why the last attempt failed; null if it did not. */
  public String problem() {
    return problem;
  }

  @Override
  public void run() {
    try {
      while (!isClosed) {
        ProfileBatch batch = waiting.take();
        while (!isWritten(batch)) {
          Thread.sleep(pauseMs);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        }
        pauseMs = FIRST_PAUSE_MS;
        waitingBytes.addAndGet(-batch.memoryBytes());
        batch.setWritten();
        rest();
      }
    } catch (InterruptedException ended) {
      // Whoever ends the writer does not need the rest: the saved state of the job has it.
    } finally {
      closeStore();
    }
  }

  private boolean isWritten(ProfileBatch batch) throws InterruptedException {
    long startNanos = cpuNanos();
    try {
      if (store == null) {
        store = location.open(factory);
      }
      if (batch.rowCount() > 0) {
        store.put(batch.rows());
      }
      if (batch.progress() != null) {
        store.report(batch.progress());
      }
      problem = null;
      return true;
    } catch (Exception | LinkageError failure) {
      if (isClosed) {
        throw new InterruptedException("the writer was closed");
      }
      failed(failure);
      return false;
    } finally {
      budget.spend(cpuNanos() - startNanos);
    }
  }

  private void failed(Throwable failure) {
    problem = failure.getMessage() == null ? failure.toString() : failure.getMessage();
    long count = failures.incrementAndGet();
    closeStore();
    long nowNanos = System.nanoTime();
    if (failuresLogged == 0 || nowNanos - loggedNanos >= LOG_NANOS) {
      LOG.warn(
          "Profiles can't be written, {} attempts failed since the last message; the job goes on and"
              + " the writer tries again: {}",
          count - failuresLogged,
          problem);
      loggedNanos = nowNanos;
      failuresLogged = count;
    }
  }

  /** Waits until the writer may use a processor again. */
  private void rest() throws InterruptedException {
    long waitNanos = budget.waitNanos(System.nanoTime());
    if (waitNanos > 0 && hurrying.get() == 0) {
      TimeUnit.NANOSECONDS.sleep(waitNanos);
    }
  }

  private long cpuNanos() {
    return threads.isCurrentThreadCpuTimeSupported() ? threads.getCurrentThreadCpuTime() : 0;
  }

  private void closeStore() {
    if (store != null) {
      try {
        store.close();
      } catch (RuntimeException ignored) {
        // A connection that failed may fail to close too; another one is opened.
      }
      store = null;
    }
  }
}
