package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Records;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.StreamSupport;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.factories.Factory;
import org.apache.flink.table.types.logical.BigIntType;
import org.apache.flink.table.types.logical.BinaryType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.VarBinaryType;
import org.apache.flink.table.types.logical.VarCharType;
import org.junit.jupiter.api.Test;

class PayloadFormatTest {
  private static final LogicalType STRING = VarCharType.STRING_TYPE;
  private static final LogicalType BYTES = new VarBinaryType(VarBinaryType.MAX_LENGTH);

  private static RowType table(LogicalType payloadType, String payloadName) {
    return RowType.of(
        new LogicalType[] {STRING, payloadType}, new String[] {"account_id", payloadName});
  }

  @Test
  void thePayloadIsWrittenAsItIsAndTheOtherColumnsAreNot() {
    byte[] payload = Records.utf8("{\"city\":\"Huế 😀\"}");
    byte[] noText = {0, (byte) 0xFF, (byte) 0xC3, '\n'};
    for (byte[] bytes : List.of(payload, noText, new byte[0])) {
      byte[] written =
          PayloadFormatFactory.encoder(table(BYTES, "payload"))
              .serialize(GenericRowData.of(StringData.fromString("A1"), bytes));
      assertArrayEquals(bytes, written);
    }
  }

  @Test
  void thePayloadIsFoundByItsNameWhereverItStands() {
    RowType first =
        RowType.of(new LogicalType[] {BYTES, STRING}, new String[] {"payload", "account_id"});
    byte[] payload = {1, 2, 3};
    assertArrayEquals(
        payload,
        PayloadFormatFactory.encoder(first)
            .serialize(GenericRowData.of(payload, StringData.fromString("A1"))));
  }

  @Test
  void aTableWithoutAPayloadIsRefusedAndShown() {
    for (RowType table :
        List.of(
            table(BYTES, "text"),
            table(STRING, "payload"),
            table(new BigIntType(), "payload"),
            table(new BinaryType(4), "payload"))) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> PayloadFormatFactory.encoder(table));
      assertEquals(
          "format 'payload' needs a column payload BYTES; the table has " + table,
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

  @Test
  void theFormatEncodesWhatTheSinkConsumes() {
    byte[] payload = {1, 2, 3};
    byte[] written =
        new PayloadFormatFactory()
            .createEncodingFormat(null, null)
            .createRuntimeEncoder(
                null,
                DataTypes.ROW(
                    DataTypes.FIELD("payload", DataTypes.BYTES()),
                    DataTypes.FIELD("key", DataTypes.STRING())))
            .serialize(GenericRowData.of(payload, StringData.fromString("A1")));
    assertArrayEquals(payload, written);
  }
}
