package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class KplAggregateTest {
  private static List<String> parts(byte[] bytes) throws RefusedException {
    return parts(bytes, StandardCharsets.UTF_8);
  }

  private static List<String> parts(byte[] bytes, Charset charset) throws RefusedException {
    List<String> parts = new ArrayList<>();
    KplAggregate.split(
        bytes, (from, to) -> parts.add(new String(bytes, from, to - from, charset)));
    return parts;
  }

  private static byte[] hex(String digits) {
    byte[] bytes = new byte[digits.length() / 2];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }

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

  /** The messages of the file that the tests of the Python reader have, too. */
  private static Stream<Arguments> messages() throws IOException {
    try (InputStream file = KplAggregateTest.class.getResourceAsStream("/kpl-messages.txt")) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> line.split(" (?=[=!] )", 2))
          .map(pair -> Arguments.of(pair[0], pair[1].charAt(0) == '=', pair[1].substring(2)));
    }
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("messages")
  void aMessageIsItsPartsOrRefusedWithTheReason(String message, boolean isSound, String expected)
      throws Exception {
    byte[] record = KplAggregates.withDigest(hex(message));
    if (isSound) {
      List<String> parts =
          Arrays.stream(expected.split(" "))
              .map(part -> part.equals("-") ? "" : part)
              .map(part -> new String(hex(part), StandardCharsets.ISO_8859_1))
              .collect(Collectors.toList());
      assertEquals(parts, parts(record, StandardCharsets.ISO_8859_1));
    } else {
      RefusedException refused = assertThrows(RefusedException.class, () -> parts(record));
      assertEquals(Refusal.AGGREGATION, refused.refusal);
      String detail = refused.getMessage();
      assertTrue(detail.startsWith("aggregated by the Kinesis Producer Library"), detail);
      assertTrue(detail.contains(expected), detail);
      assertTrue(detail.contains("send it again"), detail);
    }
  }

  @Test
  void thereIsALimitToThePartsOfOneRecord() throws Exception {
    byte[] most = KplAggregates.of(Collections.nCopies(KplAggregate.MAX_PARTS, "").toArray(String[]::new));
    assertEquals(KplAggregate.MAX_PARTS, parts(most).size());
    byte[] more =
        KplAggregates.of(Collections.nCopies(KplAggregate.MAX_PARTS + 1, "").toArray(String[]::new));
    RefusedException refused = assertThrows(RefusedException.class, () -> parts(more));
    assertTrue(refused.getMessage().contains("it has over 100,000 records"), refused.getMessage());
  }

  @Test
  void noTransactionIsTooSmallForThatLimit() {
    String smallest =
        "{'transaction_id':'a','event_time':'2026-01-02T03:04:05Z','account_id':'a',"
            + "'transaction_amount_vnd':1}";
    int bytes = KplAggregates.of(smallest, smallest).length - KplAggregates.of(smallest).length;
    assertTrue(KplAggregate.MAX_PARTS * bytes > 10 << 20, bytes + " bytes a part");
  }

  @Test
  void aRecordOfWhichAnyByteIsChangedOrCutOffOrWithBytesBehindItIsRefused() {
    byte[] good = KplAggregates.of("{\"a\":1}", "{\"b\":2}");
    for (int at = 4; at < good.length; at++) {
      byte[] changed = good.clone();
      changed[at] ^= 0x10;
      assertThrows(RefusedException.class, () -> parts(changed));
      byte[] cut = Arrays.copyOf(good, at);
      assertThrows(RefusedException.class, () -> parts(cut));
    }
    byte[] longer = Arrays.copyOf(good, good.length + 1);
    assertThrows(RefusedException.class, () -> parts(longer));
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
        assertEquals(Refusal.AGGREGATION, expected.refusal);
      }
    }
  }

  @ParameterizedTest(name = "damaged: {0}")
  @ValueSource(booleans = {false, true})
  void noParserReadsAnAggregatedRecordHoweverLargeItIs(boolean isDamaged) {
    byte[] record = KplAggregates.of("{}", "x".repeat(100));
    record[record.length - 1] ^= isDamaged ? 1 : 0;
    String why = isDamaged ? "MD5 does not match" : "another aggregated record";
    for (Executable parse :
        List.<Executable>of(
            () -> new TransactionParser(10, -1).parse(record, 0),
            () -> new LabelParser(10).parse(record))) {
      RefusedException refused = assertThrows(RefusedException.class, parse);
      assertEquals(Refusal.AGGREGATION, refused.refusal);
      assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }
  }
}
