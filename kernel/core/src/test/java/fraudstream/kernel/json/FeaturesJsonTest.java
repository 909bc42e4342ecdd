package fraudstream.kernel.json;

import static fraudstream.kernel.features.Catalogues.row;
import static fraudstream.kernel.features.Catalogues.window;
import static org.junit.jupiter.api.Assertions.assertEquals;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.features.Catalogues;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FeaturesJsonTest {
  private static final double NULL = Double.NaN;
  private static final Catalogue LAST_TWO =
      Catalogues.of(
          row("a", "hour", ""),
          window("last", "account_id", "last_n", "'column':'latitude','n':2,'window':'1h'"),
          row("b", "hour", ""));

  private static String line(Catalogue catalogue, String id, double... vector) {
    Event event = Records.transaction(id, "A1", 0);
    event.features = vector;
    return new String(
        new FeaturesJson(catalogue.features()).line(event), StandardCharsets.UTF_8);
  }

  // ---- numbers ----

  @ParameterizedTest
  @CsvSource({
    "0, 0", "-0.0, 0", "1, 1", "-3, -3", "1e9, 1000000000", "0.1, 0.1", "-2.5, -2.5",
    "9007199254740992, 9007199254740992", "-9007199254740992, -9007199254740992",
    "9007199254740994, 9.007199254740994E15", "1e300, 1.0E300", "4.9e-324, 4.9E-324",
    "NaN, null", "Infinity, null", "-Infinity, null",
  })
  void wholeNumbersHaveNoFractionAndNullStandsForWhatIsNoNumber(double value, String expected) {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"f\":" + expected + "}",
        line(Catalogues.of(row("f", "hour", "")), "T1", value));
  }

  @ParameterizedTest
  @CsvSource({
    "0.1", "1e-7", "123456.789", "3.4e38", "1.7976931348623157e308", "-0.3333333333333333",
  })
  void aNumberIsTheSameWhenItIsReadAgain(double value) {
    String line = line(Catalogues.of(row("f", "hour", "")), "T1", value);
    String written = line.substring(line.lastIndexOf(':') + 1, line.length() - 1);
    assertEquals(value, Double.parseDouble(written));
  }

  // ---- metadata ----

  @Test
  void aLineNamesTheVersionOfTheMetadataThatWereLookedUp() {
    Event event = Records.transaction("T1", "A1", 0);
    event.features = new double[] {7};
    event.metadataVersion = "0123456789ab";
    byte[] line = new FeaturesJson(Catalogues.of(row("f", "hour", "")).features()).line(event);
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"f\":7,"
            + "\"metadata_version\":\"0123456789ab\"}",
        new String(line, StandardCharsets.UTF_8));
  }

  // ---- names ----

  @Test
  void featuresAreNamedInTheirOrder() {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"b\":1,\"a\":null,\"c\":2.5}",
        line(
            Catalogues.of(row("b", "hour", ""), row("a", "hour", ""), row("c", "hour", "")),
            "T1",
            1,
            NULL,
            2.5));
  }

  @Test
  void quotesAndOtherLettersAreWrittenAsJsonInUtf8() {
    assertEquals(
        "{\"transaction_id\":\"T\\\"1\\\\ Đà Nẵng 😀\\n\",\"account_id\":\"A1\",\"giờ/😀\":1}",
        line(Catalogues.of(row("giờ/😀", "hour", "")), "T\"1\\ Đà Nẵng 😀\n", 1));
  }

  @Test
  void aLineHasNoLineFeedInIt() {
    String line = line(LAST_TWO, "a\nb\r\nc", 1, 1, 2, 3, 4, 5, 6, 7);
    assertEquals(-1, line.indexOf('\n'));
    assertEquals(-1, line.indexOf('\r'));
  }

  @Test
  void withoutFeaturesThereAreTheIdsAlone() {
    assertEquals("{\"transaction_id\":\"T1\",\"account_id\":\"A1\"}", line(Catalogues.of(), "T1"));
  }

  // ---- LAST_N ----

  //  the vector: amounts | gaps | values; an amount of null ends the list
  @Test
  void theLastNAreAListOfTriples() {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"a\":1,\"last\":[[20,3.5,-7],[30,null,8.5]],\"b\":2}",
        line(LAST_TWO, "T1", 1, 20, 30, 3.5, NULL, -7, 8.5, 2));
  }

  @Test
  void theListEndsWhereTheTransactionsDo() {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"a\":1,\"last\":[[20,null,null]],\"b\":2}",
        line(LAST_TWO, "T1", 1, 20, NULL, NULL, NULL, NULL, NULL, 2));
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"a\":1,\"last\":[],\"b\":2}",
        line(LAST_TWO, "T1", 1, NULL, NULL, NULL, NULL, NULL, NULL, 2));
  }

  @Test
  void outOfReachOfTheEntityThereIsNoList() {
    Event event = Records.transaction("T1", "A1", 0);
    event.features = new double[] {1, NULL, NULL, NULL, NULL, NULL, NULL, 2};
    event.outOfReach = 1 << Entity.ACCOUNT_ID.ordinal();
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"a\":1,\"last\":null,\"b\":2,"
            + "\"out_of_reach\":[\"account_id\"]}",
        new String(new FeaturesJson(LAST_TWO.features()).line(event), StandardCharsets.UTF_8));
  }

  @Test
  void whatIsNullOrInfiniteInATripleIsNullAndDoesNotEndTheList() {
    assertEquals(
        "{\"transaction_id\":\"T1\",\"account_id\":\"A1\",\"a\":null,\"last\":[[1,0,null],[2,null,null]],\"b\":null}",
        line(LAST_TWO, "T1", NULL, 1, 2, 0, NULL, NULL, Double.POSITIVE_INFINITY, NULL));
  }
}
