package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecordSplitterTest {
  /** In the table a / is a line feed, and parts are divided by a |. */
  @ParameterizedTest(name = "[{0}]")
  @CsvSource({
    "{1}, {1}",
    "{1}/, {1}/",
    "{1}/{2}, {1}|{2}",
    "{1}/{2}/{3}/, {1}|{2}|{3}/",
    // One record over several lines, as people write them.
    "{/  a/}, {/  a/}",
    "{/  a: {/  }/}/{2}, {/  a: {/  }/}|{2}",
    // A broken one among others takes none but itself along.
    "{1/{2}, {1|{2}",
    "{1}/{2/{3}, {1}|{2|{3}",
    // What does not begin as a record does belongs to the one before it.
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
