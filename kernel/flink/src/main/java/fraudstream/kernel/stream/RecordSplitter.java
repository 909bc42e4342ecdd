package fraudstream.kernel.stream;

import fraudstream.kernel.record.KplAggregate;
import fraudstream.kernel.record.RefusedException;
import java.util.Arrays;

/**
 * Splits a stream record into the several records that a producer may have put into it.
 *
 * <p>If the Kinesis Producer Library aggregated the record, its parts are split one by one. A record
 * begins at the start of a part and at each line that begins with an opening brace. A record written
 * over several lines therefore stays whole, and a broken record does not affect those after it. A part
 * that is aggregated itself is one record, which its parser refuses.
 */
final class RecordSplitter {
  /** Receives the records in order, each without the line feed after it. */
  interface Records {
    /** Takes a record, which begins at byte {@code at} of the stream record. */
    void take(byte[] record, int at);
  }

  private RecordSplitter() {}

  /**
   * Passes each record on.
   *
   * @throws RefusedException if the stream record is aggregated and damaged; none was passed on then
   */
  static void split(byte[] bytes, Records records) throws RefusedException {
    if (KplAggregate.isOne(bytes)) {
      KplAggregate.split(bytes, (from, to) -> split(bytes, from, to, records));
    } else {
      split(bytes, 0, bytes.length, records);
    }
  }

  private static void split(byte[] bytes, int from, int to, Records records) {
    int begin = from;
    boolean isOneRecord = KplAggregate.isOne(bytes, from, to);
    for (int i = from; i < to - 1 && !isOneRecord; i++) {
      if (bytes[i] == '\n' && bytes[i + 1] == '{') {
        records.take(Arrays.copyOfRange(bytes, begin, i), begin);
        begin = i + 1;
      }
    }
    boolean isWhole = begin == 0 && to == bytes.length;
    records.take(isWhole ? bytes : Arrays.copyOfRange(bytes, begin, to), begin);
  }
}
