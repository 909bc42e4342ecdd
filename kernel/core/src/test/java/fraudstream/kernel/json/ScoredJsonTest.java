package fraudstream.kernel.json;

import static fraudstream.kernel.features.Catalogues.row;
import static fraudstream.kernel.features.Catalogues.window;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.features.Catalogues;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScoredJsonTest {
  private static final long TIME_MS = 1_767_323_045_678L;
  private static final Catalogue CATALOGUE =
      Catalogues.of(
          row("f", "hour", ""),
          window("last", "account_id", "last_n", "'column':'latitude','n':1,'window':'1h'"));

  private final ScoredJson json = new ScoredJson(CATALOGUE.features(), "v1", "abc");

  private static Event event() {
    Event event = Records.transaction("T1", "A\"1", TIME_MS);
    event.arrivalMs = TIME_MS + 322;
    event.features = new double[] {3, 1_000, Double.NaN, 2.5};
    event.ordinals[Entity.ACCOUNT_ID.ordinal()] = 7;
    event.ordinals[Entity.MERCHANT_ID.ordinal()] = 5_000_000_000L;
    return event;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static JsonNode read(byte[] bytes) {
    try {
      return new ObjectMapper().readTree(bytes);
    } catch (IOException notJson) {
      throw new AssertionError(text(bytes), notJson);
    }
  }

  @Test
  void aScoredTransactionSaysWhatBecameOfItAndByWhichVersions() {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A\\\"1\","
            + "\"event_time\":\"2026-01-02T03:04:05.678Z\","
            + "\"arrival_time\":\"2026-01-02T03:04:06.000Z\","
            + "\"scored_at\":\"2026-01-02T03:04:06.322Z\",\"outcome\":\"new\",\"score\":0.25,"
            + "\"model_version\":\"v1\",\"catalogue_version\":\"abc\","
            + "\"ordinals\":{\"account_id\":7,\"merchant_id\":5000000000},"
            + "\"features\":{\"f\":3,\"last\":[[1000,null,2.5]]}}",
        text(json.scored(event(), 0.25, TIME_MS + 644, List.of())));
  }

  /** Otherwise the same input file would give different bytes in each run. */
  @Test
  void withoutAnArrivalThereIsNoTimeOfScoringEither() {
    Event event = event();
    event.arrivalMs = Event.NO_TIME;
    JsonNode record = read(json.scored(event, 0.25, TIME_MS, List.of()));
    assertTrue(record.get("arrival_time").isNull());
    assertTrue(record.get("scored_at").isNull());
    assertEquals("2026-01-02T03:04:05.678Z", record.get("event_time").textValue());
  }

  @Test
  void anOrdinalIsThereForEachEntityThatTheTransactionHasOneOf() {
    Event event = event();
    event.ordinals = new long[Entity.COUNT];
    assertEquals("{}", read(json.scored(event, 0.25, 0, List.of())).get("ordinals").toString());
    event.ordinals = new long[] {1, 2, 3, 4, 5};
    assertEquals(
        "{\"account_id\":1,\"customer_id\":2,\"device_id\":3,\"merchant_id\":4,"
            + "\"counterparty_id\":5}",
        read(json.scored(event, 0.25, 0, List.of())).get("ordinals").toString());
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void aScoreThatIsNoNumberIsNull(double score) {
    assertTrue(read(json.scored(event(), score, 0, List.of())).get("score").isNull());
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, 1e-300, 0.1, 0.30000000000000004})
  void aScoreIsTheSameWhenItIsReadAgain(double score) {
    assertEquals(score, read(json.scored(event(), score, 0, List.of())).get("score").doubleValue());
  }

  @Test
  void aDuplicateHasNeitherScoreNorFeaturesNorOrdinals() {
    Event event = event();
    event.kind = Event.Kind.DUPLICATE;
    JsonNode record = read(json.duplicate(event));
    assertEquals("duplicate", record.get("outcome").textValue());
    assertEquals("2026-01-02T03:04:06.000Z", record.get("arrival_time").textValue());
    for (String field : List.of("score", "features", "ordinals", "scored_at")) {
      assertTrue(record.get(field).isNull(), field);
    }
  }

  @Test
  void aDuplicateHasTheSameKeysAsANewTransaction() {
    assertEquals(
        List.copyOf(names(json.scored(event(), 0.25, 0, List.of()))),
        List.copyOf(names(json.duplicate(event()))));
  }

  private static List<String> names(byte[] record) {
    List<String> names = new ArrayList<>();
    read(record).fieldNames().forEachRemaining(names::add);
    return names;
  }

  /** Some versions of Jackson took the last of these for unpaired surrogates. */
  @ParameterizedTest
  @ValueSource(strings = {"😀", "😀😀x", "x😀", "\ud7ff\ue000", "，\ufeff\ufffd\uffff"})
  void anIdIsWrittenWholeInUtf8(String id) {
    String longest = id.repeat(256 / id.length());
    Event event = event();
    event.transactionId = longest;
    event.ids[Entity.ACCOUNT_ID.ordinal()] = id;
    String record = text(json.scored(event, 0.25, 0, List.of()));
    assertTrue(record.contains("\"transaction_id\":\"" + longest + "\""), record);
    assertTrue(record.contains("\"account_id\":\"" + id + "\""), record);
  }

  @Test
  void quotesAndOtherLettersAreWrittenAsJsonInUtf8() {
    ScoredJson quoted = new ScoredJson(List.of(), "v\"1\"", "Đ😀");
    Event event = Records.transaction("T\\\n", "Đà Nẵng 😀", TIME_MS);
    JsonNode record = read(quoted.scored(event, 0.25, 0, List.of()));
    assertEquals("T\\\n", record.get("transaction_id").textValue());
    assertEquals("Đà Nẵng 😀", record.get("account_id").textValue());
    assertEquals("v\"1\"", record.get("model_version").textValue());
    assertEquals("Đ😀", record.get("catalogue_version").textValue());
    assertTrue(text(quoted.scored(event, 0.25, 0, List.of())).contains("Đà Nẵng 😀"), "not escaped");
  }

  @Test
  void theEntitiesThatTheTransactionIsOutOfReachOfAreNamed() {
    Event event = event();
    assertFalse(read(json.scored(event, 0.25, 0, List.of())).has("out_of_reach"));
    event.outOfReach = 1 << Entity.DEVICE_ID.ordinal() | 1 << Entity.COUNTERPARTY_ID.ordinal();
    JsonNode record = read(json.scored(event, 0.25, 0, List.of()));
    assertEquals("[\"device_id\",\"counterparty_id\"]", record.get("out_of_reach").toString());
  }

  @Test
  void theVersionOfTheMetadataIsNamedIfTheyWereLookedUp() {
    Event event = event();
    assertFalse(read(json.scored(event, 0.25, 0, List.of())).has("metadata_version"));
    event.metadataVersion = "unavailable";
    JsonNode record = read(json.scored(event, 0.25, 0, List.of()));
    assertEquals("unavailable", record.get("metadata_version").textValue());
    assertFalse(read(json.duplicate(event)).has("metadata_version"), "it has no features");
  }

  @Test
  void featuresThatAreTooLargeForTheModelAreNamed() throws IOException {
    JsonNode record = read(json.scored(event(), 0.25, 0, List.of("a", "b")));
    assertEquals("[\"a\",\"b\"]", record.get("overflowing_features").toString());
    assertFalse(read(json.scored(event(), 0.25, 0, List.of())).has("overflowing_features"));
  }
}
