package fraudstream.kernel.stream;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.json.DeadLetterJson;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.LabelParser;
import fraudstream.kernel.record.RefusedException;
import fraudstream.kernel.record.TransactionParser;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.types.Row;

/** Makes events of records, and dead letters of those that are none; counts the latter. */
final class Gate {
  private final Catalogue catalogue;
  private final TransactionParser transactions;
  private final LabelParser labels;
  private final Counter refused;

  Gate(JobConfig config, MetricGroup metrics) {
    catalogue = config.catalogue();
    transactions = new TransactionParser(config.maxRecordBytes, config.futureToleranceMs);
    labels = new LabelParser(config.maxRecordBytes);
    refused = metrics.counter("refused");
  }

  /**
   * Fills {@code event}, whose bytes, arrival and place are set, from its bytes.
   *
   * @return null if that worked, else the dead letter
   */
  Row transaction(Event event) {
    // Where the source can't tell, the clock of this machine stands in.
    long arrivedMs =
        event.arrivalMs == Event.NO_TIME ? System.currentTimeMillis() : event.arrivalMs;
    try {
      Fields fields = transactions.parse(event.raw, arrivedMs);
      event.identify(fields);
      catalogue.begin(fields, event);
      return null;
    } catch (RefusedException refusal) {
      return deadLetter(event, refusal);
    }
  }

  /** The label in the bytes of {@code record}; null if it is none, and then it's a dead letter. */
  Event label(Event record, Rejected rejected) {
    try {
      return labels.parse(record.raw);
    } catch (RefusedException refusal) {
      rejected.take(deadLetter(record, refusal));
      return null;
    }
  }

  /** Takes a dead letter. */
  interface Rejected {
    void take(Row deadLetter);
  }

  private Row deadLetter(Event event, RefusedException refusal) {
    refused.inc();
    String reason = refusal.refusal.reason;
    String key = event.sequenceNumber == null ? reason : event.sequenceNumber;
    return Row.of(key, DeadLetterJson.of(event, reason, refusal.getMessage()));
  }
}
