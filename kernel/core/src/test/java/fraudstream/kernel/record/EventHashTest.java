package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class EventHashTest {
  private static final HashKey OTHER_KEY = HashKey.fromHex("000102030405060708090a0b0c0d0e0f");

  private final TransactionParser parser = new TransactionParser(100_000, -1);

  private static EventHash hash(HashKey key, Column... withWords) {
    int[] places = new int[Column.COUNT];
    Arrays.fill(places, EventHash.UNUSED);
    for (int place = 0; place < withWords.length; place++) {
      places[withWords[place].ordinal()] = place;
    }
    return new EventHash(key, places);
  }

  private Event hashed(String json, HashKey key, Column... withWords) throws RefusedException {
    Event event = new Event();
    event.identify(parser.parse(Records.utf8(json), 0));
    event.words = new long[withWords.length];
    hash(key, withWords).hash(event);
    return event;
  }

  private Event hashed(String json) throws RefusedException {
    return hashed(json, HashKey.BATCH);
  }

  private long idHash(String account, String transaction) throws RefusedException {
    return hashed(
            Records.json("account_id", quoted(account), "transaction_id", quoted(transaction)))
        .idHash;
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\") + '"';
  }

  private List<Long> identity(String json) throws RefusedException {
    Event event = hashed(json);
    return List.of(event.idHash, event.fingerprint);
  }

  private long fingerprint(String json) throws RefusedException {
    return hashed(json).fingerprint;
  }

  // ---- ids ----

  @Test
  void anIdIsThatOfAnAccountAndATransactionTogether() throws RefusedException {
    Set<Long> different =
        Set.of(
            idHash("A1", "T1"),
            idHash("A2", "T1"),
            idHash("A1", "T2"),
            idHash("T1", "A1"),
            idHash("ab", "c"),
            idHash("a", "bc"),
            idHash("Đ😀", "c"));
    assertEquals(7, different.size());
    assertEquals(idHash("A1", "T1"), idHash("A1", "T1"));
  }

  @Test
  void aLabelHasTheIdOfItsTransaction() throws RefusedException {
    Event label = new LabelParser(1_000).parse(Records.utf8(Records.label()));
    assertEquals(0, label.idHash, "its parser knows no key");
    hash(HashKey.BATCH).hash(label);
    assertEquals(hashed(Records.json()).idHash, label.idHash);
  }

  /** The key is a secret, so these can't be computed for the job's own. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ' ',
      value = {
        "HARMLESS-PAYMENT-00000000000001x X4937453660167190\\}(>o^d\\#dM?1,j",
        "DEVICE-000000000000000000000000x X653653025769656OhA2f?zjfp0-4^)V",
      })
  void textsThatCollideUnderAPublicHashHaveHashesOfTheirOwn(String one, String other)
      throws RefusedException {
    assertEquals(Hash64.of(Records.utf8(one)), Hash64.of(Records.utf8(other)));
    assertNotEquals(idHash("A1", one), idHash("A1", other));
    assertNotEquals(word("device_id", one), word("device_id", other));
  }

  // ---- texts ----

  private long word(String field, String text) throws RefusedException {
    String json = Records.json(field, quoted(text));
    return hashed(json, HashKey.BATCH, Column.named(field)).words[0];
  }

  @ParameterizedTest
  @FieldSource("fraudstream.kernel.record.Column#OF_RECORDS")
  void theTextOfEveryColumnHasAWord(Column column) throws RefusedException {
    if (column.kind == Column.Kind.TEXT) {
      assertNotEquals(word(column.fieldName, "Huế"), word(column.fieldName, "Hue"));
      assertEquals(word("city", "Huế"), word(column.fieldName, "Huế"));
    }
  }

  @Test
  void anAbsentTextHasTheWordOfNullAndAnEmptyOneDoesNot() throws RefusedException {
    String json = Records.json("city", null, "channel", "null", "device_id", "\"\"");
    Column[] columns = {Column.CITY, Column.CHANNEL, Column.DEVICE_ID};
    long[] words = hashed(json, HashKey.BATCH, columns).words;
    assertEquals(0, words[0]);
    assertEquals(0, words[1]);
    assertNotEquals(0, words[2]);
  }

  @Test
  void wordsThatAreNotTextsStayAsTheyAre() throws RefusedException {
    Event event = new Event();
    event.identify(parser.parse(Records.utf8(Records.json("city", "\"Huế\"")), 0));
    event.words = new long[] {7, 8, 9};
    int[] places = new int[Column.COUNT];
    Arrays.fill(places, EventHash.UNUSED);
    places[Column.CITY.ordinal()] = 1;
    new EventHash(HashKey.BATCH, places).hash(event);
    assertEquals(7, event.words[0]);
    assertNotEquals(8, event.words[1]);
    assertEquals(9, event.words[2]);
  }

  // ---- contents ----

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "transaction_amount_vnd; 1000; 1000.0",
        "transaction_amount_vnd; 1000; 1e3",
        "transaction_amount_vnd; 1000; 1000.00000000000000000001",
        "latitude; 0; -0.0",
        "event_time; \"2026-01-02T03:04:05.678Z\"; \"2026-01-02T10:04:05.678+07:00\"",
        "event_time; \"2026-01-02T03:04:00Z\"; \"2026-01-02t03:04z\"",
        "city; \"Huế\"; \"Hu\\u1ebf\"",
        "unknown; 1; {\"other\":[2]}",
        "city; null; null",
      })
  void whatSaysTheSameHasOneFingerprint(String field, String one, String other)
      throws RefusedException {
    assertEquals(
        fingerprint(Records.json(field, one)), fingerprint(Records.json(field, other)));
  }

  @Test
  void anAbsentFieldIsNullAndTheOrderOfFieldsMeansNothing() throws RefusedException {
    assertEquals(fingerprint(Records.json()), fingerprint(Records.json("city", "null")));
    String one = "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"city\":\"Huế\",";
    String other = "{\"city\":\"Huế\",\"account_id\":\"A1\",\"transaction_id\":\"T1\",";
    String rest = "\"event_time\":\"2026-01-02T03:04:05Z\",\"transaction_amount_vnd\":5}";
    assertEquals(fingerprint(one + rest), fingerprint(other + rest));
  }

  /** All known fields, whether a window uses them or not. */
  @ParameterizedTest
  @FieldSource("fraudstream.kernel.record.Column#OF_RECORDS")
  void anotherValueOfAnyFieldHasAnotherHash(Column column) throws RefusedException {
    String[] values;
    switch (column.kind) {
      case TEXT:
        values = new String[] {"\"a\"", "\"b\"", "\"ab\""};
        break;
      case TIME:
        values = new String[] {"\"2026-01-02T03:04:05.678Z\"", "\"2026-01-02T03:04:05.679Z\""};
        break;
      case NUMBER:
        values = new String[] {"1", "1.5", "3"};
        break;
      default:
        values = new String[] {"true", "false"};
    }
    // The ids are in the hash of the id, all else is in the fingerprint.
    Set<List<Long>> found = new HashSet<>();
    for (String value : values) {
      found.add(identity(Records.json(column.fieldName, value)));
    }
    if (!column.required) {
      found.add(identity(Records.json(column.fieldName, null)));
    }
    assertEquals(values.length + (column.required ? 0 : 1), found.size());
  }

  @Test
  void aValueInAnotherFieldIsAnotherTransaction() throws RefusedException {
    Set<Long> found = new HashSet<>();
    for (String field : new String[] {"city", "status", "currency", "country", "device_id"}) {
      found.add(fingerprint(Records.json(field, "\"x\"")));
    }
    found.add(fingerprint(Records.json("city", "\"x\"", "status", "\"\"")));
    found.add(fingerprint(Records.json("city", "\"\"", "status", "\"x\"")));
    assertEquals(7, found.size());
  }

  @Test
  void theLongestTextsAreHashedWhole() throws RefusedException {
    String long1 = '"' + "😀".repeat(127) + "ab\"";
    String long2 = '"' + "😀".repeat(127) + "ac\"";
    assertNotEquals(
        fingerprint(Records.json("city", long1, "status", long1)),
        fingerprint(Records.json("city", long1, "status", long2)));
    assertNotEquals(word("city", long1.replace("\"", "")), word("city", long2.replace("\"", "")));
  }

  /**
   * Saved state has these hashes: if this test fails, no duplicate of before is recognised. The
   * values are of an implementation of their own in Python.
   */
  @Test
  void theHashesAreAsEver() throws RefusedException {
    String json =
        Records.json("city", "\"Huế\"", "latitude", "16.5", "npl_flag", "true", "status", "null");
    Event event = hashed(json, OTHER_KEY, Column.CITY);
    assertEquals(0xfd99a51b328ab352L, event.idHash);
    assertEquals(0xfca3c445d80ae0f8L, event.fingerprint);
    assertEquals(0xbc0d82abd740aa45L, event.words[0]);
  }

  // ---- keys ----

  @Test
  void everyHashDependsOnTheKey() throws RefusedException {
    String json = Records.json("city", "\"Huế\"");
    Event one = hashed(json, HashKey.BATCH, Column.CITY);
    Event other = hashed(json, OTHER_KEY, Column.CITY);
    assertNotEquals(one.idHash, other.idHash);
    assertNotEquals(one.fingerprint, other.fingerprint);
    assertNotEquals(one.words[0], other.words[0]);
  }

  @Test
  void contentsAreDroppedOnceTheyAreHashedAndTheHashesStay() throws RefusedException {
    Event event = hashed(Records.json("city", "\"Huế\""), HashKey.BATCH, Column.CITY);
    assertSame(Event.NO_CONTENTS, event.contents);
    long[] hashes = {event.idHash, event.fingerprint, event.words[0]};
    hash(OTHER_KEY, Column.CITY).hash(event);
    assertArrayEquals(hashes, new long[] {event.idHash, event.fingerprint, event.words[0]});
  }

  /** The parser's buffer for them grows, and is used again. */
  @Test
  void contentsOfAnyLengthAreThoseOfTheirOwnRecord() throws RefusedException {
    String[] fields = new String[2 * Column.COUNT];
    for (Column column : Column.OF_RECORDS) {
      if (column.kind == Column.Kind.TEXT) {
        fields[2 * column.ordinal()] = column.fieldName;
        fields[2 * column.ordinal() + 1] = '"' + "\uffff".repeat(256) + '"';
      }
    }
    String[] texts = Arrays.stream(fields).filter(field -> field != null).toArray(String[]::new);
    long before = fingerprint(Records.json());
    Event longest = hashed(Records.json(texts));
    assertEquals(before, fingerprint(Records.json()));
    Event again = new EventHashTest().hashed(Records.json(texts));
    assertEquals(again.fingerprint, longest.fingerprint);
    assertEquals(again.idHash, longest.idHash);
    texts[texts.length - 1] = texts[texts.length - 1].replaceFirst("\uffff\"$", "\ufffe\"");
    assertNotEquals(longest.fingerprint, fingerprint(Records.json(texts)));
  }
}
