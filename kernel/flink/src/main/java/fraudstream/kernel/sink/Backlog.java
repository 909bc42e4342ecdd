package fraudstream.kernel.sink;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The rows that wait for the inner sink: a task adds them, and a {@link Sender} removes them once they
 * are written. Thread-safe.
 *
 * <p>A full backlog makes the task wait for room, as Flink's own sinks do. The patience of the options
 * begins when it becomes full, and anew whenever half of its capacity has been written since. A row that
 * finds no room after the patience is dropped and counted without a wait, and so are all others until half
 * of the backlog is empty. So a stream that takes a little now and then holds up the task for no longer
 * than one that takes nothing, and one that is fast enough loses nothing however long it takes.
 */
final class Backlog {
  private static final Logger LOG = LoggerFactory.getLogger(Backlog.class);

  /** So few that a shard, which takes 1 MiB a second, has them written before the patience ends. */
  private static final int MAX_ROWS_AT_ONCE = 2_000;

  private static final int MAX_BYTES_AT_ONCE = 4 * 1024 * 1024;

  /** A full request of PutRecords. */
  private static final int ENOUGH_ROWS = 500;

  /** Time and waiting; tests have their own. */
  interface Clock {
    long nanos();

    /** Waits for a signal, for {@code nanos} at most. */
    void await(Condition signal, long nanos) throws InterruptedException;
  }

