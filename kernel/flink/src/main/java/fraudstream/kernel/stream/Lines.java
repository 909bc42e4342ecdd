package fraudstream.kernel.stream;

import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
import org.apache.flink.types.Row;

/**
 * Writes JSON lines to a sink as rows; for a file, joins many lines into one row.
 *
 * <p>Flink's file sink makes a system call per row, which takes longer than creating the row.
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

  /** Writes the joined lines; call it at the end of the input. */
  void flush() {
    if (joined.size() > 0) {
      sink.accept(Row.of(NO_KEY, joined.toByteArray()));
      joined.reset();
    }
  }
}
