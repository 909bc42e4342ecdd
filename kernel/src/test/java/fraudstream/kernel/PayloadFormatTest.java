package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ServiceLoader;
import java.util.stream.StreamSupport;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.factories.Factory;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarCharType;
import org.junit.jupiter.api.Test;

class PayloadFormatTest {
  private static final LogicalType STRING = VarCharType.STRING_TYPE;

  private static RowType table(LogicalType payloadType, String payloadName) {
    return RowType.of(
        new LogicalType[] {STRING, payloadType}, new String[] {"account_id", payloadName});
  }

  @Test
  void thePayloadIsWrittenAsItIsAndTheOtherColumnsAreNot() {
    byte[] written =
        PayloadFormatFactory.encoder(table(STRING, "payload"))
            .serialize(
                GenericRowData.of(
                    StringData.fromString("A1"), StringData.fromString("{\"city\":\"Huế 😀\"}")));
    assertArrayEquals(Rows.utf8("{\"city\":\"Huế 😀\"}"), written);
  }

  @Test
  void aTableWithoutAPayloadIsRefusedAndShown() {
    for (RowType table :
        new RowType[] {table(STRING, "text"), table(new BigIntType(), "payload")}) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> PayloadFormatFactory.encoder(table));
      assertEquals(
          "format 'payload' needs a column payload STRING; the table has " + table,
          refused.getMessage());
    }
  }

  @Test
  void flinkFindsTheFormatByItsName() {
    assertTrue(
        StreamSupport.stream(ServiceLoader.load(Factory.class).spliterator(), false)
            .anyMatch(factory -> factory.factoryIdentifier().equals("payload")));
  }

  @Test
  void theFormatHasNoOptionsAndTakesInsertsOnly() {
    PayloadFormatFactory factory = new PayloadFormatFactory();
    assertTrue(factory.requiredOptions().isEmpty());
    assertTrue(factory.optionalOptions().isEmpty());
    assertEquals(
        ChangelogMode.insertOnly(), factory.createEncodingFormat(null, null).getChangelogMode());
  }
}
