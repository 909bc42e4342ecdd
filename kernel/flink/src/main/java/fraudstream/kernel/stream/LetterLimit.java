package fraudstream.kernel.stream;

import fraudstream.kernel.json.DeadLetterJson;
import fraudstream.kernel.json.ReasonCounts;
import fraudstream.kernel.json.RecordRanges;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.types.Row;

/**
 * Limits the dead letters of a task in a minute, so that a flood of refused records can't fill their
 * stream. What exceeds the limit of bytes is written without the bytes of its record, and what
 * exceeds that of letters is summed up in one. So is what exceeds the limit of one stream record, which
 * {@link RecordRefusals} knows only of the parser, for the steps after it; not if the source has no
 * sequence numbers, as the connector for Flink 2.
 *
 * <p>A summary is written at the end of its minute, before a checkpoint (so the operator has no
 * state), and at the end of the input. Metric: {@code summed_up}, the number of records that have no
 * dead letter of their own.
 */
final class LetterLimit extends AbstractStreamOperator<Row>
    implements OneInputStreamOperator<Row, Row>, BoundedOneInput {
  private static final long serialVersionUID = 1L;
  private static final long MINUTE_MS = TimeUnit.MINUTES.toMillis(1);

  /** More records than the ones whose parts are on their way through the job. */
  private static final int MAX_RECORDS = 4_096;

  private final JobConfig config;
  private transient Map<String, Integer> lettersOfRecords;
  private transient ReasonCounts reasons;
  private transient RecordRanges ranges;
  private transient long minute;
  private transient long letters;
  private transient long bytes;
  private transient Counter summedUp;

  LetterLimit(JobConfig config) {
    this.config = config;
  }

  @Override
  public void open() throws Exception {
    super.open();
    reasons = new ReasonCounts();
    ranges = new RecordRanges();
    lettersOfRecords =
        new LinkedHashMap<>() {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Integer> eldest) {
            return size() > MAX_RECORDS;
          }
        };
    summedUp = getMetricGroup().counter("summed_up");
  }

  @Override
  public void processElement(StreamRecord<Row> element) throws Exception {
    Row letter = element.getValue();
    byte[] payload = (byte[]) letter.getField(Outputs.PAYLOAD);
    if (config.deadLettersPerMinute == 0) {
      pass(letter, payload);
      return;
    }
    beginMinute();
    if (letters < config.deadLettersPerMinute && isWithinItsRecord(letter)) {
      letters++;
      boolean hasRoom = bytes + payload.length <= config.deadLetterBytesPerMinute;
      bytes += hasRoom ? payload.length : 0;
      pass(letter, hasRoom ? payload : DeadLetterJson.withoutRaw(payload));
      return;
    }
    if (reasons.isEmpty()) {
      long endMs = (minute + 1) * MINUTE_MS;
      getProcessingTimeService().registerTimer(endMs, timeMs -> sumUp());
    }
    long count = (long) letter.getField(Outputs.RECORDS);
    reasons.add((String) letter.getField(Outputs.LETTER_REASON), count);
    ranges.add(
        (String) letter.getField(Outputs.SHARD),
        (String) letter.getField(Outputs.SEQUENCE_NUMBER),
        count,
        payload.length);
    summedUp.inc(count);
  }

  /** Counts a letter of a stream record; its summary is no part of the limit. */
  private boolean isWithinItsRecord(Row letter) {
    Object shard = letter.getField(Outputs.SHARD);
    Object sequenceNumber = letter.getField(Outputs.SEQUENCE_NUMBER);
    boolean isSummary = DeadLetterJson.TOO_MANY_PARTS.equals(letter.getField(Outputs.LETTER_REASON));
    if (shard == null || sequenceNumber == null || isSummary) {
      return true;
    }
    String record = shard + " " + sequenceNumber;
    return lettersOfRecords.merge(record, 1, Integer::sum) <= config.deadLettersPerRecord;
  }

  private void pass(Row letter, byte[] payload) {
    output.collect(new StreamRecord<>(Row.of(letter.getField(Outputs.KEY), payload)));
  }

  private void beginMinute() {
    long now = getProcessingTimeService().getCurrentProcessingTime() / MINUTE_MS;
    if (now != minute) {
      sumUp();
      minute = now;
      letters = 0;
      bytes = 0;
    }
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) {
    sumUp();
  }

  @Override
  public void endInput() {
    sumUp();
  }

  private void sumUp() {
    if (!reasons.isEmpty()) {
      Row summary = Row.of(DeadLetterJson.TOO_MANY_LETTERS, DeadLetterJson.ofRanges(reasons, ranges));
      output.collect(new StreamRecord<>(summary));
      reasons.clear();
      ranges.clear();
    }
  }
}
