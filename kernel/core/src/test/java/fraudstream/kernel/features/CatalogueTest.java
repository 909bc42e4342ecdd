package fraudstream.kernel.features;

import static fraudstream.kernel.features.Catalogues.row;
import static fraudstream.kernel.features.Catalogues.window;
import static fraudstream.kernel.record.Records.fields;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CatalogueTest {
  private static final double NULL = Double.NaN;
  private static final String LOANS = row("loans", "value", "'column':'total_loans_vnd'");
  private static final String COUNT = window("count", "account_id", "count", "'window':'1h'");

  private static Event begun(Catalogue catalogue, Fields fields) {
    Event event = new Event();
    catalogue.begin(fields, event);
    return event;
  }

  private static long bits(double value) {
    return Double.doubleToRawLongBits(value);
  }

  private static String places(Catalogue catalogue) {
    return catalogue.features().stream()
        .map(feature -> feature.name + " " + feature.offset + " " + feature.triples)
        .collect(Collectors.joining(", "));
  }

  // ---- feature vector ----

  @Test
  void theVectorHasAPlaceForEachFeatureInTheirOrder() {
    Catalogue catalogue = Catalogues.of(LOANS, COUNT, row("h", "hour", ""));
    assertEquals("loans 0 0, count 1 0, h 2 0", places(catalogue));
    assertEquals(3, catalogue.width());
  }

  @Test
  void theLastNTakeThreePlacesEachAndMoveWhatComesBehindThem() {
    String last =
        window("last", "account_id", "last_n", "'column':'latitude','n':4,'window':'1h'");
    String one = window("one", "device_id", "last_n", "'column':'loans','n':1,'window':'1h'");
    Catalogue catalogue = Catalogues.of(LOANS, last, COUNT, one, row("h", "hour", ""));
    assertEquals("loans 0 0, last 1 4, count 13 0, one 14 1, h 17 0", places(catalogue));
    assertEquals(18, catalogue.width());
    Event event = begun(catalogue, fields("total_loans_vnd", 5));
    assertEquals(18, event.features.length);
    assertEquals(7, event.features[17]);
  }

  @Test
  void aCatalogueWithoutFeaturesHasAnEmptyVector() {
    Catalogue catalogue = Catalogues.of();
    assertEquals(0, catalogue.width());
    Event event = begun(catalogue, fields());
    catalogue.finish(event);
    assertEquals(0, event.features.length);
    assertEquals(0, event.words.length);
  }

  // ---- begin and finish ----

  @Test
  void whatLooksAtTheTransactionAloneIsThereAtTheBeginningAndTheRestIsNull() {
    Catalogue catalogue =
        Catalogues.of(
            LOANS,
            row("high", "above", "'of':['loans'],'threshold':3"),
            COUNT,
            row("often", "above", "'of':['count'],'threshold':3"),
            row("any", "any", "'of':['high','often']"),
            row("h", "hour", ""));
    Event event = begun(catalogue, fields("total_loans_vnd", 2));
    assertArrayEquals(new double[] {2, 0, NULL, NULL, NULL, 7}, event.features);
  }

  @ParameterizedTest
  @CsvSource({
    // "often" is 1 if the count is above 3; "any" is 1 if "high" or "often" is.
    "2, 3, 0, 0", "2, 4, 1, 1", "9, 3, 0, 1", "2, , NaN, NaN", "9, , NaN, 1",
  })
  void whatDependsOnAWindowIsThereAtTheEndHoweverIndirectly(
      double loans, Double count, double often, double any) {
    Catalogue catalogue =
        Catalogues.of(
            COUNT,
            row("often", "above", "'of':['count'],'threshold':3"),
            LOANS,
            row("high", "above", "'of':['loans'],'threshold':3"),
            row("any", "any", "'of':['high','often']"));
    Event event = begun(catalogue, fields("total_loans_vnd", loans));
    event.features[0] = count == null ? NULL : count;
    catalogue.finish(event);
    assertEquals(often, event.features[1]);
    assertEquals(any, event.features[4]);
  }

  @Test
  void theEndLeavesWhatWasThereBefore() {
    Catalogue catalogue = Catalogues.of(LOANS, COUNT, row("h", "hour", ""));
    Event event = begun(catalogue, fields("total_loans_vnd", 2));
    event.features[1] = 5;
    catalogue.finish(event);
    assertArrayEquals(new double[] {2, 5, 7}, event.features);
  }

  @Test
  void whatStandsBehindTheLastNIsReferredToByItsPlace() {
    Catalogue catalogue =
        Catalogues.of(
            window("last", "account_id", "last_n", "'column':'latitude','n':2,'window':'1h'"),
            COUNT,
            row("f", "at_least", "'of':['count'],'threshold':3"));
    Event event = begun(catalogue, fields());
    event.features[6] = 3;
    catalogue.finish(event);
    assertEquals(1, event.features[7], "of the place of count, behind the six of last");
  }

  @Test
  void eachTransactionHasAVectorOfItsOwn() {
    Catalogue catalogue = Catalogues.of(LOANS);
    Event first = begun(catalogue, fields("total_loans_vnd", 1));
    Event second = begun(catalogue, fields("total_loans_vnd", 2));
    assertNotSame(first.features, second.features);
    assertEquals(1, first.features[0]);
  }

  // ---- window words ----

  @Test
  void aWordIsThereOnceForAllWindowsOfTheSameColumn() {
    Catalogue catalogue =
        Catalogues.of(
            window("a", "account_id", "sum", "'column':'latitude','window':'1h'"),
            window("b", "device_id", "mean", "'column':'latitude','window':'1d'"),
            window("c", "account_id", "max", "'column':'longitude','window':'1h'"),
            window("d", "account_id", "speed_kmh", "'window':'1h'"),
            window("e", "account_id", "last_n", "'column':'latitude','n':2,'window':'1h'"),
            COUNT);
    Event event =
        begun(
            catalogue, fields("latitude", 1, "longitude", 2, "transaction_amount_vnd", 3));
    assertArrayEquals(new long[] {bits(1), bits(2), bits(3)}, event.words);
  }

  @Test
  void whatNoWindowLooksAtHasNoWord() {
    Event event = begun(Catalogues.of(LOANS, COUNT, row("h", "hour", "")), fields());
    assertEquals(0, event.words.length);
  }

  @Test
  void aWindowMayLookAtAFeatureOfTheRowBeforeIt() {
    Catalogue catalogue =
        Catalogues.of(
            LOANS,
            row("high", "above", "'of':['loans'],'threshold':3"),
            window("highs", "account_id", "sum", "'column':'high','window':'1h'"));
    assertArrayEquals(
        new long[] {bits(1)}, begun(catalogue, fields("total_loans_vnd", 4)).words);
    assertArrayEquals(new long[] {bits(NULL)}, begun(catalogue, fields()).words);
  }

  // ---- entities and their windows ----

  @Test
  void theAccountHasAStepAlwaysAndTheOthersIfTheyHaveAWindow() {
    assertEquals(List.of(Entity.ACCOUNT_ID), Catalogues.of().entities());
    assertEquals(List.of(Entity.ACCOUNT_ID), Catalogues.of(LOANS).entities());
    assertEquals(
        List.of(Entity.ACCOUNT_ID, Entity.DEVICE_ID, Entity.COUNTERPARTY_ID),
        Catalogues.of(
                window("a", "counterparty_id", "count", "'window':'1h'"),
                window("b", "device_id", "count", "'window':'1h'"),
                window("c", "counterparty_id", "count", "'window':'2h'"))
            .entities());
  }

  @Test
  void theReachOfAnEntityIsThatOfItsLongestWindowWithItsDelay() {
    Catalogue catalogue =
        Catalogues.of(
            window("a", "account_id", "count", "'window':'10m'"),
            window("b", "account_id", "count", "'window':'1m','delay':'1h'"),
            window("c", "device_id", "count", "'window':'2d'"));
    assertEquals(61 * 60_000, catalogue.windows(Entity.ACCOUNT_ID, 5, 0).reachMs());
    assertEquals(2 * 86_400_000L, catalogue.windows(Entity.DEVICE_ID, 5, 0).reachMs());
    assertTrue(Catalogues.of().windows(Entity.ACCOUNT_ID, 5, 0).reachMs() >= 0);
  }

  // ---- refused input ----

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'entity':'transaction','statistic':'hour'}",
        "{'name':7,'entity':'transaction','statistic':'hour'}",
        "{'name':'f','statistic':'hour'}",
        "{'name':'f','entity':'transaction'}",
        "{'name':'f','entity':'city','statistic':'count','window':'1h'}",
        "{'name':'f','entity':'ACCOUNT_ID','statistic':'count','window':'1h'}",
        "{'name':'f','entity':'account_id','statistic':'hour','window':'1h'}",
        "{'name':'f','entity':'account_id','statistic':'median','column':'latitude',"
            + "'window':'1h'}",
        "{'name':'f','entity':'account_id','statistic':'count'}",
        "{'name':'f','entity':'account_id','statistic':'count','window':3600}",
        "{'name':'f','entity':'account_id','statistic':'count','window':'1w'}",
        "{'name':'f','entity':'account_id','statistic':'count','window':'-1h'}",
        "{'name':'f','entity':'account_id','statistic':'count','window':'1h','delay':5}",
        "{'name':'f','entity':'account_id','statistic':'count','window':'1h',"
            + "'column':'latitude'}",
        "{'name':'f','entity':'account_id','statistic':'sum','window':'1h'}",
        "{'name':'f','entity':'account_id','statistic':'sum','window':'1h','column':'is_fraud'}",
        "{'name':'f','entity':'account_id','statistic':'sum','window':'1h','column':'count'}",
        "{'name':'f','entity':'account_id','statistic':'sum','window':'1h','column':'later'}",
        "{'name':'f','entity':'account_id','statistic':'last_n','window':'1h','n':3}",
        "{'name':'f','entity':'account_id','statistic':'last_n','window':'1h',"
            + "'column':'latitude'}",
        "{'name':'f','entity':'transaction','statistic':'any','of':['later']}",
      })
  void aSpecOfAnotherReleaseIsRefusedAndShown(String spec) {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> Catalogues.of(COUNT, spec, row("later", "hour", "")));
    String shown = "feature " + spec.replace('\'', '"') + ": ";
    assertTrue(refused.getMessage().startsWith(shown), refused.getMessage());
  }

  @Test
  void whatIsNoJsonIsRefused() {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> Catalogue.fromJson("{'features':[]}"));
    assertEquals("the catalogue is not JSON", refused.getMessage());
  }
}
