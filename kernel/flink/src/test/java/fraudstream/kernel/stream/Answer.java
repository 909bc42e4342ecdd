package fraudstream.kernel.stream;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Builds a scorer's answer to a batch for tests: the scores, then notes. */
final class Answer {
  private static final int NOTE_BYTES = 2 * Integer.BYTES + 1;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  Answer(double... scores) {
    ByteBuffer buffer = littleEndian(scores.length * Double.BYTES);
    buffer.asDoubleBuffer().put(scores);
    bytes.writeBytes(buffer.array());
  }

  Answer alert(int row, String json) {
    return note(row, ScoringBatch.ALERT, json);
  }

  Answer error(int row, String text) {
    return note(row, ScoringBatch.ERROR, text);
  }

  Answer overflowing(int row, String names) {
    return note(row, ScoringBatch.OVERFLOWING, names);
  }

  private Answer note(int row, byte kind, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer buffer = littleEndian(NOTE_BYTES + utf8.length);
    bytes.writeBytes(buffer.putInt(row).put(kind).putInt(utf8.length).put(utf8).array());
    return this;
  }

  private static ByteBuffer littleEndian(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }
}
