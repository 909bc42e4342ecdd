package fraudstream.kernel.stream;

import fraudstream.kernel.customers.CustomerMetadata;
import fraudstream.kernel.customers.CustomerRow;
import fraudstream.kernel.customers.SharedCustomers;
import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.LabelParser;
import fraudstream.kernel.record.RefusedException;
import fraudstream.kernel.record.TransactionParser;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.SimpleCounter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Parses records into events that are ready for the windows, with what is known of their customers.
 *
 * <p>Metrics: {@code metadata_unavailable}, the transactions whose customer's metadata could not be read
 * in time or were invalid, and {@code metadata_failures}, the failed reads of a table or of a changed file
 * by all tasks of this process.
 */
final class Gate implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Gate.class);

  private final Catalogue catalogue;
  private final TransactionParser transactions;
  private final LabelParser labels;
  private final CustomerMetadata customers;
  private final Counter unavailable = new SimpleCounter();

  Gate(JobConfig config) {
    catalogue = config.catalogue();
    transactions = new TransactionParser(config.maxRecordBytes, config.futureToleranceMs);
    labels = new LabelParser(config.maxRecordBytes);
    customers =
        config.customers == null
            ? CustomerMetadata.NONE
            : SharedCustomers.open(config.customers, DynamoCustomers::new, LOG::warn);
  }

  /** Registers the metrics, if there are metadata to read. */
  void measure(MetricGroup metrics) {
    if (customers != CustomerMetadata.NONE) {
      metrics.counter("metadata_unavailable", unavailable);
      metrics.gauge("metadata_failures", (Gauge<Long>) customers::failures);
    }
  }

  @Override
  public void close() {
    customers.close();
  }

  /**
   * Parses the raw bytes of {@code event} and sets its other fields. Its arrival time, shard and
   * sequence number must be set already, if known.
   *
   * @return the same event
   * @throws RefusedException if the record is invalid
   */
  Event transaction(Event event) throws RefusedException {
    // Use the local clock if the source gives no arrival time.
    long arrivedMs =
        event.arrivalMs == Event.NO_TIME ? System.currentTimeMillis() : event.arrivalMs;
    Fields fields = transactions.parse(event.raw, arrivedMs);
    event.identify(fields);
    customers.enrich(fields, event);
    String version = event.metadataVersion;
    if (CustomerRow.UNAVAILABLE.equals(version) || CustomerRow.INVALID.equals(version)) {
      unavailable.inc();
    }
    catalogue.begin(fields, event);
    return event;
  }

  /**
   * Parses the label in the raw bytes of {@code record}.
   *
   * @throws RefusedException if it is invalid
   */
  Event label(Event record) throws RefusedException {
    return labels.parse(record.raw);
  }
}
