package fraudstream.kernel.features;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.EventHash;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.RefusedException;
import fraudstream.kernel.record.TransactionParser;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;

/**
 * Benchmark of the processor time per transaction of one busy account, by the order of event times:
 * parsing, and the account's windows. Not a test, but a main class; {@code python -m
 * benchmarks.out_of_order} runs it.
 */
final class OutOfOrderBenchmark {
  private static final long HOUR_MS = 3_600_000;
  private static final long LATENESS_MS = 24 * HOUR_MS;
  private static final long START_MS = 1_772_409_600_000L;
  private static final int MAX_RECORD_BYTES = 1_000_000;

  /** Each figure is the least of so many runs: others are slowed down by something else. */
  private static final int RUNS = 4;

  /** An order that is as slow as this is not measured to its end. */
  private static final long MAX_NS = 4_000_000_000L;

  private final Catalogue catalogue;
  private final EventHash hash;
  private final TransactionParser parser = new TransactionParser(MAX_RECORD_BYTES, -1);

  private OutOfOrderBenchmark(Catalogue catalogue) {
    this.catalogue = catalogue;
    hash = catalogue.hash(HashKey.BATCH);
  }

  /** Takes the path of a catalogue as JSON. */
  public static void main(String[] arguments) throws IOException, RefusedException {
    Catalogue catalogue = Catalogue.fromJson(Files.readString(Path.of(arguments[0])));
    OutOfOrderBenchmark benchmark = new OutOfOrderBenchmark(catalogue);
    benchmark.measure("60,000 within an hour, all exact", 60_000, HOUR_MS);
    benchmark.measure("60,000 in five days, 4,096 exact and panes", 60_000, 120 * HOUR_MS);
    benchmark.measure("150,000 in half an hour, 65,536 exact and panes", 150_000, HOUR_MS / 2);
  }

  private void measure(String name, int count, long spanMs) throws RefusedException {
    System.out.println(name);
    EventTimeOrder[] orders = EventTimeOrder.values();
    double[] least = new double[orders.length];
    Arrays.fill(least, Double.POSITIVE_INFINITY);
    for (int run = 0; run < RUNS; run++) {
      for (EventTimeOrder order : orders) {
        double us = microseconds(order.timesMs(count, spanMs, LATENESS_MS));
        least[order.ordinal()] = Math.min(least[order.ordinal()], us);
      }
    }
    for (EventTimeOrder order : orders) {
      double us = least[order.ordinal()];
      System.out.printf("  %-38s %7.2f us  %5.2fx%n", order.label, us, us / least[0]);
    }
  }

  /** The mean processor time per transaction. */
  private double microseconds(long[] timesMs) throws RefusedException {
    EntityWindows windows = catalogue.windows(Entity.ACCOUNT_ID, LATENESS_MS, 0);
    History history = windows.newHistory();
    long beginNs = cpuNs();
    int done = 0;
    while (done < timesMs.length && (done % 256 > 0 || cpuNs() - beginNs < MAX_NS)) {
      Event event = parsed(json(done, START_MS + timesMs[done]));
      if (windows.arrive(history, event) != Outcome.NEW) {
        throw new IllegalStateException("the benchmark's transactions are all new and in time");
      }
      done++;
    }
    return (cpuNs() - beginNs) / 1e3 / done;
  }

  private Event parsed(byte[] json) throws RefusedException {
    Event event = new Event();
    event.raw = json;
    Fields fields = parser.parse(json, 0);
    event.identify(fields);
    catalogue.begin(fields, event);
    hash.hash(event);
    return event;
  }

  /** Devices are all different, merchants are few, and the counterparty is the same. */
  private static byte[] json(int number, long timeMs) {
    String text =
        "{\"transaction_id\":\"T" + number
            + "\",\"event_time\":\"" + Instant.ofEpochMilli(timeMs)
            + "\",\"account_id\":\"HOT\",\"transaction_amount_vnd\":" + (1_000 + number % 977)
            + ",\"device_id\":\"D" + number
            + "\",\"merchant_id\":\"M" + number % 100
            + "\",\"counterparty_id\":\"P\",\"city\":\"C\",\"latitude\":10,\"longitude\":106}";
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static long cpuNs() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }
}
