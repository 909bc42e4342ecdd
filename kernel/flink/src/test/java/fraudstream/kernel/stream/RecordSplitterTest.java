package fraudstream.kernel.stream;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import fraudstream.kernel.record.KplAggregates;
import fraudstream.kernel.record.RefusedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
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
  void aRecordBeginsWhereALineBeginsWithABrace(String text, String parts) throws Exception {
    assertEquals(List.of(parts.split("\\|", -1)), split(text.replace('/', '\n').getBytes(UTF_8)));
  }

  /** The records with line feeds as slashes; each must stand at its place in the bytes. */
  private static List<String> split(byte[] bytes) throws RefusedException {
    List<String> found = new ArrayList<>();
    RecordSplitter.split(
        bytes,
        (record, at) -> {
          assertArrayEquals(Arrays.copyOfRange(bytes, at, at + record.length), record);
          found.add(new String(record, UTF_8).replace('\n', '/'));
        });
    return found;
  }

  @Test
  void thePartsOfAnAggregatedRecordAreSplitOneByOne() throws Exception {
    byte[] bytes = KplAggregates.of("{1}\n{2}", "", "{3}\n", "\n{4");
    assertEquals(List.of("{1}", "{2}", "", "{3}/", "", "{4"), split(bytes));
  }

  @Test
  void anAggregateInAPartIsOneRecordOfThatPart() throws Exception {
    String inner = new String(KplAggregates.of("{1}\n{2}"), ISO_8859_1);
    byte[] bytes = KplAggregates.of(ISO_8859_1, "{0}", inner);
    List<Integer> lengths = new ArrayList<>();
    RecordSplitter.split(bytes, (record, at) -> lengths.add(record.length));
    assertEquals(List.of(3, inner.length()), lengths);
  }

  @Test
  void noPartOfADamagedAggregateIsPassedOn() throws Exception {
    byte[] bytes = KplAggregates.of("{1}", "{2}");
    bytes[bytes.length / 2] ^= 1;
    assertThrows(RefusedException.class, () -> RecordSplitter.split(bytes, (record, at) -> fail()));
  }
}
