package fraudstream.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.util.Collector;
import org.junit.jupiter.api.Test;

class ParseTransactionTest {
  private static final int TX = 0;
  private static final int ARRIVAL_MS = 1;
  private static final int REASON = 2;
  private static final int DETAIL = 3;
  private static final Instant ARRIVAL = Instant.parse("2026-01-02T03:04:06Z");

  private static RowData evaluated(String record, Instant arrival) {
    List<RowData> rows = new ArrayList<>();
    ParseTransaction function = new ParseTransaction();
    function.open(
        new FunctionContext(
            null,
            ParseTransactionTest.class.getClassLoader(),
            Configuration.fromMap(
                Map.of(
                    "fraudstream.max-record-bytes", "1000",
                    "fraudstream.future-tolerance-ms", "0"))));
    function.setCollector(
        new Collector<>() {
          @Override
          public void collect(RowData row) {
            rows.add(row);
          }

          @Override
          public void close() {}
        });
    function.eval(Rows.utf8(record), arrival);
    assertEquals(1, rows.size(), "one row for each record");
    return rows.get(0);
  }

  @Test
  void aTransactionComesWithItsArrivalAndWithoutAReason() {
    RowData row = evaluated(Rows.json(), ARRIVAL);
    assertEquals("A1", row.getRow(TX, Column.values().length).getString(2).toString());
    assertEquals(ARRIVAL.toEpochMilli(), row.getLong(ARRIVAL_MS));
    assertTrue(row.isNullAt(REASON) && row.isNullAt(DETAIL));
  }

  @Test
  void aRefusedRecordComesWithItsReasonAndWithoutATransaction() {
    RowData row = evaluated(Rows.json("transaction_amount_vnd", "-1"), ARRIVAL);
    assertTrue(row.isNullAt(TX));
    assertEquals(ARRIVAL.toEpochMilli(), row.getLong(ARRIVAL_MS));
    assertEquals("invalid_amount", row.getString(REASON).toString());
    assertEquals(
        "transaction_amount_vnd is -1.0; it must be above 0, and at most 1.0E18", row.getString(DETAIL).toString());
  }

  @Test
  void withoutAnArrivalTheClockOfTheMachineJudgesTheFutureAndTheArrivalStaysNull() {
    RowData past = evaluated(Rows.json("event_time", "\"2020-01-01T00:00:00Z\""), null);
    assertTrue(past.isNullAt(REASON) && past.isNullAt(ARRIVAL_MS) && !past.isNullAt(TX));
    RowData future = evaluated(Rows.json("event_time", "\"9000-01-01T00:00:00Z\""), null);
    assertEquals("future_time", future.getString(REASON).toString());
    assertTrue(future.isNullAt(ARRIVAL_MS) && future.isNullAt(TX));
  }
}
