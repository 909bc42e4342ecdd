package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8Test {
  private static final String[] PARTS = {"a", "0123456789", "é", "€", "😀", "\uFFFF", "\u0000"};

  private static boolean isValidInJava(byte[] bytes) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
      return true;
    } catch (CharacterCodingException problem) {
      return false;
    }
  }

  @Test
  void everyFirstAndSecondByteIsJudgedAsJavaJudgesThem() {
    for (int pair = 0; pair < 1 << 16; pair++) {
      for (byte[] bytes : new byte[][] {
        {(byte) (pair >> 8), (byte) pair},
        {(byte) (pair >> 8), (byte) pair, (byte) 0x80},
        {(byte) (pair >> 8), (byte) pair, (byte) 0xBF, (byte) 0xBF},
      }) {
        assertEquals(isValidInJava(bytes), Utf8.firstInvalid(bytes) < 0, () -> "pair " + bytes[0]);
      }
    }
  }

  @Test
  void changedTextsAreJudgedAsJavaJudgesThem() {
    Random random = new Random(7);
    for (int i = 0; i < 100_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int part = random.nextInt(8); part >= 0; part--) {
        text.append(PARTS[random.nextInt(PARTS.length)]);
      }
      byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
      if (i % 4 > 0) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      assertEquals(isValidInJava(bytes), Utf8.firstInvalid(bytes) < 0, text::toString);
    }
  }

  @ParameterizedTest
  @CsvSource({"0,C181", "3,C0AF", "8,E08181", "9,EDA080", "17,F4908080", "1,F7BFBFBF", "2,80"})
  void thePlaceOfTheFirstInvalidByteIsFound(int at, String hex) throws RefusedException {
    byte[] bytes = new byte[at + hex.length() / 2];
    for (int i = 0; i < hex.length(); i += 2) {
      bytes[at + i / 2] = (byte) Integer.parseInt(hex.substring(i, i + 2), 16);
    }
    assertEquals(at, Utf8.firstInvalid(bytes));
    RefusedException refused =
        assertThrows(RefusedException.class, () -> new LabelParser(100).parse(bytes));
    assertEquals(Refusal.MALFORMED_JSON, refused.refusal);
  }
}
