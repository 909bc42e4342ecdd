package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read of refused records. */
class SalvageTest {
  private static final long TIME_MS = 1_767_323_045_678L;

  private static Event read(byte[] raw) {
    Event event = new Event();
    event.raw = raw;
    Salvage.read(event);
    return event;
  }

  private static Event read(String raw) {
    return read(Records.utf8(raw));
  }

  private static String account(Event event) {
    return event.ids[Entity.ACCOUNT_ID.ordinal()];
  }

  private static void assertIds(Event event) {
    assertEquals("T1", event.transactionId);
    assertEquals("A1", account(event));
  }

  private static void assertNothing(Event event) {
    assertNull(event.transactionId);
    assertNull(account(event));
    assertEquals(Event.NO_TIME, event.timeMs);
    assertEquals(Double.NaN, event.amountVnd);
  }

  @Test
  void aWholeRecordHasIdsTimeAndAmount() {
    Event event = read(Records.json());
    assertIds(event);
    assertEquals(TIME_MS, event.timeMs);
    assertEquals(1_000, event.amountVnd);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"latitude\":999}", "{\"transaction_amount_vnd\":-1}", "{\"transaction_amount_vnd\":{}}",
        "{\"event_time\":7}", "{\"event_time\":\"0000-01-01T00:00:00Z\"}", "{\"city\":[[1],{\"a\":2}]}",
        "{\"account_id\":null}", "{\"npl_flag\":{\"account_id\":\"another\"}}"
      })
  void whateverIsWrongWithAnotherFieldTheIdsAreRead(String fields) {
    String wrong = fields.substring(0, fields.length() - 1);
    assertIds(read(wrong + "," + Records.json().substring(1)));
  }

  @Test
  void aWrongFieldIsUnknown() {
    assertEquals(Event.NO_TIME, read(Records.json("event_time", "\"now\"")).timeMs);
    assertEquals(Double.NaN, read(Records.json("transaction_amount_vnd", "1e39")).amountVnd);
    assertNull(read(Records.json("transaction_id", "\" \"")).transactionId);
    assertNull(read(Records.json("transaction_id", "\"\\ud800\"")).transactionId);
    assertNull(account(read(Records.json("account_id", "\"" + "x".repeat(257) + "\""))));
  }

  @Test
  void whatComesBeforeTheFirstErrorIsRead() {
    String json = Records.json("note", "1");
    assertIds(read(json + "}"));
    assertIds(read(json.substring(0, json.length() - 1)));
    byte[] bytes = Records.utf8(json.substring(0, json.length() - 1) + ",\"city\":\"#\"}");
    bytes[bytes.length - 3] = (byte) 0xFF;
    assertIds(read(bytes));
  }

  /** A megabyte of digits or of brackets in front does not hide whose transaction it is. */
  @Test
  void nothingInFrontHidesTheIdsWithinTheBytesThatAreRead() {
    int room = Salvage.READ_BYTES - 1_000;
    for (String value :
        new String[] {
          "9".repeat(room), "0." + "9".repeat(room), "\"" + "x".repeat(room) + "\"",
          "[".repeat(room / 2) + "]".repeat(room / 2)
        }) {
      assertIds(read("{\"note\":" + value + "," + Records.json().substring(1)));
    }
  }

  @Test
  void ofALargeRecordTheBeginningIsRead() {
    String rest = ",\"note\":\"" + "x".repeat(2 * Salvage.READ_BYTES) + "\"}";
    String json = Records.json();
    assertIds(read(json.substring(0, json.length() - 1) + rest));
    String behind = "{\"note\":\"" + "x".repeat(Salvage.READ_BYTES) + "\"," + json.substring(1);
    assertNothing(read(behind));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "[]", "null", "{", "[{\"account_id\":\"A1\"}]", "account_id"})
  void whatIsNoObjectHasNothing(String raw) {
    assertNothing(read(raw));
  }

  @Test
  void anotherEncodingHasNothing() {
    assertNothing(read(Records.json().getBytes(StandardCharsets.UTF_16LE)));
  }

  @Test
  void noBytesMakeItFail() {
    Random random = new Random(20260102);
    byte[] good = Records.utf8(Records.json("note", "{\"a\":[1,\"ü\"]}", "latitude", "1e5"));
    for (int i = 0; i < 20_000; i++) {
      byte[] raw = good.clone();
      for (int change = random.nextInt(4); change >= 0; change--) {
        raw[random.nextInt(raw.length)] = (byte) random.nextInt(256);
      }
      read(Arrays.copyOf(raw, 1 + random.nextInt(raw.length)));
    }
  }
}
