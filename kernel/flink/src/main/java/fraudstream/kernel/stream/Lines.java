package fraudstream.kernel.stream;

import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
import org.apache.flink.types.Row;

/**
 * Rows for one sink; if it is a file, many lines as one row.
 *
 * <p>Flink's file sink asks the operating system to write each row by itself, which takes longer
 * than making it.
 */
final class Lines {
  private static final String NO_KEY = "";
  private static final int ENOUGH_BYTES = 64 * 1024;

  private final boolean isFile;
  private final Consumer<Row> sink;
  private final ByteArrayOutputStream joined = new ByteArrayOutputStream();

  Lines(boolean isFile, Consumer<Row> sink) {
    this.isFile = isFile;
    this.sink = sink;
  }

  void add(String key, byte[] line) {
    if (!isFile) {
      sink.accept(Row.of(key, line));
      return;
    }
    if (joined.size() > 0) {
      joined.write('\n');
    }
    joined.write(line, 0, line.length);
    if (joined.size() >= ENOUGH_BYTES) {
      flush();
    }
  }

  /** To be called before the input ends. */
  void flush() {
    if (joined.size() > 0) {
      sink.accept(Row.of(NO_KEY, joined.toByteArray()));
      joined.reset();
    }
  }
}
