package fraudstream.kernel.stream;

import fraudstream.kernel.json.ReviewJson;
import java.util.List;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.types.Row;
import org.apache.flink.util.OutputTag;

/**
 * The outputs of the job's steps. Those that go to sinks are rows of a key and a JSON payload; rows
 * with the same key stay together and in order.
 */
final class Outputs {
  static final TypeInformation<Row> KEYED_JSON =
      Types.ROW_NAMED(
          new String[] {"key", "payload"},
          Types.STRING,
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO);

  /** A dead letter on its way to {@link LetterLimit}: also its reason, place and number of records. */
  static final TypeInformation<Row> LETTER =
      Types.ROW_NAMED(
          new String[] {"key", "payload", "reason", "shard_id", "sequence_number", "records"},
          Types.STRING,
          PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO,
          Types.STRING,
          Types.STRING,
          Types.STRING,
          Types.LONG);

  static final int KEY = 0;
  static final int PAYLOAD = 1;
  static final int LETTER_REASON = 2;
  static final int SHARD = 3;
  static final int SEQUENCE_NUMBER = 4;
  static final int RECORDS = 5;

  /** A transaction that can't be judged, on its way to {@link ReviewLimit}. */
  static final TypeInformation<Row> REVIEW =
      Types.ROW_NAMED(
          new String[] {
            "account",
            "transaction_id",
            "reason",
            "detail",
            "time_ms",
            "arrival_ms",
            "amount_vnd",
            "record_sha256"
          },
          Types.STRING,
          Types.STRING,
          Types.STRING,
          Types.STRING,
          Types.LONG,
          Types.LONG,
          Types.DOUBLE,
          Types.STRING);

  static final int ACCOUNT = 0;
  static final int TRANSACTION = 1;
  static final int REVIEW_REASON = 2;
  static final int DETAIL = 3;
  static final int TIME_MS = 4;
  static final int ARRIVAL_MS = 5;
  static final int AMOUNT_VND = 6;
  static final int RECORD_SHA256 = 7;

  static final OutputTag<Row> DEAD_LETTERS = new OutputTag<>("dead_letters", LETTER);
  static final OutputTag<Row> REVIEWS = new OutputTag<>("reviews", REVIEW);
  static final OutputTag<Row> ALERTS = new OutputTag<>("alerts", KEYED_JSON);
  static final OutputTag<Row> SCORED_TRANSACTIONS =
      new OutputTag<>("scored_transactions", KEYED_JSON);
  static final OutputTag<Row> FEATURES = new OutputTag<>("features", KEYED_JSON);

  private Outputs() {}

  /** The transaction of a {@link #REVIEW} row. */
  static ReviewJson.Subject subject(Row review) {
    return new ReviewJson.Subject(
        (String) review.getField(ACCOUNT),
        (String) review.getField(TRANSACTION),
        (long) review.getField(TIME_MS),
        (long) review.getField(ARRIVAL_MS),
        (double) review.getField(AMOUNT_VND),
        (String) review.getField(RECORD_SHA256));
  }

  static OutputTag<Row> named(String name) {
    for (OutputTag<Row> tag :
        List.of(DEAD_LETTERS, REVIEWS, ALERTS, SCORED_TRANSACTIONS, FEATURES)) {
      if (tag.getId().equals(name)) {
        return tag;
      }
    }
    throw new IllegalArgumentException("unknown output: " + name);
  }
}
