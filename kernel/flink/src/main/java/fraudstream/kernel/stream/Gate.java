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

/**
 * Parses records into events, and turns invalid records into dead letters. Metric: {@code refused},
 * the number of these.
 */
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
   * Parses the raw bytes of {@code event} and sets its other fields. Its arrival time, shard and
   * sequence number must be set already, if known.
   *
   * @return null on success, otherwise the dead letter
   */
  Row transaction(Event event) {
    // Use the local clock if the source gives no arrival time.
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

  /** Parses a label; returns null and passes a dead letter to {@code rejected} if it is invalid. */
  Event label(Event record, Rejected rejected) {
    try {
      return labels.parse(record.raw);
    } catch (RefusedException refusal) {
      rejected.take(deadLetter(record, refusal));
      return null;
    }
  }

  /** Receives dead letters. */
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
