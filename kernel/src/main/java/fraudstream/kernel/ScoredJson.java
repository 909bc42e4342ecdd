package fraudstream.kernel;

import java.util.List;
import org.apache.flink.table.annotation.DataTypeHint;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.ScalarFunction;

/** SQL: {@code scored_json(tx, outcome, arrival_ms, score, features)}, a record of the Scored stream. */
public class ScoredJson extends ScalarFunction {
  private static final long serialVersionUID = 1L;

  private transient List<String> names;
  private transient String modelVersion;
  private transient String catalogueVersion;

  @Override
  public void open(FunctionContext context) {
    names = JobParameters.catalogue(context).names;
    modelVersion = JobParameters.modelVersion(context);
    catalogueVersion = JobParameters.catalogueVersion(context);
  }

  public String eval(
      @DataTypeHint(value = Column.ROW_TYPE, bridgedTo = RowData.class) RowData transaction,
      String outcome,
      Long arrivalMs,
      Double score,
      byte[] features) {
    return RecordJson.scored(
        transaction, outcome, arrivalMs, score, modelVersion, catalogueVersion, names, features);
  }
}
