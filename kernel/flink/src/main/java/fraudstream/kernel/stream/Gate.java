package fraudstream.kernel.stream;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.LabelParser;
import fraudstream.kernel.record.RefusedException;
import fraudstream.kernel.record.TransactionParser;

/** Parses records into events that are ready for the windows. */
final class Gate {
  private final Catalogue catalogue;
  private final TransactionParser transactions;
  private final LabelParser labels;

  Gate(JobConfig config) {
    catalogue = config.catalogue();
    transactions = new TransactionParser(config.maxRecordBytes, config.futureToleranceMs);
    labels = new LabelParser(config.maxRecordBytes);
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
