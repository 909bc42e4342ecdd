package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Records;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.Test;

class LinesTest {
  private static final int ENOUGH_BYTES = 64 * 1024;

  private final List<String> rows = new ArrayList<>();

  private Lines lines(boolean isFile) {
    return new Lines(isFile, this::take);
  }

  /** Collects a row as text, like "A1 {}". */
  private void take(Row row) {
    String payload = new String((byte[]) row.getField(1), StandardCharsets.UTF_8);
    rows.add(row.getField(0) + " " + payload);
  }

  private static void add(Lines lines, String key, String line) {
    lines.add(key, Records.utf8(line));
  }

  @Test
  void aStreamGetsEachLineAtOnceAndByItself() {
    Lines lines = lines(false);
    add(lines, "A1", "one");
    assertEquals(List.of("A1 one"), rows);
    add(lines, "A2", "");
    lines.flush();
    assertEquals(List.of("A1 one", "A2 "), rows);
  }

  @Test
  void aFileGetsManyLinesAsOneRowWithoutAKey() {
    Lines lines = lines(true);
    add(lines, "A1", "Huế");
    add(lines, "A2", "two");
    assertEquals(List.of(), rows);
    lines.flush();
    assertEquals(List.of(" Huế\ntwo"), rows);
  }

  @Test
  void nothingIsWrittenTwiceAndNothingIsNoRow() {
    Lines lines = lines(true);
    lines.flush();
    add(lines, "A1", "one");
    lines.flush();
    lines.flush();
    add(lines, "A1", "two");
    lines.flush();
    assertEquals(List.of(" one", " two"), rows);
  }

  @Test
  void aFileGetsThemOnceThereIsEnough() {
    Lines lines = lines(true);
    String half = "x".repeat(ENOUGH_BYTES / 2);
    add(lines, "A1", half);
    assertEquals(0, rows.size());
    add(lines, "A1", half);
    assertEquals(List.of(" " + half + "\n" + half), rows);
    add(lines, "A1", "one");
    assertEquals(1, rows.size());
    lines.flush();
    assertEquals(" one", rows.get(1));
  }

  @Test
  void noLineIsLostOrBrokenHoweverManyThereAre() {
    Lines lines = lines(true);
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      add(lines, "A1", "line " + i);
      expected.append("line ").append(i).append('\n');
    }
    lines.flush();
    StringBuilder written = new StringBuilder();
    rows.forEach(row -> written.append(row.substring(1)).append('\n'));
    assertEquals(expected.toString(), written.toString());
    assertTrue(rows.size() > 1 && rows.size() < 10, rows.size() + " rows");
  }
}
