package fraudstream.kernel.stream;

import fraudstream.kernel.json.DeadLetterJson;
import fraudstream.kernel.json.ReasonCounts;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Refusal;
import fraudstream.kernel.record.RefusedException;
import fraudstream.kernel.record.Salvage;
import fraudstream.kernel.stream.Refusals.Side;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.types.Row;

/**
 * The refused parts of one stream record. The first ones have a dead letter each; the rest is summed
 * up in one, so that a megabyte of braces does not become half a million dead letters. Metric: {@code
 * refused}, the number of refused parts.
 */
final class RecordRefusals {
  /**
   * What is shorter than two ids is no transaction and no label. Once the dead letters are used up, it
   * is refused without being read, as an error of the JSON parser costs twenty times an answer.
   */
  private static final int MIN_BYTES =
      "{\"transaction_id\":\"a\",\"account_id\":\"a\"}".length();

  private final Refusals refusals;
  private final int maxLetters;
  private final Counter refused;
  private final ReasonCounts rest = new ReasonCounts();
  private int letters;
  private int fromByte;
  private int toByte;

  RecordRefusals(JobConfig config, MetricGroup metrics) {
    refusals = new Refusals(config);
    refused = metrics.counter("refused");
    maxLetters = config.deadLettersPerRecord;
  }

  /** Forgets the parts of the record before. */
  void begin() {
    letters = 0;
    rest.clear();
  }

  /** Refuses a part of the record, which begins at its byte {@code at}; a label has no review. */
  void refuse(Side side, Event part, boolean isLabel, int at, RefusedException refusal) {
    String reason = refusal.refusal.reason;
    if (letters < maxLetters) {
      refused.inc();
      letters++;
      refusals.letter(side, key(part, reason), part, reason, refusal.getMessage());
    } else {
      count(reason, at, part.raw.length);
    }
    if (!isLabel && part.raw.length >= MIN_BYTES) {
      Salvage.read(part);
      refusals.review(side, part, reason, refusal.getMessage());
    }
  }

  /** Whether a part can be refused by {@link #countHopeless}. */
  boolean isHopeless(byte[] part) {
    return letters >= maxLetters && part.length < MIN_BYTES;
  }

  /** Counts a part that is too short for its required fields. */
  void countHopeless(int at, int bytes) {
    count(Refusal.MISSING_FIELD.reason, at, bytes);
  }

  private void count(String reason, int at, int bytes) {
    refused.inc();
    fromByte = rest.isEmpty() ? at : fromByte;
    toByte = at + bytes;
    rest.add(reason, 1);
  }

  /** Whether parts were refused that have no dead letter yet. */
  boolean hasRest() {
    return !rest.isEmpty();
  }

  /** Writes the summary of the rest; {@code record} has the whole stream record. */
  void sumUp(Side side, Event record) {
    String reason = DeadLetterJson.TOO_MANY_PARTS;
    side.emit(
        Outputs.DEAD_LETTERS,
        Row.of(
            key(record, reason),
            DeadLetterJson.ofParts(record, rest, fromByte, toByte),
            reason,
            record.shardId,
            record.sequenceNumber,
            rest.total()));
  }

  private static String key(Event event, String reason) {
    return event.sequenceNumber == null ? reason : event.sequenceNumber;
  }
}
