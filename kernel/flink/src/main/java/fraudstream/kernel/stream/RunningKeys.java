package fraudstream.kernel.stream;

import fraudstream.kernel.record.HashKey;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.JobID;

/**
 * The hash keys of the jobs that run in this JVM, for the steps that don't restore the key.
 *
 * <p>The account's step has it from saved state. Each slot has a task of each step, since all steps
 * have the same parallelism, so each JVM with any step of a job has one of the account's too.
 */
final class RunningKeys implements AutoCloseable {
  private static final Map<JobID, Entry> ENTRIES = new HashMap<>();

  private final JobID job;
  private final Entry entry;

  private static final class Entry {
    int users;
    volatile HashKey key;
  }

  private RunningKeys(JobID job, Entry entry) {
    this.job = job;
    this.entry = entry;
  }

  /** The key of a job, kept as long as any of its steps uses it. */
  static RunningKeys of(JobID job) {
    synchronized (ENTRIES) {
      Entry entry = ENTRIES.computeIfAbsent(job, unused -> new Entry());
      entry.users++;
      return new RunningKeys(job, entry);
    }
  }

  /** The key; null if no task of the account's step has published it in this JVM yet. */
  HashKey get() {
    return entry.key;
  }

  void publish(HashKey key) {
    entry.key = key;
  }

  @Override
  public void close() {
    synchronized (ENTRIES) {
      entry.users--;
      if (entry.users == 0) {
        ENTRIES.remove(job);
      }
    }
  }
}
