package fraudstream.kernel;

import java.time.Instant;
import org.apache.flink.metrics.Counter;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.TableFunction;

/**
 * SQL: {@code parse_transaction(raw BYTES, arrival TIMESTAMP_LTZ(3))}, one row for each record.
 *
 * <p>Either {@code tx} is there and {@code reason} null, or the other way round. A table function,
 * because a scalar one is evaluated again for each field that is read from its result.
 * Flink's metric {@code refused} counts the records without a {@code tx}.
 */
@FunctionHint(
    output =
        @DataTypeHint(
            value = "ROW<tx " + Column.ROW_TYPE + ", arrival_ms BIGINT, reason STRING, detail STRING>",
            bridgedTo = RowData.class))
public class ParseTransaction extends TableFunction<RowData> {
  private static final long serialVersionUID = 1L;

  private transient TransactionParser parser;
  private transient Counter refused;

  @Override
  public void open(FunctionContext context) {
    parser =
        new TransactionParser(
            JobParameters.maxRecordBytes(context), JobParameters.futureToleranceMs(context));
    refused = context.getMetricGroup().counter("refused");
  }

  /**
   * Reads one record.
   *
   * @param arrival when the record arrived in the stream; null where the source can't tell, then
   *     the clock of this machine stands in for it
   */
  public void eval(
      byte[] raw, @DataTypeHint(value = "TIMESTAMP_LTZ(3)", bridgedTo = Instant.class) Instant arrival) {
    Long arrivalMs = arrival == null ? null : arrival.toEpochMilli();
    try {
      long arrivedMs = arrival == null ? System.currentTimeMillis() : arrivalMs;
      collect(GenericRowData.of(parser.parse(raw, arrivedMs), arrivalMs, null, null));
    } catch (RefusedException refusal) {
      refused.inc();
      collect(
          GenericRowData.of(
              null,
              arrivalMs,
              StringData.fromString(refusal.refusal.reason),
              StringData.fromString(refusal.getMessage())));
    }
  }
}
