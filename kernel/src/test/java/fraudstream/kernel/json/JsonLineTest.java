package fraudstream.kernel.json;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is put together here by hand; numbers and whole records have tests of their own. */
class JsonLineTest {
  private static final int FIRST_BYTES = 4_096;

  private final JsonLine json = new JsonLine();

  private String written() {
    return new String(json.toBytes(), StandardCharsets.UTF_8);
  }

  private static JsonNode read(byte[] bytes) {
    try {
      return new ObjectMapper().readTree(bytes);
    } catch (IOException notJson) {
      throw new AssertionError(new String(bytes, StandardCharsets.UTF_8), notJson);
    }
  }

  /** Writes a text by itself, and reads it with Jackson. */
  private String thereAndBack(String text) {
    json.clear();
    json.text(text);
    return read(json.toBytes()).textValue();
  }

  // ---- commas ----

  @Test
  void valuesAreSetApartOnEachLevelAndNamesFromTheirValuesNever() {
    json.begin('{');
    json.field(JsonLine.name("a"));
    json.whole(1);
    json.field(JsonLine.name("b"));
    json.begin('[');
    json.begin('[');
    json.number(0.5);
    json.nothing();
    json.text("x");
    json.end(']');
    json.begin('[');
    json.end(']');
    json.time(0);
    json.end(']');
    json.field(JsonLine.name("c"));
    json.begin('{');
    json.end('}');
    json.end('}');
    assertEquals(
        "{\"a\":1,\"b\":[[0.5,null,\"x\"],[],\"1970-01-01T00:00:00.000Z\"],\"c\":{}}",
        written());
  }

  @Test
  void whatFollowsATextThatHadToBeQuotedIsSetApartToo() {
    json.begin('[');
    json.text("plain");
    json.text("Huế");
    json.text("\"");
    json.text("plain");
    json.end(']');
    assertEquals("[\"plain\",\"Huế\",\"\\\"\",\"plain\"]", written());
  }

  @Test
  void theNextLineBeginsAnewAndLeavesTheOneBeforeAsItWas() {
    json.begin('[');
    json.whole(12_345);
    json.end(']');
    byte[] first = json.toBytes();
    json.clear();
    json.begin('[');
    json.end(']');
    assertEquals("[]", written());
    assertArrayEquals("[12345]".getBytes(StandardCharsets.UTF_8), first);
  }

  // ---- texts ----

  @Test
  void anyLetterComesBack() {
    for (char letter = 0; letter < Character.MAX_VALUE; letter++) {
      if (!Character.isSurrogate(letter)) {
        String text = "a" + letter + "b";
        assertEquals(text, thereAndBack(text), () -> "letter " + text.codePointAt(1));
      }
    }
    assertEquals("😀\uDBFF\uDFFF", thereAndBack("😀\uDBFF\uDFFF"));
    assertEquals("", thereAndBack(""));
  }

  @ParameterizedTest
  @CsvSource({"a, a", "~ }, ~ }", "\u007f, \u007f", "'\"', '\\\"'", "\\, \\\\", "Huế, Huế"})
  void nothingIsEscapedThatNeedNotBe(String text, String escaped) {
    json.text(text);
    assertEquals('"' + escaped + '"', written());
    assertEquals('"' + escaped + "\":", new String(JsonLine.name(text), StandardCharsets.UTF_8));
  }

  @Test
  void whatIsUnknownIsNull() {
    json.begin('[');
    json.text(null);
    json.time(Event.NO_TIME);
    json.end(']');
    assertEquals("[null,null]", written());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, 10, Long.MAX_VALUE, Long.MIN_VALUE})
  void anyWholeNumberIsWrittenInDigits(long number) {
    json.whole(number);
    assertEquals(Long.toString(number), written());
  }

  // ---- room ----

  @ParameterizedTest
  @ValueSource(strings = {"x", "ế", "😀", "\u0000"})
  void aTextOfAnyLengthFindsRoomWhereverItBegins(String letter) {
    for (int before = FIRST_BYTES - 12; before <= FIRST_BYTES + 1; before++) {
      for (int length : new int[] {0, 1, 3, 10_000}) {
        JsonLine small = new JsonLine();
        small.begin('[');
        small.text("y".repeat(before));
        small.text(letter.repeat(length));
        small.end(']');
        assertEquals(letter.repeat(length), read(small.toBytes()).get(1).textValue());
      }
    }
  }

  @Test
  void everyOtherValueFindsRoomWhereverItBegins() {
    byte[] name = JsonLine.name("name");
    for (int before = FIRST_BYTES - 40; before <= FIRST_BYTES + 1; before++) {
      JsonNode[] read = {
        after(before, line -> line.whole(Long.MIN_VALUE)),
        after(before, line -> line.number(-1.2345678901234567e-300)),
        after(before, JsonLine::nothing),
        after(
            before,
            line -> {
              line.begin('{');
              line.field(name);
              line.begin('[');
              line.end(']');
              line.end('}');
            }),
      };
      assertEquals(Long.MIN_VALUE, read[0].longValue());
      assertEquals(-1.2345678901234567e-300, read[1].doubleValue());
      assertEquals("null", read[2].toString());
      assertEquals("{\"name\":[]}", read[3].toString());
    }
  }

  private interface Value {
    void write(JsonLine line);
  }

  private static JsonNode after(int bytes, Value value) {
    JsonLine line = new JsonLine();
    line.begin('[');
    line.text("y".repeat(bytes));
    value.write(line);
    line.end(']');
    return read(line.toBytes()).get(1);
  }
}
