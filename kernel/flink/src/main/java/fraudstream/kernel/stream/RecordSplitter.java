package fraudstream.kernel.stream;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Splits a stream record into the several records that a producer may have put into it.
 *
 * <p>A record begins at the start of the bytes and at each line that begins with an opening brace.
 * A record written over several lines therefore stays whole, and a broken record does not affect
 * those after it.
 */
final class RecordSplitter {
  private RecordSplitter() {}

  /** Passes each record to {@code part}, in order and without the line feed after it. */
  static void split(byte[] bytes, Consumer<byte[]> part) {
    int begin = 0;
    for (int i = 0; i < bytes.length - 1; i++) {
      if (bytes[i] == '\n' && bytes[i + 1] == '{') {
        part.accept(Arrays.copyOfRange(bytes, begin, i));
        begin = i + 1;
      }
    }
    part.accept(begin == 0 ? bytes : Arrays.copyOfRange(bytes, begin, bytes.length));
  }
}
