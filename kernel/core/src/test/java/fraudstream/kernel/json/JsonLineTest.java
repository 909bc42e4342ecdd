package fraudstream.kernel.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonLineTest {
  private static final long SEED = 20_260_101;
  private static final int ROUNDS = 20_000;
  private static final int FIRST_BYTES = 4_096;
  private static final int LETTERS = 0x1F800;

  private final JsonLine json = new JsonLine();

  private String written() {
    return new String(json.toBytes(), StandardCharsets.UTF_8);
  }

  private JsonNode read() throws IOException {
    return new ObjectMapper().readTree(json.toBytes());
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0.0, 0",
    "-7, -7",
    "9007199254740992, 9007199254740992",
    "9007199254740994, 9.007199254740994E15",
    "1e300, 1.0E300",
    "0.1, 0.1",
    "-2.5, -2.5",
    "5e-324, 4.9E-324",
    "NaN, null",
    "Infinity, null",
    "-Infinity, null",
  })
  void aNumberIsTheShortestThatReadsAsItself(double number, String expected) {
    json.number(number);
    assertEquals(expected, written());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, -1, 5_000_000_000L, Long.MAX_VALUE, Long.MIN_VALUE})
  void aWholeNumberHasAllItsDigits(long number) {
    json.whole(number);
    assertEquals(Long.toString(number), written());
  }

  @Test
  void valuesAreSetApartAndBracketsAreNot() {
    json.begin('{');
    json.field(JsonLine.name("a"));
    json.begin('[');
    json.whole(1);
    json.begin('[');
    json.end(']');
    json.text(null);
    json.end(']');
    json.field(JsonLine.name("b"));
    json.nothing();
    json.end('}');
    assertEquals("{\"a\":[1,[],null],\"b\":null}", written());
  }

  @Test
  void aBufferThatIsUsedAgainHoldsTheNextOneOnly() {
    json.text("a longer one");
    json.clear();
    json.text("x");
    assertEquals("\"x\"", written());
  }

  @Test
  void whateverIsWrittenIsReadAsTheSame() throws IOException {
    Random random = new Random(SEED);
    for (int round = 0; round < ROUNDS; round++) {
      String name = text(random);
      String text = text(random);
      double number = Double.longBitsToDouble(random.nextLong());
      json.clear();
      json.begin('{');
      json.field(JsonLine.name(name));
      json.begin('[');
      json.text(text);
      json.number(number);
      json.end(']');
      json.end('}');
      JsonNode read = read().get(name);
      assertEquals(text, read.get(0).textValue());
      if (Double.isFinite(number)) {
        assertEquals(number, read.get(1).doubleValue());
      }
    }
  }

  @Test
  void theBufferGrowsWithWhatIsWritten() throws IOException {
    String text = "x".repeat(100_000) + '"' + "ờ".repeat(100_000);
    json.text(text);
    assertEquals(text, read().textValue());
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", "ế", "😀", "\u0000"})
  void aTextOfAnyLengthFindsRoomWhereverItBegins(String letter) throws IOException {
    for (int before = FIRST_BYTES - 12; before <= FIRST_BYTES + 1; before++) {
      for (int length : new int[] {0, 1, 3, 10_000}) {
        String text = letter.repeat(length);
        assertEquals(text, after(before, json -> json.text(text)).textValue());
      }
    }
  }

  @Test
  void everyOtherValueFindsRoomWhereverItBegins() throws IOException {
    double precise = -1.2345678901234567e-300;
    byte[] name = JsonLine.name("name");
    for (int before = FIRST_BYTES - 40; before <= FIRST_BYTES + 1; before++) {
      assertEquals(
          Long.MIN_VALUE, after(before, json -> json.whole(Long.MIN_VALUE)).longValue());
      assertEquals(precise, after(before, json -> json.number(precise)).doubleValue());
      assertTrue(after(before, JsonLine::nothing).isNull());
      JsonNode object =
          after(
              before,
              json -> {
                json.begin('{');
                json.field(name);
                json.begin('[');
                json.end(']');
                json.end('}');
              });
      assertEquals("{\"name\":[]}", object.toString());
    }
  }

  /** Writes a value as the second element of a list, after a string of {@code bytes} bytes. */
  private static JsonNode after(int bytes, Consumer<JsonLine> value) throws IOException {
    JsonLine json = new JsonLine();
    json.begin('[');
    json.text("y".repeat(bytes));
    value.accept(json);
    json.end(']');
    return new ObjectMapper().readTree(json.toBytes()).get(1);
  }

  @Test
  void whatFollowsATextThatHadToBeQuotedIsSetApartToo() {
    json.begin('[');
    json.text("plain");
    json.text("Huế");
    json.text("\"");
    json.time(0);
    json.time(Event.NO_TIME);
    json.end(']');
    assertEquals("[\"plain\",\"Huế\",\"\\\"\",\"1970-01-01T00:00:00.000Z\",null]", written());
  }

  /** Random characters: controls, quotes and supplementary ones, but no unpaired surrogates. */
  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int length = random.nextInt(12); length > 0; length--) {
      int letter = random.nextInt(random.nextBoolean() ? 128 : LETTERS);
      boolean isHalf = letter >= Character.MIN_SURROGATE && letter <= Character.MAX_SURROGATE;
      text.appendCodePoint(isHalf ? 'h' : letter);
    }
    return text.toString();
  }
}
