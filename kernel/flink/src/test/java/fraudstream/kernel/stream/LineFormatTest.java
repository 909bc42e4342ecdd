package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Records;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.reader.StreamFormat;
import org.apache.flink.core.fs.FSDataInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LineFormatTest {
  private static final int BUFFER_BYTES = 1 << 16;

  /** A file in memory that returns at most {@code mostAtOnce} bytes per read. */
  private static final class MemoryStream extends FSDataInputStream {
    private final byte[] bytes;
    private final int mostAtOnce;
    private int at;
    private boolean closed;

    MemoryStream(byte[] bytes, int mostAtOnce) {
      this.bytes = bytes;
      this.mostAtOnce = mostAtOnce;
    }

    @Override
    public int read() {
      return at < bytes.length ? bytes[at++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
      if (at == bytes.length) {
        return -1;
      }
      int count = Math.min(Math.min(length, mostAtOnce), bytes.length - at);
      System.arraycopy(bytes, at, target, offset, count);
      at += count;
      return count;
    }

    @Override
    public void seek(long position) {
      at = Math.toIntExact(position);
    }

    @Override
    public long getPos() {
      return at;
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static StreamFormat.Reader<byte[]> reader(FSDataInputStream stream) {
    return new LineFormat().createReader(new Configuration(), stream);
  }

  private static List<byte[]> lines(byte[] file, int mostAtOnce) throws IOException {
    StreamFormat.Reader<byte[]> reader = reader(new MemoryStream(file, mostAtOnce));
    List<byte[]> lines = new ArrayList<>();
    for (byte[] line = reader.read(); line != null; line = reader.read()) {
      lines.add(line);
    }
    assertNull(reader.read(), "the end stays the end");
    return lines;
  }

  private static List<String> texts(String file, int mostAtOnce) throws IOException {
    return lines(Records.utf8(file), mostAtOnce).stream()
        .map(line -> new String(line, java.nio.charset.StandardCharsets.UTF_8))
        .collect(Collectors.toList());
  }

  private static void assertLines(List<byte[]> expected, List<byte[]> actual) {
    assertEquals(expected.size(), actual.size(), "lines");
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i), "line " + i);
    }
  }

  private static byte[] file(List<byte[]> lines, boolean isEnded) {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    for (int i = 0; i < lines.size(); i++) {
      file.writeBytes(lines.get(i));
      if (isEnded || i < lines.size() - 1) {
        file.write('\n');
      }
    }
    return file.toByteArray();
  }

  private static byte[] filled(int length) {
    byte[] line = new byte[length];
    Arrays.fill(line, (byte) ('a' + length % 26));
    return line;
  }

  // ---- line ends ----

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 1_000_000})
  void aLineEndsAtItsLineFeedOrAtTheEndOfTheFile(int mostAtOnce) throws IOException {
    assertEquals(List.of(), texts("", mostAtOnce));
    assertEquals(List.of("a"), texts("a", mostAtOnce));
    assertEquals(List.of("a"), texts("a\n", mostAtOnce));
    assertEquals(List.of("a", "b"), texts("a\nb", mostAtOnce));
    assertEquals(List.of("ab", "cde"), texts("ab\ncde\n", mostAtOnce));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 1_000_000})
  void anEmptyLineIsALineAsWell(int mostAtOnce) throws IOException {
    assertEquals(List.of(""), texts("\n", mostAtOnce));
    assertEquals(List.of("", "", ""), texts("\n\n\n", mostAtOnce));
    assertEquals(List.of("", "a", "", "b"), texts("\na\n\nb\n", mostAtOnce));
    assertEquals(List.of("a", "", "b"), texts("a\n\nb", mostAtOnce));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 1_000_000})
  void aCarriageReturnAndAnythingElseIsPartOfTheLine(int mostAtOnce) throws IOException {
    assertEquals(List.of("a\r", "\r", "b\rc"), texts("a\r\n\r\nb\rc", mostAtOnce));
    assertEquals(
        List.of("\u0000", "Huế 😀\u2028\u0085", " \t "),
        texts("\u0000\nHuế 😀\u2028\u0085\n \t \n", mostAtOnce));
  }

  @Test
  void brokenUtf8IsKeptAsItIs() throws IOException {
    byte[] broken = {(byte) 0xC3, (byte) 0x28, (byte) 0xFF, (byte) 0xFE, (byte) 0x8A};
    List<byte[]> lines = List.of(broken, broken);
    assertLines(lines, lines(file(lines, true), 2));
  }

  // ---- the buffer ----

  @Test
  void aLineOfAnyLengthAroundTheBufferIsWhole() throws IOException {
    for (int length = BUFFER_BYTES - 3; length <= BUFFER_BYTES + 3; length++) {
      for (int first : new int[] {0, 1, 2}) {
        List<byte[]> lines =
            List.of(filled(first), filled(length), filled(3), filled(length - first), filled(1));
        assertLines(lines, lines(file(lines, true), Integer.MAX_VALUE));
        assertLines(lines, lines(file(lines, false), Integer.MAX_VALUE));
      }
    }
  }

  @Test
  void aLineOfManyBuffersIsWhole() throws IOException {
    for (int length : new int[] {2 * BUFFER_BYTES, 5 * BUFFER_BYTES + 1, 1 << 20}) {
      List<byte[]> lines = List.of(filled(length), filled(0), filled(length - 1));
      assertLines(lines, lines(file(lines, true), Integer.MAX_VALUE));
      assertLines(lines, lines(file(lines, false), 10_007));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void anyFileIsReadToItsLines(long seed) throws IOException {
    Random random = new Random(seed);
    for (int round = 0; round < 30; round++) {
      List<byte[]> lines = new ArrayList<>();
      for (int i = random.nextInt(40); i >= 0; i--) {
        byte[] line = new byte[random.nextInt(4) == 0 ? random.nextInt(70_000) : random.nextInt(9)];
        random.nextBytes(line);
        for (int at = 0; at < line.length; at++) {
          line[at] = line[at] == '\n' ? (byte) '\r' : line[at];
        }
        lines.add(line);
      }
      int mostAtOnce = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(5_000);
      assertLines(lines, lines(file(lines, true), mostAtOnce));
    }
  }

  // ---- Flink interfaces ----

  @Test
  void aFileIsReadByOneReaderFromItsBeginningSoThatItsOrderIsKept() {
    LineFormat format = new LineFormat();
    assertFalse(format.isSplittable());
    assertEquals(
        PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO, format.getProducedType());
  }

  @Test
  void theReaderClosesItsFile() throws IOException {
    MemoryStream stream = new MemoryStream(new byte[0], 1);
    reader(stream).close();
    assertTrue(stream.closed);
  }
}
