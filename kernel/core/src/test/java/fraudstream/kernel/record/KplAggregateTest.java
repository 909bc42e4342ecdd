package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KplAggregateTest {
  private static List<String> parts(byte[] bytes) throws RefusedException {
    List<String> parts = new ArrayList<>();
    KplAggregate.split(
        bytes,
        (from, to) -> parts.add(new String(bytes, from, to - from, StandardCharsets.UTF_8)));
    return parts;
  }

  private static byte[] hex(String digits) {
    byte[] bytes = new byte[digits.length() / 2];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }

  /** Whichever shard their keys belong to, and though most of their keys are not in the record. */
  @Test
  void eachPartIsThereInOrder() throws Exception {
    byte[] bytes = KplAggregates.of("{\"a\":1}", "", "x".repeat(1_000));
    assertTrue(KplAggregate.isOne(bytes));
    assertEquals(List.of("{\"a\":1}", "", "x".repeat(1_000)), parts(bytes));
  }

  /** A record that a script wrote after the description of the format, not this test. */
  @Test
  void aRecordOfAnotherWriterIsReadToo() throws Exception {
    try (InputStream file = getClass().getResourceAsStream("/kpl-record.bin")) {
      List<String> parts = parts(file.readAllBytes());
      assertEquals(3, parts.size());
      assertTrue(parts.stream().allMatch(part -> part.startsWith("{\"transaction_id\":")), "" + parts);
    } catch (IOException unreadable) {
      fail(unreadable);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "F3", "F3899A", "F3899AC1", "7B7D", "00F3899AC2"})
  void anythingElseIsNone(String bytes) {
    assertFalse(KplAggregate.isOne(hex(bytes)));
  }

  @ParameterizedTest(name = "[{0}]")
  @CsvSource({
    // Field 3 of 5 bytes, of which there is one; a length past every array; a number that never ends.
    "1A0501, fields do not end",
    "1AFFFFFFFF0F, fields do not end",
    "1AFFFFFFFFFFFFFFFFFF01, fields do not end",
    "FFFFFFFFFFFFFFFFFFFFFF, fields do not end",
    "1A, fields do not end",
    // Data that leaves its own record; wire types that do not exist; half of a 64-bit number.
    "1A021A05, fields do not end",
    "0B, fields do not end",
    "0E, fields do not end",
    "09010203, fields do not end",
    // Well-formed, but without a record that has data.
    "'', no record in it",
    "0A0161, no record in it",
    "1A00, no record in it",
    "1A020801, no record in it",
  })
  void aMessageThatHoldsNothingIsRefusedWithTheReason(String body, String why) {
    RefusedException refused =
        assertThrows(RefusedException.class, () -> parts(KplAggregates.withDigest(hex(body))));
    assertEquals(Refusal.MALFORMED_JSON, refused.refusal);
    assertTrue(refused.getMessage().contains("aggregated by the Kinesis Producer Library"));
    assertTrue(refused.getMessage().contains(why), refused.getMessage());
    assertTrue(refused.getMessage().contains("send it again"), refused.getMessage());
  }

  @Test
  void unknownFieldsOfEveryWireTypeAreSkipped() throws Exception {
    String unknown = "500A" + "590102030405060708" + "5203616263" + "5D01020304";
    assertEquals(List.of("ab"), parts(KplAggregates.withDigest(hex(unknown + "1A041A026162"))));
  }

  @Test
  void aRecordOfWhichAnyByteIsChangedOrCutOffIsRefused() {
    byte[] good = KplAggregates.of("{\"a\":1}", "{\"b\":2}");
    for (int at = 4; at < good.length; at++) {
      byte[] changed = good.clone();
      changed[at] ^= 0x10;
      assertThrows(RefusedException.class, () -> parts(changed));
      byte[] cut = Arrays.copyOf(good, at);
      assertThrows(RefusedException.class, () -> parts(cut));
    }
  }

  @Test
  void noMessageMakesItFailOtherwiseThanByARefusal() {
    Random random = new Random(20260102);
    for (int i = 0; i < 20_000; i++) {
      byte[] body = new byte[random.nextInt(40)];
      random.nextBytes(body);
      if (body.length > 1 && random.nextBoolean()) {
        body[0] = 0x1A;
        body[1] = (byte) random.nextInt(body.length + 1);
      }
      try {
        parts(KplAggregates.withDigest(body));
      } catch (RefusedException expected) {
        assertFalse(expected.getMessage().isBlank());
      }
    }
  }
}
