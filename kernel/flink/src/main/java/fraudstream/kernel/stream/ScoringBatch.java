package fraudstream.kernel.stream;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The binary format of the scorer's input and answer; {@code jobs/scoring_udf.py} implements the
 * other side. All numbers are little-endian.
 *
 * <p>Input: n (int), the length of the feature vector (int), n feature vectors (doubles), n event
 * times and n arrival times (longs, epoch ms, {@link Event#NO_TIME} if unknown), n amounts
 * (doubles), 2n + 1 offsets (ints) into the texts after them, and the texts in UTF-8: for each
 * transaction its id and that of its account.
 *
 * <p>Answer: n scores (doubles, NaN if not scored), then any number of notes: row (int), kind
 * (byte, {@link #ALERT}, {@link #ERROR} or {@link #OVERFLOWING}), length (int), UTF-8 text.
 */
final class ScoringBatch {
  static final byte ALERT = 0;
  static final byte ERROR = 1;

  /** The names of the features that are too large for the model, one a line. */
  static final byte OVERFLOWING = 2;

  private ScoringBatch() {}

  static byte[] encode(List<Event> events, int width) {
    int n = events.size();
    byte[][] texts = new byte[2 * n][];
    int textBytes = 0;
    for (int i = 0; i < n; i++) {
      Event event = events.get(i);
      texts[2 * i] = event.transactionId.getBytes(StandardCharsets.UTF_8);
      texts[2 * i + 1] = event.ids[Entity.ACCOUNT_ID.ordinal()].getBytes(StandardCharsets.UTF_8);
      textBytes += texts[2 * i].length + texts[2 * i + 1].length;
    }
    int numbers = n * (width + 3) * Long.BYTES;
    int ints = (2 + 2 * n + 1) * Integer.BYTES;
    ByteBuffer out =
        ByteBuffer.allocate(numbers + ints + textBytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(n).putInt(width);
    for (Event event : events) {
      out.asDoubleBuffer().put(event.features);
      out.position(out.position() + width * Double.BYTES);
    }
    events.forEach(event -> out.putLong(event.timeMs));
    events.forEach(event -> out.putLong(event.arrivalMs));
    events.forEach(event -> out.putDouble(event.amountVnd));
    int offset = 0;
    out.putInt(offset);
    for (byte[] text : texts) {
      offset += text.length;
      out.putInt(offset);
    }
    for (byte[] text : texts) {
      out.put(text);
    }
    return out.array();
  }

  /** The feature vector of the transaction in row {@code row} of an encoded input. */
  static double[] vector(byte[] input, int row) {
    ByteBuffer in = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
    double[] vector = new double[in.getInt(Integer.BYTES)];
    in.position(2 * Integer.BYTES + row * vector.length * Double.BYTES);
    in.asDoubleBuffer().get(vector);
    return vector;
  }

  /** The scorer's answer for one transaction. */
  static final class Verdict {
    double score = Double.NaN;

    /** The alert as JSON; null if the score causes no alert. */
    byte[] alert;

    /** The error message; null unless the transaction could not be scored. */
    String error;

    /** The features that were treated as missing, because they are too large for the model. */
    List<String> overflowing = List.of();
  }

  static Verdict[] decode(byte[] bytes, int n) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Verdict[] verdicts = new Verdict[n];
    for (int i = 0; i < n; i++) {
      verdicts[i] = new Verdict();
      verdicts[i].score = in.getDouble();
    }
    while (in.hasRemaining()) {
      Verdict verdict = verdicts[in.getInt()];
      byte kind = in.get();
      byte[] text = new byte[in.getInt()];
      in.get(text);
      if (kind == ALERT) {
        verdict.alert = text;
      } else if (kind == ERROR) {
        verdict.error = new String(text, StandardCharsets.UTF_8);
      } else {
        verdict.overflowing = List.of(new String(text, StandardCharsets.UTF_8).split("\n"));
      }
    }
    return verdicts;
  }
}
