package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ColumnTest {
  /** Saved state refers to columns by position, so this list may only grow at its end. */
  @Test
  void theColumnsThatSavedStateKnowsKeepTheirPlaces() {
    assertEquals(
        "transaction_id event_time account_id transaction_amount_vnd customer_id transaction_type"
            + " channel transaction_fees_vnd counterparty_id merchant_id merchant_category city"
            + " latitude longitude device_id biometric_failure_count total_loans_vnd"
            + " num_transactions npl_flag status currency country"
            + " customer_segment customer_kyc_level customer_relationship_days",
        Arrays.stream(Column.values())
            .limit(25)
            .map(column -> column.fieldName)
            .collect(Collectors.joining(" ")));
  }

  @ParameterizedTest
  @EnumSource
  void aColumnIsFoundByTheNameOfItsField(Column column) {
    assertSame(column, Column.ofFeature(column.fieldName));
    assertNull(Column.ofFeature(column.name()), "names are told apart by case");
  }

  @ParameterizedTest
  @EnumSource
  void aRecordsFieldIsFoundByItsNameUnlessItIsMetadata(Column column) {
    assertSame(column.isMetadata ? null : column, Column.named(column.fieldName));
    assertEquals(!column.isMetadata, Column.OF_RECORDS.contains(column));
    assertEquals(
        Set.of("customer_segment", "customer_kyc_level", "customer_relationship_days")
            .contains(column.fieldName),
        column.isMetadata);
  }

  /** Label fields are not columns: a feature that used them would leak the label. */
  @Test
  void theTruthIsNoColumn() {
    assertNull(Column.ofFeature("is_fraud"));
    assertNull(Column.ofFeature("fraud_type"));
  }

  @ParameterizedTest
  @EnumSource
  void fieldsAreNullUntilTheyAreSetAndAgainWhenTheyAreSetToNull(Column column) {
    Fields fields = new Fields();
    fields.clear();
    assertEquals(true, fields.isNull(column));
    switch (column.kind) {
      case TEXT:
        fields.set(column, "");
        break;
      case TIME:
        fields.timeMs = 0;
        break;
      default:
        fields.set(column, 0);
    }
    assertEquals(false, fields.isNull(column));
    fields.setNull(column);
    assertEquals(true, fields.isNull(column));
  }

  @ParameterizedTest
  @EnumSource
  void numbersHaveARangeThatTheModelsFloatsCanSquareAndOthersHaveNone(Column column) {
    assertEquals(column.kind == Column.Kind.NUMBER, column.range != null);
    if (column.range != null) {
      float square = (float) (column.range.max * column.range.max * 1e8);
      assertTrue(Float.isFinite(square) && column.range.min >= -column.range.max);
    }
  }

  /** Windows compare numbers by their bits. */
  @Test
  void theTwoZerosAreOne() {
    assertEquals(0.0, Records.fields("latitude", -0.0).number(Column.LATITUDE));
  }
}
