package fraudstream.kernel.stream;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Takes apart what a producer has put together: several records in one of the stream's, which has
 * room for more than one.
 *
 * <p>A record begins at the start, and wherever a line begins with an opening brace. So one that is
 * written over several lines stays whole, and a broken one spoils none that follows it.
 */
final class RecordSplitter {
  private RecordSplitter() {}

  /** Gives the parts of {@code bytes} in their order, without the line feeds between them. */
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
