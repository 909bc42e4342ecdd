package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The parsers agree with the table of records that the readers in Python are held against, too. */
class ConformanceTest {
  private static final Path TABLE = Path.of("../../tests/conformance/records.tsv");
  private static final int MAX_RECORD_BYTES = 65_536;
  private static final String IDS =
      "\"transaction_id\": \"T1\", \"event_time\": \"2026-01-02T03:04:05.678Z\", \"account_id\":"
          + " \"A1\", ";
  private static final String TRANSACTION = IDS + "\"transaction_amount_vnd\": 1000";
  private static final String LABEL =
      IDS + "\"available_at\": \"2026-01-09T00:00:00Z\", \"is_fraud\": true";

  static Stream<String> rows() throws IOException {
    return Files.readAllLines(TABLE).stream().filter(line -> !line.startsWith("#"));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void aRecordIsAcceptedOrRefusedAsByEveryReader(String row) {
    String[] cells = row.split("\t", 3);
    boolean isLabel = cells[0].equals("label");
    byte[] record = decoded(cells[2].replace("<required>", isLabel ? LABEL : TRANSACTION));
    assertEquals(cells[1], outcome(record, isLabel));
  }

  private static String outcome(byte[] record, boolean isLabel) {
    try {
      if (isLabel) {
        new LabelParser(MAX_RECORD_BYTES).parse(record);
      } else {
        new TransactionParser(MAX_RECORD_BYTES, -1).parse(record, 0);
      }
      return "accepted";
    } catch (RefusedException refused) {
      return refused.refusal.reason;
    }
  }

  /** The bytes of a record of the table: %XX is a byte, and {@code <N*c>} is N times a character. */
  private static byte[] decoded(String written) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int at = 0;
    while (at < written.length()) {
      char next = written.charAt(at);
      int star = written.indexOf('*', at);
      if (next == '%') {
        bytes.write(Integer.parseInt(written.substring(at + 1, at + 3), 16));
        at += 3;
      } else if (next == '<' && star > 0) {
        int times = Integer.parseInt(written.substring(at + 1, star));
        bytes.writeBytes(
            written.substring(star + 1, star + 2).repeat(times).getBytes(StandardCharsets.UTF_8));
        at = star + 3;
      } else {
        bytes.write(next);
        at++;
      }
    }
    return bytes.toByteArray();
  }
}
