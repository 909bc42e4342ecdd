package fraudstream.kernel;

import org.apache.flink.table.functions.ScalarFunction;

/**
 * SQL: {@code dead_letter_json(raw, reason, detail, shard_id, sequence_number, arrival_ms)}, a
 * record of the DeadLetters stream.
 */
public class DeadLetterJson extends ScalarFunction {
  private static final long serialVersionUID = 1L;

  public String eval(
      byte[] raw,
      String reason,
      String detail,
      String shardId,
      String sequenceNumber,
      Long arrivalMs) {
    return RecordJson.deadLetter(raw, reason, detail, shardId, sequenceNumber, arrivalMs);
  }
}
