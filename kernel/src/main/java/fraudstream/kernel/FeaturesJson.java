package fraudstream.kernel;

import java.util.List;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.ScalarFunction;

/** SQL: {@code features_json(transaction_id, features)}, one line of a features file. */
public class FeaturesJson extends ScalarFunction {
  private static final long serialVersionUID = 1L;

  private transient List<String> names;

  @Override
  public void open(FunctionContext context) {
    names = JobParameters.catalogue(context).names;
  }

  public String eval(String transactionId, byte[] features) {
    return RecordJson.features(transactionId, names, features);
  }
}
