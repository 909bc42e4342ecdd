package fraudstream.kernel;

import org.apache.flink.metrics.Counter;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.annotation.FunctionHint;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.functions.AggregateFunction;
import org.apache.flink.table.functions.FunctionContext;

/**
 * SQL: {@code account_features(tx) OVER (PARTITION BY account ORDER BY proctime ROWS BETWEEN
 * UNBOUNDED PRECEDING AND CURRENT ROW)}.
 *
 * <p>The OVER clause goes by arrival and emits at once; the windows inside go by event time. The
 * result is the outcome for the transaction at hand, and its features if the outcome is {@code new}:
 *
 * <ul>
 *   <li>{@code new}: counted; the features are as of its own event time
 *   <li>{@code duplicate}: the account's history has its transaction_id already; not counted
 *   <li>{@code late}: more than the allowed lateness behind the account's newest; not counted
 * </ul>
 *
 * <p>Flink's metrics {@code duplicates} and {@code late} count the latter two.
 */
@FunctionHint(
    input = @DataTypeHint(value = Column.ROW_TYPE, bridgedTo = RowData.class),
    accumulator = @DataTypeHint(bridgedTo = AccountFeatures.Accumulator.class),
    output =
        @DataTypeHint(value = "ROW<outcome STRING, features BYTES>", bridgedTo = RowData.class))
public class AccountFeatures extends AggregateFunction<RowData, AccountFeatures.Accumulator> {
  private static final long serialVersionUID = 1L;

  private static final StringData NEW = StringData.fromString("new");
  private static final StringData DUPLICATE = StringData.fromString("duplicate");
  private static final StringData LATE = StringData.fromString("late");

  private transient FeatureProgram program;
  private transient long allowedLatenessMs;
  private transient Counter duplicates;
  private transient Counter late;

  /**
   * Belongs to the last call of accumulate. The OVER operator asks for it right after, so it needs
   * no place in the saved state.
   */
  private transient RowData result;

  /** The saved state of one account. A structured type, so that no Kryo is involved. */
  public static class Accumulator {
    /** A {@link History}; empty before the first transaction. */
    public byte[] history = {};
  }

  @Override
  public void open(FunctionContext context) {
    program = JobParameters.catalogue(context);
    allowedLatenessMs = JobParameters.allowedLatenessMs(context);
    duplicates = context.getMetricGroup().counter("duplicates");
    late = context.getMetricGroup().counter("late");
  }

  @Override
  public Accumulator createAccumulator() {
    return new Accumulator();
  }

  public void accumulate(Accumulator accumulator, RowData transaction) {
    History history = History.of(accumulator.history, program.columns);
    long timeMs = transaction.getLong(Column.EVENT_TIME.ordinal());
    long idHash = FeatureProgram.idHash(transaction);
    int count = history.count();
    long newestMs = count == 0 ? timeMs : Math.max(timeMs, history.timeMs(count - 1));
    if (newestMs - timeMs > allowedLatenessMs) {
      late.inc();
      result = GenericRowData.of(LATE, null);
    } else if (history.contains(idHash)) {
      duplicates.inc();
      result = GenericRowData.of(DUPLICATE, null);
    } else {
      history.evictUpTo(newestMs - program.reachMs - allowedLatenessMs);
      int event = program.insert(history, transaction, idHash);
      result = GenericRowData.of(NEW, program.evaluate(history, event, transaction));
      accumulator.history = history.bytes();
    }
  }

  @Override
  public RowData getValue(Accumulator accumulator) {
    return result;
  }
}
