package fraudstream.kernel.stream;

import fraudstream.kernel.json.DeadLetterJson;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import org.apache.commons.codec.digest.DigestUtils;
import org.apache.flink.types.Row;
import org.apache.flink.util.OutputTag;

/**
 * Writes the dead letter and, for a transaction whose ids are known, the review of what a step
 * refuses. {@link LetterLimit} and {@link ReviewLimit} limit both.
 */
final class Refusals {
  private final boolean withReviews;

  /** The side outputs of a step. */
  interface Side {
    void emit(OutputTag<Row> output, Row row);
  }

  Refusals(JobConfig config) {
    withReviews = config.withReviews;
  }

  /** Refuses a transaction that has been parsed: it is late, say, or can't be scored. */
  void refuse(Side side, Event event, String reason, String detail) {
    letter(side, event.ids[Entity.ACCOUNT_ID.ordinal()], event, reason, detail);
    review(side, event, reason, detail);
  }

  /** Writes the dead letter of a record, keyed by {@code key}. */
  void letter(Side side, String key, Event event, String reason, String detail) {
    byte[] json = DeadLetterJson.of(event, reason, detail);
    side.emit(
        Outputs.DEAD_LETTERS,
        Row.of(key, json, reason, event.shardId, event.sequenceNumber, 1L));
  }

  /** Asks for a review of a transaction, unless its account's id or its own is unknown. */
  void review(Side side, Event event, String reason, String detail) {
    String account = event.ids[Entity.ACCOUNT_ID.ordinal()];
    if (withReviews && account != null && event.transactionId != null) {
      side.emit(
          Outputs.REVIEWS,
          Row.of(
              account,
              event.transactionId,
              reason,
              detail,
              event.timeMs,
              event.arrivalMs,
              event.amountVnd,
              DigestUtils.sha256Hex(event.raw)));
    }
  }
}
