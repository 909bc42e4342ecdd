package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordSplitterTest {
  /** In the table / represents a line feed, and | separates the expected records. */
  @ParameterizedTest(name = "[{0}]")
  @CsvSource({
    "{1}, {1}",
    "{1}/, {1}/",
    "{1}/{2}, {1}|{2}",
    "{1}/{2}/{3}/, {1}|{2}|{3}/",
    // One record over several lines, as written by hand.
    "{/  a/}, {/  a/}",
    "{/  a: {/  }/}/{2}, {/  a: {/  }/}|{2}",
    // A broken record does not affect the others.
    "{1/{2}, {1|{2}",
    "{1}/{2/{3}, {1}|{2|{3}",
    // A line that does not begin a record belongs to the record before it.
    "{1}/x/{3}, {1}/x|{3}",
    "x/{2}, x|{2}",
    "/{1}, '|{1}'",
    "'', ''",
    "{, {",
    "/, /",
  })
  void aRecordBeginsWhereALineBeginsWithABrace(String bytes, String parts) {
    List<String> found = new ArrayList<>();
    RecordSplitter.split(
        bytes.replace('/', '\n').getBytes(StandardCharsets.UTF_8),
        part -> found.add(new String(part, StandardCharsets.UTF_8).replace('\n', '/')));
    assertEquals(List.of(parts.split("\\|", -1)), found);
  }
}
