package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import org.apache.flink.table.data.RowData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RowFeatureTest {
  private static String feature(String name, String statistic, String operands) {
    return "{'name':'"
        + name
        + "','entity':'transaction','statistic':'"
        + statistic
        + "'"
        + (operands.isEmpty() ? "" : "," + operands)
        + "}";
  }

  /** The value of the last of these features. */
  private static double value(RowData transaction, String... features) {
    FeatureProgram program = FeatureProgram.fromJson(Rows.catalogue(features));
    History history = History.empty(program.columns);
    int event = program.insert(history, transaction, 1);
    byte[] bytes = program.evaluate(history, event, transaction);
    assertEquals(features.length * Double.BYTES, bytes.length);
    return ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .getDouble(bytes.length - Double.BYTES);
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
  })
  void hourAndWeekendGoByVietnamsTime(Instant time, int hour, int offHours, int weekend) {
    RowData transaction = Rows.row("event_time", time.toEpochMilli());
    assertEquals(hour, value(transaction, feature("f", "hour", "")));
    assertEquals(
        offHours,
        value(transaction, feature("f", "hour_between", "'from_hour':22,'to_hour':4")));
    assertEquals(weekend, value(transaction, feature("f", "weekend", "")));
  }

  @ParameterizedTest
  @CsvSource({
    "8, 9, 1", "9, 10, 0", "7, 8, 0", "8, 8, 0", "0, 24, 1", "9, 8, 0", "9, 7, 0", "22, 9, 1",
  })
  void hoursMayGoOverMidnight(int fromHour, int toHour, int expected) {
    RowData eightInVietnam =
        Rows.row("event_time", Instant.parse("2026-01-05T01:30:00Z").toEpochMilli());
    String operands = "'from_hour':" + fromHour + ",'to_hour':" + toHour;
    assertEquals(expected, value(eightInVietnam, feature("f", "hour_between", operands)));
  }

  @Test
  void aValueIsTheNumberOrTheFlagAndNullIfAbsent() {
    String fees = feature("f", "value", "'column':'transaction_fees_vnd'");
    String npl = feature("f", "value", "'column':'npl_flag'");
    assertEquals(2.5, value(Rows.row("transaction_fees_vnd", 2.5), fees));
    assertEquals(Double.NaN, value(Rows.row(), fees));
    assertEquals(1, value(Rows.row("npl_flag", true), npl));
    assertEquals(0, value(Rows.row("npl_flag", false), npl));
    assertEquals(Double.NaN, value(Rows.row(), npl));
  }

  @ParameterizedTest
  @CsvSource({"2.9, 0, 0", "3, 0, 1", "3.1, 1, 1", "-3, 0, 0", ", NaN, NaN"})
  void aboveIsWithoutTheThresholdAndAtLeastWithIt(Double loans, double above, double atLeast) {
    RowData transaction = Rows.row("total_loans_vnd", loans);
    String operands = "'column':'total_loans_vnd','threshold':3";
    assertEquals(above, value(transaction, feature("f", "above", operands)));
    assertEquals(atLeast, value(transaction, feature("f", "at_least", operands)));
    String itself = feature("loans", "value", "'column':'total_loans_vnd'");
    String ofFeature = "'of':['loans'],'threshold':3";
    assertEquals(above, value(transaction, itself, feature("f", "above", ofFeature)));
    assertEquals(atLeast, value(transaction, itself, feature("f", "at_least", ofFeature)));
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
            Rows.row("device_id", device),
            feature("f", "starts_with", "'column':'device_id','prefix':'DEV_NEW_9'")));
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
            Rows.row("transaction_fees_vnd", fees, "transaction_amount_vnd", amountVnd),
            feature(
                "f",
                "ratio",
                "'column':'transaction_fees_vnd','denominator':'transaction_amount_vnd'")));
  }

  // 1 if one is 1, else null if one is null, else 0; whatever their order.
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0", "0, 1, 1", "1, 0, 1", "1, 1, 1", "1, , 1", ", 1, 1", "0, , NaN", ", 0, NaN",
    ", , NaN",
    // Only 1 means yes: other features are not added up.
    "3, 0, 0", "0.5, 0.5, 0", "3, 1, 1", "3, , NaN",
  })
  void anyHasThreeValues(Double fees, Double loans, double expected) {
    assertEquals(
        expected,
        value(
            Rows.row("transaction_fees_vnd", fees, "total_loans_vnd", loans),
            feature("a", "value", "'column':'transaction_fees_vnd'"),
            feature("b", "value", "'column':'total_loans_vnd'"),
            feature("f", "any", "'of':['a','b']")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'value'",
        "'value','column':'device_id'",
        "'value','column':'event_time'",
        "'ratio','column':'latitude'",
        "'ratio','column':'latitude','denominator':'city'",
        "'starts_with','column':'latitude','prefix':'1'",
        "'starts_with','column':'city'",
        "'above','column':'latitude'",
        "'above','threshold':1",
        "'above','column':'city','threshold':1",
        "'any'",
        "'any','of':['later']",
        "'hour','column':'latitude'",
        "'hour_between','from_hour':1",
        "'count'",
      })
  void aSpecOfAnotherReleaseIsRefused(String rest) {
    String spec = "{'name':'f','entity':'transaction','statistic':" + rest + "}";
    assertThrows(
        IllegalArgumentException.class, () -> FeatureProgram.fromJson(Rows.catalogue(spec)));
  }
}
