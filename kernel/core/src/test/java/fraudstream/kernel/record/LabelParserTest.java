package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelParserTest {
  private static final int MAX_RECORD_BYTES = 1_000;

  private final LabelParser parser = new LabelParser(MAX_RECORD_BYTES);

  private Event parse(String label) throws RefusedException {
    return parser.parse(Records.utf8(label));
  }

  private RefusedException refused(byte[] label) {
    return assertThrows(RefusedException.class, () -> parser.parse(label));
  }

  private RefusedException refused(String label) {
    return refused(Records.utf8(label));
  }

  // ---- accepted records ----

  @Test
  void theLastOfRepeatedFieldsCountsAlsoIfItIsNull() throws RefusedException {
    String label = Records.label("device_id", "\"D1\"").replace("}", ",\"device_id\":null}");
    assertNull(parse(label).ids[Entity.DEVICE_ID.ordinal()]);
    for (String field :
        new String[] {"transaction_id", "account_id", "event_time", "available_at", "is_fraud"}) {
      RefusedException refused = refused(Records.label().replace("}", ",\"" + field + "\":null}"));
      assertEquals(Refusal.MISSING_FIELD, refused.refusal);
      assertTrue(refused.getMessage().startsWith(field), refused.getMessage());
    }
  }

  @Test
  void aLabelHasTheIdAndTimeOfItsTransactionAndWhatBecameKnownWhen() throws RefusedException {
    Event label = parse(Records.label());
    assertEquals(Event.Kind.LABEL, label.kind);
    assertEquals("T1", label.transactionId);
    assertEquals(Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli(), label.timeMs);
    assertEquals(Instant.parse("2026-02-02T03:04:05.678Z").toEpochMilli(), label.availableAtMs);
    assertTrue(label.isFraud);
    assertFalse(parse(Records.label("is_fraud", "false")).isFraud);
  }

  @ParameterizedTest
  @EnumSource
  void theIdOfEachEntityIsReadIntoItsPlaceAndIsNullIfAbsent(Entity entity)
      throws RefusedException {
    Event label = parse(Records.label(entity.fieldName, "\"Đ😀\""));
    for (Entity other : Entity.values()) {
      String expected = other == entity ? "Đ😀" : other == Entity.ACCOUNT_ID ? "A1" : null;
      assertEquals(expected, label.ids[other.ordinal()]);
    }
    if (entity != Entity.ACCOUNT_ID) {
      assertNull(parse(Records.label(entity.fieldName, "null")).ids[entity.ordinal()]);
    }
  }

  @Test
  void aLabelLeavesNothingToTheNextOne() throws RefusedException {
    Event first = parse(Records.label("device_id", "\"D\""));
    Event second = parse(Records.label("transaction_id", "\"T2\"", "is_fraud", "false"));
    assertNull(second.ids[Entity.DEVICE_ID.ordinal()]);
    assertEquals("T1", first.transactionId);
    assertTrue(first.isFraud);
    assertEquals("D", first.ids[Entity.DEVICE_ID.ordinal()]);
    refused("{}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1", "\"text\"", "null", "{\"is_fraud\":false}", "[{\"transaction_id\":1},[[null]]]"
      })
  void anUnknownFieldIsPassedOverWhateverIsInIt(String value) throws RefusedException {
    Event label = parse(Records.label("note", value));
    assertEquals("T1", label.transactionId);
    assertTrue(label.isFraud);
  }

  /** Labels ignore the transaction's other fields, even values that a transaction may not have. */
  @Test
  void theOtherFieldsOfTheTransactionAreUnknownHere() throws RefusedException {
    assertEquals(
        "T1",
        parse(Records.label("transaction_amount_vnd", "-1", "city", "7")).transactionId);
  }

  @ParameterizedTest
  @CsvSource({
    "2026-01-02T03:04:05.678Z, true",
    "2026-01-02T10:04:05.678+07:00, true",
    "2026-01-02T03:04:05.677Z, false",
    "2025-01-02T03:04:05.678Z, false",
  })
  void aTransactionIsKnownAboutWhenItHappensAndNotAMillisecondBefore(
      String availableAt, boolean isRead) throws RefusedException {
    String label = Records.label("available_at", "\"" + availableAt + "\"");
    if (isRead) {
      assertEquals(parse(label).timeMs, parse(label).availableAtMs);
    } else {
      assertEquals(Refusal.INVALID_TIME, refused(label).refusal);
    }
  }

  // ---- refused input ----

  @ParameterizedTest
  @ValueSource(
      strings = {"transaction_id", "account_id", "event_time", "available_at", "is_fraud"})
  void eachRequiredFieldIsMissedByItsName(String field) {
    for (String value : new String[] {null, "null"}) {
      RefusedException refused = refused(Records.label(field, value));
      assertEquals(Refusal.MISSING_FIELD, refused.refusal);
      assertEquals(field + " is missing or null; every label needs it", refused.getMessage());
    }
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        refusal("", Refusal.MALFORMED_JSON, "not a JSON object; send one object per record"),
        refusal("[]", Refusal.MALFORMED_JSON, "not a JSON object; send one object per record"),
        refusal("true", Refusal.MALFORMED_JSON, "not a JSON object; send one object per record"),
        refusal("{", Refusal.MALFORMED_JSON, "end-of-input"),
        refusal("{\"is_fraud\":tru}", Refusal.MALFORMED_JSON, "tru"),
        refusal("{\"note\":[}", Refusal.MALFORMED_JSON, "'}'"),
        refusal(
            Records.label() + Records.label(), Refusal.MALFORMED_JSON, "data after the"),
        refusal(
            Records.label("transaction_id", "1"),
            Refusal.WRONG_TYPE,
            "transaction_id is '1'; it must be a string"),
        refusal(
            Records.label("account_id", "true"),
            Refusal.WRONG_TYPE,
            "account_id is 'true'; it must be a string"),
        refusal(
            Records.label("merchant_id", "[]"),
            Refusal.WRONG_TYPE,
            "merchant_id is '['; it must be a string"),
        refusal(
            Records.label("event_time", "1767323045678"),
            Refusal.WRONG_TYPE,
            "event_time is '1767323045678'; it must be a string in RFC 3339"),
        refusal(
            Records.label("available_at", "false"),
            Refusal.WRONG_TYPE,
            "available_at is 'false'; it must be a string in RFC 3339"),
        refusal(
            Records.label("is_fraud", "1"),
            Refusal.WRONG_TYPE,
            "is_fraud is '1'; it must be true or false"),
        refusal(
            Records.label("is_fraud", "\"true\""),
            Refusal.WRONG_TYPE,
            "is_fraud is 'true'; it must be true or false"),
        refusal(
            Records.label("event_time", "\"yesterday\""),
            Refusal.INVALID_TIME,
            "event_time is 'yesterday'; write RFC 3339 with an offset"),
        refusal(
            Records.label("available_at", "\"2026-02-29T00:00:00Z\""),
            Refusal.INVALID_TIME,
            "available_at is '2026-02-29T00:00:00Z'; write RFC 3339 with an offset"),
        refusal(
            Records.label("available_at", "\"2026-01-02T03:04:04.677Z\""),
            Refusal.INVALID_TIME,
            "available_at is 1001 ms before event_time; a label can't be known before its"
                + " transaction"),
        refusal(
            Records.label("transaction_id", "\" \""),
            Refusal.INVALID_VALUE,
            "transaction_id is empty"),
        refusal(Records.label("account_id", "\"\""), Refusal.INVALID_VALUE, "account_id is empty"),
        refusal(
            Records.label("device_id", "\"" + "x".repeat(257) + "\""),
            Refusal.INVALID_VALUE,
            "device_id has 257 characters; at most 256 are allowed"),
        refusal(
            Records.label("counterparty_id", "\"\\ud83d\""),
            Refusal.INVALID_VALUE,
            "counterparty_id contains half of a surrogate pair"),
        refusal(
            Records.label("transaction_id", "\"T\\u202e1\""),
            Refusal.INVALID_VALUE,
            "transaction_id has the control character U+202E in it; send an id without"),
        refusal(
            Records.label("device_id", "\"\\u0000\""),
            Refusal.INVALID_VALUE,
            "device_id has the control character U+0000 in it; send an id without"));
  }

  private static Arguments refusal(String label, Refusal refusal, String detail) {
    return Arguments.of(label, refusal, detail);
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void aBrokenLabelIsRefusedWithFieldValueAndRemedy(
      String label, Refusal refusal, String detail) {
    RefusedException refused = refused(label);
    assertEquals(refusal, refused.refusal, refused.getMessage());
    assertTrue(refused.getMessage().contains(detail), refused.getMessage());
  }

  @Test
  void aLabelOfTheLargestSizeIsReadAndAByteMoreIsRefused() throws RefusedException {
    String label = Records.label();
    String largest = label + " ".repeat(MAX_RECORD_BYTES - label.length());
    assertEquals("T1", parse(largest).transactionId);
    RefusedException refused = refused(largest + " ");
    assertEquals(Refusal.OVERSIZE, refused.refusal);
    assertEquals("label of 1001 bytes; at most 1000 are allowed", refused.getMessage());
  }

  @Test
  void jsonInAnotherUnicodeEncodingIsRefused() {
    RefusedException refused = refused(Records.label().getBytes(StandardCharsets.UTF_16LE));
    assertEquals(Refusal.MALFORMED_JSON, refused.refusal);
    assertEquals("the text is UTF-16 or UTF-32; send JSON in UTF-8", refused.getMessage());
  }

  @Test
  void nothingThatIsSentMakesTheParserFailOtherwiseThanByARefusal() {
    Random random = new Random(20260102);
    EnumSet<Refusal> seen = EnumSet.noneOf(Refusal.class);
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      byte[] label = mutated(random);
      try {
        Event event = parser.parse(label);
        assertTrue(event.transactionId != null && event.availableAtMs >= event.timeMs);
        assertFalse(event.ids[Entity.ACCOUNT_ID.ordinal()].isBlank());
        read++;
      } catch (RefusedException refused) {
        assertFalse(refused.getMessage().isBlank());
        seen.add(refused.refusal);
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("label " + i + ": " + Arrays.toString(label), failure);
      }
    }
    assertTrue(read > 2_000, read + " were read");
    assertTrue(
        seen.containsAll(
            EnumSet.of(
                Refusal.MALFORMED_JSON,
                Refusal.MISSING_FIELD,
                Refusal.WRONG_TYPE,
                Refusal.INVALID_TIME)),
        seen.toString());
  }

  private static byte[] mutated(Random random) {
    String isFraud = random.nextInt(9) == 0 ? "0" : "true";
    String note = "\"" + "x".repeat(100) + "\"";
    byte[] bytes =
        Records.utf8(
            Records.label("note", note, "device_id", "\"D\\u00e9\"", "is_fraud", isFraud));
    for (int change = random.nextInt(3); change >= 0; change--) {
      int at = random.nextInt(bytes.length);
      if (random.nextBoolean()) {
        bytes[at] = (byte) "{}[]\",:\\0123456789-+.eE ".charAt(random.nextInt(24));
      } else {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
      }
    }
    return bytes;
  }
}
