package fraudstream.kernel.stream;

import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.RefusedException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;

/**
 * Parses the lines of a file as records, one in each line, {@link EscapedLine} if it is binary.
 *
 * <p>Blank lines are ignored. What is read, and what is refused by reason, is counted for the
 * summary of the run ({@link RunCounts}).
 *
 * <p>With a rate, each transaction is emitted at its scheduled time, which becomes its arrival time
 * even if the job falls behind. Without a rate, records have no arrival time.
 */
final class ParseLines extends ProcessFunction<byte[], Event> {
  private static final long serialVersionUID = 1L;
  private static final byte LABEL = 'L';

  private final JobConfig config;
  private transient Gate gate;
  private transient RecordRefusals refusals;
  private transient RunCounts counts;
  private transient long transactions;
  private transient long startNanos;
  private transient long startMs;

  ParseLines(JobConfig config) {
    this.config = config;
  }

  @Override
  public void open(OpenContext context) {
    gate = new Gate(config);
    gate.measure(getRuntimeContext().getMetricGroup());
    refusals = new RecordRefusals(config, getRuntimeContext().getMetricGroup());
    counts = new RunCounts(getRuntimeContext());
  }

  @Override
  public void close() {
    if (gate != null) {
      gate.close();
    }
  }

  @Override
  public void processElement(byte[] line, Context context, Collector<Event> out) {
    Event record = new Event();
    byte[] written = config.isLabelled ? Arrays.copyOfRange(line, 1, line.length) : line;
    if (isBlank(written)) {
      return;
    }
    record.raw = EscapedLine.recordOf(written);
    boolean isLabel = config.isLabelled && line[0] == LABEL;
    counts.add(isLabel ? RunCounts.LABELS : RunCounts.TRANSACTIONS);
    if (config.transactionsPerSecond > 0 && !isLabel) {
      record.arrivalMs = pace();
    }
    try {
      out.collect(isLabel ? gate.label(record) : gate.transaction(record));
    } catch (RefusedException refusal) {
      String which = isLabel ? RunCounts.REFUSED_LABELS : RunCounts.REFUSED;
      counts.add(which + refusal.refusal.reason);
      refusals.begin();
      refusals.refuse(context::output, record, isLabel, 0, refusal);
    }
  }

  /** Whether a line has no record: files end in blank lines, or separate paragraphs by them. */
  private static boolean isBlank(byte[] line) {
    for (byte each : line) {
      if (each != ' ' && each != '\t' && each != '\r') {
        return false;
      }
    }
    return true;
  }

  /** Waits for the scheduled time of the next transaction and returns it in epoch ms. */
  private long pace() {
    if (transactions == 0) {
      startNanos = System.nanoTime();
      startMs = System.currentTimeMillis();
    }
    long dueNanos = (long) (dueSeconds(transactions++) * TimeUnit.SECONDS.toNanos(1));
    long aheadNanos = startNanos + dueNanos - System.nanoTime();
    if (aheadNanos > 0) {
      LockSupport.parkNanos(aheadNanos);
    }
    return startMs + TimeUnit.NANOSECONDS.toMillis(dueNanos);
  }

  /**
   * The scheduled time of transaction i, in seconds from the start.
   *
   * <p>While the rate rises linearly from 0 to r within T seconds, i = r t² / 2T transactions have
   * been emitted after t seconds. After T seconds that is half of what the full rate would emit.
   */
  private double dueSeconds(long i) {
    double rampSeconds = config.rampMs / 1_000.0;
    double ramped = config.transactionsPerSecond * rampSeconds / 2;
    return i < ramped
        ? rampSeconds * Math.sqrt(i / ramped)
        : rampSeconds + (i - ramped) / config.transactionsPerSecond;
  }
}