  private static final Clock SYSTEM =
      new Clock() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void await(Condition signal, long nanos) throws InterruptedException {
          signal.awaitNanos(nanos);
        }
      };

  private final DetachedOptions options;
  private final Clock clock;
  private final Dropped dropped;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Entry> entries = new ArrayDeque<>();
  private long bytes;

  /** Whether the backlog was full and has not drained to half of its capacity since. */
  private boolean isFull;

  /** When the patience began. */
  private long fullNanos;

  /** What was written since then. */
  private long writtenBytes;

  private boolean isDropping;

  /** Whether a checkpoint waits for the rows, so that they are written without delay. */
  private boolean isDraining;

  private final DrainBudget budget;

  /** The number of rows ever added, and of those ever written. */
  private long addedRows;
  private long writtenRows;

  /** The number of rows to be written before a checkpoint waits again, after one failed or was late. */
  private long behindUntil;

  private long droppedRows;
  private Error failure;

  Backlog(DetachedOptions options, Collection<DetachedState> restored) {
    this(options, restored, SYSTEM);
  }

  Backlog(DetachedOptions options, Collection<DetachedState> restored, Clock clock) {
    this.options = options;
    this.clock = clock;
    budget = new DrainBudget(clock.nanos());
    dropped = options.dropped();
    restored.forEach(state -> state.entries.forEach(this::append));
  }

  // ---- the task's side ----

  /** Adds a row, or drops it. */
  void add(Entry entry) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!isDropping && !hasRoom(entry)) {
        check();
        waitOrDrop();
      }
      check();
      if (isDropping) {
        dropped.add(entry);
        droppedRows++;
        return;
      }
      append(entry);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void waitOrDrop() throws InterruptedException {
    long nowNanos = clock.nanos();
    if (!isFull) {
      isFull = true;
      beginPatience(nowNanos);
    }
    long restNanos = fullNanos + patienceNanos() - nowNanos;
    if (restNanos > 0) {
      clock.await(changed, restNanos);
      return;
    }
    isDropping = true;
    LOG.warn(
        "{} are dropped: the stream took less than half of a full backlog in {} ms",
        options.name,
        options.patienceMs);
  }

  private void beginPatience(long nowNanos) {
    fullNanos = nowNanos;
    writtenBytes = 0;
  }

  private void check() {
    if (failure != null) {
      throw failure;
    }
  }

  private boolean hasRoom(Entry entry) {
    return entries.isEmpty() || bytes + entry.bytes() <= options.capacityBytes;
  }

  private void append(Entry entry) {
    entries.add(entry);
    bytes += entry.bytes();
    addedRows++;
  }

  /** Waits until all rows are written. */
  void awaitEmpty() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      stopDropping();
      while (!entries.isEmpty()) {
        check();
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until all rows are written, as long as the {@link DrainBudget} and the patience allow, so that
   * saved state has none and a job that continues from it writes none again. After a failed write or a wait
   * in vain it does not wait until the rows of that time are written: an outage holds up one checkpoint.
   */
  void drain() throws InterruptedException {
    lock.lockInterruptibly();
    long beginNanos = clock.nanos();
    try {
      long waitNanos = Math.min(patienceNanos(), budget.nanosAt(beginNanos));
      isDraining = true;
      changed.signalAll();
      while (!isBehind() && !entries.isEmpty()) {
        check();
        long restNanos = beginNanos + waitNanos - clock.nanos();
        if (restNanos > 0) {
          clock.await(changed, restNanos);
        } else {
          behindUntil = addedRows;
        }
      }
    } finally {
      isDraining = false;
      budget.spend(clock.nanos() - beginNanos);
      lock.unlock();
    }
  }

  private boolean isBehind() {
    return writtenRows < behindUntil;
  }

  private long patienceNanos() {
    return TimeUnit.MILLISECONDS.toNanos(options.patienceMs);
  }

  /** The rows that are not known to be written, with a summary of the dropped ones. */
  List<Entry> unwritten() {
    lock.lock();
    try {
      List<Entry> unwritten = new ArrayList<>(entries);
      Entry summary = dropped.summary();
      if (summary != null) {
        unwritten.add(summary);
      }
      return unwritten;
    } finally {
      lock.unlock();
    }
  }

  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  long droppedRows() {
    lock.lock();
    try {
      return droppedRows;
    } finally {
      lock.unlock();
    }
  }

  // ---- the sender's side ----

  /** Waits for rows, a little longer for more of them, and returns the oldest without removing them. */
  List<Entry> oldest() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (entries.isEmpty()) {
        changed.await();
      }
      long restNanos = TimeUnit.MILLISECONDS.toNanos(options.lingerMs);
      while (restNanos > 0
          && !isDraining
          && entries.size() < ENOUGH_ROWS
          && bytes < options.capacityBytes / 2) {
        restNanos = changed.awaitNanos(restNanos);
      }
      List<Entry> batch = new ArrayList<>();
      int batchBytes = 0;
      for (Iterator<Entry> each = entries.iterator(); each.hasNext(); ) {
        Entry entry = each.next();
        batchBytes += entry.bytes();
        if (!batch.isEmpty()
            && (batch.size() >= MAX_ROWS_AT_ONCE || batchBytes > MAX_BYTES_AT_ONCE)) {
          break;
        }
        batch.add(entry);
      }
      return batch;
    } finally {
      lock.unlock();
    }
  }

  /** Removes the oldest rows, which have been written. */
  void written(List<Entry> batch) {
    lock.lock();
    try {
      for (Entry entry : batch) {
        entries.remove();
        bytes -= entry.bytes();
        writtenBytes += entry.bytes();
      }
      writtenRows += batch.size();
      if (writtenBytes >= options.capacityBytes / 2) {
        beginPatience(clock.nanos());
      }
      if (bytes <= options.capacityBytes / 2) {
        isFull = false;
        stopDropping();
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The oldest rows could not be written and will be tried again. */
  void failed() {
    lock.lock();
    try {
      behindUntil = addedRows;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Makes the task fail: its rows can't be written any more. */
  void fail(Error problem) {
    lock.lock();
    try {
      failure = problem;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void stopDropping() {
    if (!isDropping) {
      return;
    }
    isDropping = false;
    if (!dropped.isEmpty()) {
      LOG.warn("{} are written again; dropped were {}", options.name, dropped);
      Entry summary = dropped.summary();
      if (summary != null) {
        append(summary);
      }
      dropped.clear();
    }
  }
}
