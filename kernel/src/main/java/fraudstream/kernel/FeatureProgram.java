package fraudstream.kernel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.data.RowData;

/** A catalogue, made ready to run: which columns to keep, and each feature in its place. */
final class FeatureProgram {
  /** The entity whose windows this release computes. */
  private static final String ACCOUNT = "account_id";

  /** The entity of a feature that looks at no other transaction. */
  private static final String TRANSACTION = "transaction";

  final List<String> names;
  final long columns;
  final long reachMs;
  private final WindowFeature[] windowFeatures;
  private final RowFeature[] rowFeatures;

  private FeatureProgram(
      List<String> names, WindowFeature[] windowFeatures, RowFeature[] rowFeatures) {
    this.names = names;
    this.windowFeatures = windowFeatures;
    this.rowFeatures = rowFeatures;
    long usedColumns = 0;
    // At least one, so that what has just left the reach is late: a copy of it can't count as new.
    long longestMs = 1;
    for (WindowFeature feature : windowFeatures) {
      if (feature != null) {
        longestMs = Math.max(longestMs, feature.reachMs());
        usedColumns |= feature.column == null ? 0 : 1L << feature.column.ordinal();
      }
    }
    columns = usedColumns;
    reachMs = longestMs;
  }

  static FeatureProgram fromJson(String json) {
    JsonNode specs;
    try {
      specs = new ObjectMapper().readTree(json).path("features");
    } catch (JsonProcessingException problem) {
      throw new IllegalArgumentException("the catalogue is not JSON", problem);
    }
    List<String> names = new ArrayList<>();
    Map<String, Integer> positions = new HashMap<>();
    WindowFeature[] windowFeatures = new WindowFeature[specs.size()];
    RowFeature[] rowFeatures = new RowFeature[specs.size()];
    for (JsonNode spec : specs) {
      int position = names.size();
      String entity = Specs.text(spec, "entity");
      if (entity.equals(ACCOUNT)) {
        windowFeatures[position] = new WindowFeature(spec);
      } else if (entity.equals(TRANSACTION)) {
        rowFeatures[position] = new RowFeature(spec, positions);
      } else {
        throw Specs.wrong(spec, "entity must be " + ACCOUNT + " or " + TRANSACTION);
      }
      String name = Specs.text(spec, "name");
      names.add(name);
      positions.put(name, position);
    }
    return new FeatureProgram(List.copyOf(names), windowFeatures, rowFeatures);
  }

  /** Keeps what the windows need of {@code transaction}; returns its place in {@code history}. */
  int insert(History history, RowData transaction, long idHash) {
    int event = history.insert(transaction.getLong(Column.EVENT_TIME.ordinal()), idHash);
    for (Column column : Column.values()) {
      if ((columns >> column.ordinal() & 1) == 1) {
        history.set(event, history.slot(column), word(transaction, column));
      }
    }
    return event;
  }

  private static long word(RowData transaction, Column column) {
    int field = column.ordinal();
    if (transaction.isNullAt(field)) {
      return History.nullWord(column);
    }
    switch (column.kind) {
      case TEXT:
        return Hash64.of(transaction.getString(field).toBytes());
      case NUMBER:
        // Adding 0.0 makes one value of the two zeros.
        return Double.doubleToLongBits(transaction.getDouble(field) + 0.0);
      case FLAG:
        return Double.doubleToLongBits(transaction.getBoolean(field) ? 1 : 0);
      default:
        return Double.doubleToLongBits(transaction.getLong(field));
    }
  }

  /** All features of the transaction at {@code event}, eight little-endian bytes each, NaN for null. */
  byte[] evaluate(History history, int event, RowData transaction) {
    double[] values = new double[names.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          windowFeatures[i] != null
              ? windowFeatures[i].value(history, event)
              : rowFeatures[i].value(transaction, values);
    }
    // Little-endian is what numpy reads without a copy on every machine that Flink runs on.
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asDoubleBuffer().put(values);
    return bytes.array();
  }

  static long idHash(RowData transaction) {
    return Hash64.of(transaction.getString(Column.TRANSACTION_ID.ordinal()).toBytes());
  }
}
