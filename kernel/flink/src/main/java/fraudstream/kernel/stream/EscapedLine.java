package fraudstream.kernel.stream;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * A line of a file with a record that a line can't hold as it is: <code>{"record_base64":"…"}</code>.
 *
 * <p>{@code fraudstream/archives/record_escape.py} defines the form and writes it.
 */
final class EscapedLine {
  private static final byte[] PREFIX = "{\"record_base64\":\"".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] SUFFIX = "\"}".getBytes(StandardCharsets.US_ASCII);
  private static final int GROUP = 4;

  private EscapedLine() {}

  /** The bytes of an escaped record; the line itself if it is any other one. */
  static byte[] recordOf(byte[] line) {
    int end = line.length - SUFFIX.length;
    boolean isEscaped =
        end >= PREFIX.length
            // The decoder takes base64 without its padding, too.
            && (end - PREFIX.length) % GROUP == 0
            && Arrays.equals(line, 0, PREFIX.length, PREFIX, 0, PREFIX.length)
            && Arrays.equals(line, end, line.length, SUFFIX, 0, SUFFIX.length);
    if (!isEscaped) {
      return line;
    }
    try {
      return Base64.getDecoder().decode(Arrays.copyOfRange(line, PREFIX.length, end));
    } catch (IllegalArgumentException noBase64) {
      return line;
    }
  }
}
