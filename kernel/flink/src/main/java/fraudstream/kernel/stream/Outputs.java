package fraudstream.kernel.stream;

import java.util.List;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.types.Row;
import org.apache.flink.util.OutputTag;

/**
 * The job's outputs: rows of a key and a JSON payload. Rows with the same key stay together and in
 * order.
 */
final class Outputs {
  static final TypeInformation<Row> KEYED_JSON =
      Types.ROW_NAMED(
          new String[] {"key", "payload"},
          Types.STRING,
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

  static final OutputTag<Row> DEAD_LETTERS = new OutputTag<>("dead_letters", KEYED_JSON);
  static final OutputTag<Row> ALERTS = new OutputTag<>("alerts", KEYED_JSON);
  static final OutputTag<Row> SCORED_TRANSACTIONS =
      new OutputTag<>("scored_transactions", KEYED_JSON);
  static final OutputTag<Row> FEATURES = new OutputTag<>("features", KEYED_JSON);

  private Outputs() {}

  static OutputTag<Row> named(String name) {
    for (OutputTag<Row> tag :
        List.of(DEAD_LETTERS, ALERTS, SCORED_TRANSACTIONS, FEATURES)) {
      if (tag.getId().equals(name)) {
        return tag;
      }
    }
    throw new IllegalArgumentException("unknown output: " + name);
  }
}
