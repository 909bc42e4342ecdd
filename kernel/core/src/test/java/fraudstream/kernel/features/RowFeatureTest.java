package fraudstream.kernel.features;

import static fraudstream.kernel.features.Catalogues.row;
import static fraudstream.kernel.record.Records.fields;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RowFeatureTest {
  /** The value of the last of these features. */
  private static double value(Fields transaction, String... features) {
    Catalogue catalogue = Catalogues.of(features);
    Event event = new Event();
    catalogue.begin(transaction, event);
    assertEquals(features.length, event.features.length);
    return event.features[features.length - 1];
  }

  // Vietnam is seven hours ahead of UTC; 2026-01-03 is a Saturday, 1970-01-01 was a Thursday.
  @ParameterizedTest
  @CsvSource({
    "2026-01-02T14:59:59.999Z, 21, 0, 0",
    "2026-01-02T15:00:00Z, 22, 1, 0",
    "2026-01-02T16:59:59.999Z, 23, 1, 0",
    "2026-01-02T17:00:00Z, 0, 1, 1",
    "2026-01-02T20:59:59.999Z, 3, 1, 1",
    "2026-01-02T21:00:00Z, 4, 0, 1",
    "2026-01-04T16:59:59.999Z, 23, 1, 1",
    "2026-01-04T17:00:00Z, 0, 1, 0",
    "2026-01-05T05:00:00Z, 12, 0, 0",
    "1970-01-01T00:00:00Z, 7, 0, 0",
    "1969-12-31T16:59:59.999Z, 23, 1, 0",
    "1969-12-27T17:00:00Z, 0, 1, 1",
    "1969-12-26T16:59:59.999Z, 23, 1, 0",
    "0001-01-01T00:00:00Z, 7, 0, 0",
    "9998-12-31T23:59:59.999Z, 6, 0, 0",
  })
  void hourAndWeekendGoByVietnamsTime(Instant time, int hour, int offHours, int weekend) {
    Fields transaction = fields("event_time", time.toEpochMilli());
    assertEquals(hour, value(transaction, row("f", "hour", "")));
    assertEquals(
        offHours, value(transaction, row("f", "hour_between", "'from_hour':22,'to_hour':4")));
    assertEquals(weekend, value(transaction, row("f", "weekend", "")));
  }

  @ParameterizedTest
  @CsvSource({
    "8, 9, 1", "9, 10, 0", "7, 8, 0", "8, 8, 0", "0, 24, 1", "9, 8, 0", "9, 7, 0", "22, 9, 1",
  })
  void hoursMayGoOverMidnight(int fromHour, int toHour, int expected) {
    Fields eightInVietnam =
        fields("event_time", Instant.parse("2026-01-05T01:30:00Z").toEpochMilli());
    String operands = "'from_hour':" + fromHour + ",'to_hour':" + toHour;
    assertEquals(expected, value(eightInVietnam, row("f", "hour_between", operands)));
  }

  @Test
  void aValueIsTheNumberOrTheFlagAndNullIfAbsent() {
    String fees = row("f", "value", "'column':'transaction_fees_vnd'");
    String npl = row("f", "value", "'column':'npl_flag'");
    assertEquals(2.5, value(fields("transaction_fees_vnd", 2.5), fees));
    assertEquals(Double.NaN, value(fields(), fees));
    assertEquals(1, value(fields("npl_flag", true), npl));
    assertEquals(0, value(fields("npl_flag", false), npl));
    assertEquals(Double.NaN, value(fields(), npl));
  }

  @ParameterizedTest
  @CsvSource({
    "2.9, 0, 0, 1", "3, 0, 1, 1", "3.1, 1, 1, 0", "-3, 0, 0, 1", ", NaN, NaN, NaN",
  })
  void aboveIsWithoutTheThresholdAndAtLeastAndAtMostWithIt(
      Double loans, double above, double atLeast, double atMost) {
    Fields transaction = fields("total_loans_vnd", loans);
    String operands = "'column':'total_loans_vnd','threshold':3";
    assertEquals(above, value(transaction, row("f", "above", operands)));
    assertEquals(atLeast, value(transaction, row("f", "at_least", operands)));
    assertEquals(atMost, value(transaction, row("f", "at_most", operands)));
    String itself = row("loans", "value", "'column':'total_loans_vnd'");
    String ofFeature = "'of':['loans'],'threshold':3";
    assertEquals(above, value(transaction, itself, row("f", "above", ofFeature)));
    assertEquals(atLeast, value(transaction, itself, row("f", "at_least", ofFeature)));
    assertEquals(atMost, value(transaction, itself, row("f", "at_most", ofFeature)));
  }

  @ParameterizedTest
  @CsvSource({
    "9.999, 0", "10, 1", "10.5, 1", "19.999, 1", "20, 0", "20.001, 0", "-10, 0", "0, 0", ", NaN",
  })
  void betweenIsWithTheLowAndWithoutTheHighEdge(Double amountVnd, double expected) {
    assertEquals(
        expected,
        value(
            fields("transaction_amount_vnd", amountVnd),
            row("f", "between", "'column':'transaction_amount_vnd','low':10,'high':20")));
  }

  @Test
  void betweenMayLieBelowZero() {
    String feature = row("f", "between", "'column':'latitude','low':-2.5,'high':0");
    assertEquals(1, value(fields("latitude", -2.5), feature));
    assertEquals(0, value(fields("latitude", -0.0), feature));
  }

  @ParameterizedTest
  @CsvSource({
    "DEV_NEW_9, 1", "DEV_NEW_91, 1", "DEV_NEW_8, 0", "XDEV_NEW_9, 0", "dev_new_9, 0",
    "DEV_NEW, 0", "'', 0", ", NaN",
  })
  void startsWithComparesTheBeginningToTheLetter(String device, double expected) {
    assertEquals(
        expected,
        value(
            fields("device_id", device),
            row("f", "starts_with", "'column':'device_id','prefix':'DEV_NEW_9'")));
  }

  @ParameterizedTest
  @CsvSource({
    "Huế, 1", "huế, 0", "Hue, 0", "Huế , 1", "'Huế ', 0", "'', 0", "HuếX, 0", ", NaN",
  })
  void equalsComparesTheWholeToTheLetter(String city, double expected) {
    assertEquals(
        expected, value(fields("city", city), row("f", "equals", "'column':'city','text':'Huế'")));
  }

  @ParameterizedTest
  @CsvSource({"atm, 1", "web, 2", "pos, 3", "ATM, 4", "'', 4", "other, 4", ", NaN"})
  void aCodeIsThePlaceInTheListAndOneMoreThanItsLengthForOthers(String channel, double expected) {
    assertEquals(
        expected,
        value(
            fields("channel", channel),
            row("f", "code", "'column':'channel','values':['atm','web','pos']")));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 4, 0.25", "-1, 4, -0.25", "0, 4, 0", "1, 0, NaN", "0, 0, NaN", "1, -0.0, NaN", ", 4, NaN",
    "1, , NaN", ", , NaN", ", 0, NaN",
  })
  void aRatioByZeroOrNullIsNull(Double fees, Double amountVnd, double expected) {
    assertEquals(
        expected,
        value(
            fields("transaction_fees_vnd", fees, "transaction_amount_vnd", amountVnd),
            row(
                "f",
                "ratio",
                "'column':'transaction_fees_vnd','denominator':'transaction_amount_vnd'")));
  }

  // 1 if any is 1, otherwise null if any is null, otherwise 0; in any order.
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0", "0, 1, 1", "1, 0, 1", "1, 1, 1", "1, , 1", ", 1, 1", "0, , NaN", ", 0, NaN",
    ", , NaN",
    // Only a value of exactly 1 counts; values are not summed.
    "3, 0, 0", "0.5, 0.5, 0", "3, 1, 1", "3, , NaN",
  })
  void anyHasThreeValues(Double fees, Double loans, double expected) {
    assertEquals(
        expected,
        value(
            fields("transaction_fees_vnd", fees, "total_loans_vnd", loans),
            row("a", "value", "'column':'transaction_fees_vnd'"),
            row("b", "value", "'column':'total_loans_vnd'"),
            row("f", "any", "'of':['a','b']")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'value'",
        "'value','column':'device_id'",
        "'value','column':'event_time'",
        "'value','column':'is_fraud'",
        "'ratio','column':'latitude'",
        "'ratio','column':'latitude','denominator':'city'",
        "'ratio','column':'latitude','denominator':'npl_flag'",
        "'ratio','denominator':'latitude'",
        "'starts_with','column':'latitude','prefix':'1'",
        "'starts_with','column':'city'",
        "'starts_with','prefix':'x'",
        "'equals','column':'city'",
        "'equals','column':'city','text':1",
        "'equals','column':'latitude','text':'1'",
        "'equals','text':'x'",
        "'code','column':'city'",
        "'code','column':'city','values':[]",
        "'code','column':'npl_flag','values':['true']",
        "'code','values':['x']",
        "'above','column':'latitude'",
        "'above','column':'latitude','threshold':'1'",
        "'above','threshold':1",
        "'above','column':'city','threshold':1",
        "'at_least','of':['x','x'],'threshold':1",
        "'at_most','column':'latitude'",
        "'at_most','threshold':1",
        "'at_most','column':'npl_flag','threshold':1",
        "'between','column':'latitude','low':1",
        "'between','column':'latitude','high':1",
        "'between','column':'city','low':1,'high':2",
        "'between','low':1,'high':2",
        "'any'",
        "'any','of':['later']",
        "'hour','column':'latitude'",
        "'hour','of':['x']",
        "'weekend','of':['x']",
        "'hour_between','from_hour':1",
        "'count'",
        "'Value','column':'no_column'",
      })
  void aSpecOfAnotherReleaseIsRefusedAndShown(String rest) {
    String spec = "{'name':'f','entity':'transaction','statistic':" + rest + "}";
    String before = row("x", "hour", "");
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> Catalogues.of(before, spec));
    String shown = "feature " + spec.replace('\'', '"') + ": ";
    assertTrue(refused.getMessage().startsWith(shown), refused.getMessage());
  }
}
