package fraudstream.kernel.stream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.reader.SimpleStreamFormat;
import org.apache.flink.connector.file.src.reader.StreamFormat;
import org.apache.flink.core.fs.FSDataInputStream;

/**
 * A file format that reads lines in order, as bytes without their line feeds.
 *
 * <p>Not splittable, so that one reader reads the whole file from start to end. Lines are bytes, so
 * that invalid UTF-8 reaches the parser unchanged.
 */
public final class LineFormat extends SimpleStreamFormat<byte[]> {
  private static final long serialVersionUID = 1L;
  private static final int BUFFER_BYTES = 1 << 16;

  @Override
  public StreamFormat.Reader<byte[]> createReader(Configuration config, FSDataInputStream stream) {
    return new LineReader(stream);
  }

  @Override
  public TypeInformation<byte[]> getProducedType() {
    return PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO;
  }

  private static final class LineReader implements StreamFormat.Reader<byte[]> {
    private final FSDataInputStream stream;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int from;
    private int to;

    LineReader(FSDataInputStream stream) {
      this.stream = stream;
    }

    /** The next line; null at the end of the file. */
    @Override
    public byte[] read() throws IOException {
      ByteArrayOutputStream begun = null;
      while (true) {
        int end = indexOfLineFeed();
        if (end < to && from < to) {
          byte[] line = joined(begun, end);
          from = end + 1;
          return line;
        }
        if (from < to) {
          begun = begun == null ? new ByteArrayOutputStream() : begun;
          begun.write(buffer, from, to - from);
        }
        from = 0;
        to = stream.read(buffer, 0, buffer.length);
        if (to < 0) {
          to = 0;
          return begun == null ? null : begun.toByteArray();
        }
      }
    }

    private int indexOfLineFeed() {
      int at = from;
      while (at < to && buffer[at] != '\n') {
        at++;
      }
      return at;
    }

    private byte[] joined(ByteArrayOutputStream begun, int end) {
      if (begun == null) {
        return Arrays.copyOfRange(buffer, from, end);
      }
      begun.write(buffer, from, end - from);
      return begun.toByteArray();
    }

    @Override
    public void close() throws IOException {
      stream.close();
    }
  }
}
