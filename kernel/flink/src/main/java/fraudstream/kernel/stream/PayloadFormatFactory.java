package fraudstream.kernel.stream;

import java.util.Set;
import org.apache.flink.api.common.serialization.SerializationSchema;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.EncodingFormat;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.SerializationFormatFactory;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.RowType;

/**
 * The table format {@code 'format' = 'payload'}: sinks write the bytes of column {@code payload}.
 *
 * <p>The table may have other columns, for a partition key. Flink's {@code raw} format allows only
 * one column, so it could not keep an account's records in one shard and in order.
 */
public class PayloadFormatFactory implements SerializationFormatFactory {
  private static final String COLUMN = "payload";

  @Override
  public String factoryIdentifier() {
    return COLUMN;
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of();
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of();
  }

  @Override
  public EncodingFormat<SerializationSchema<RowData>> createEncodingFormat(
      DynamicTableFactory.Context context, ReadableConfig options) {
    return new EncodingFormat<>() {
      @Override
      public SerializationSchema<RowData> createRuntimeEncoder(
          DynamicTableSink.Context sink, DataType consumed) {
        return encoder((RowType) consumed.getLogicalType());
      }

      @Override
      public ChangelogMode getChangelogMode() {
        return ChangelogMode.insertOnly();
      }
    };
  }

  static SerializationSchema<RowData> encoder(RowType row) {
    int field = row.getFieldIndex(COLUMN);
    if (field < 0 || !row.getTypeAt(field).is(LogicalTypeRoot.VARBINARY)) {
      throw new IllegalArgumentException(
          "format 'payload' needs a column " + COLUMN + " BYTES; the table has " + row);
    }
    return new PayloadEncoder(field);
  }

  private static final class PayloadEncoder implements SerializationSchema<RowData> {
    private static final long serialVersionUID = 1L;

    private final int field;

    PayloadEncoder(int field) {
      this.field = field;
    }

    @Override
    public byte[] serialize(RowData row) {
      return row.getBinary(field);
    }
  }
}
