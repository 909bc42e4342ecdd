package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rows are also those of tests/unit/archives/test_record_escape.py. */
class EscapedLineTest {
  private static String read(String line) {
    byte[] record = EscapedLine.recordOf(line.getBytes(StandardCharsets.ISO_8859_1));
    return new String(record, StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({"'', ''", "YQ==, a", "YWI=, ab", "YWJj, abc", "84mawg==, ó\u0089\u009aÂ", "/+8=, ÿï"})
  void anEscapedLineIsTheRecordInIt(String base64, String record) {
    assertEquals(record, read("{\"record_base64\":\"" + base64 + "\"}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{\"record_base64\":\"",
        "{\"record_base64\":\"}",
        "{\"record_base64\":\"YQ==",
        "{\"record_base64\":\"YQ==\"} ",
        "{\"record_base64\":\"YQ\"}",
        "{\"record_base64\":\"YQ=\"}",
        "{\"record_base64\":\"Y===\"}",
        "{\"record_base64\":\"YQ==YQ==\"}",
        "{\"record_base64\":\"YQ-_\"}",
        "{\"record_base64\":\"Y Q=\"}",
        "{\"record_base64\":\"====\"}",
        "{\"record_base64\":\"YQ==\",\"a\":1}",
        "{\"record_base64\": \"YQ==\"}",
        "[\"record_base64\":\"YQ==\"}",
      })
  void anyOtherLineIsItself(String line) {
    assertEquals(line, read(line));
  }
}
