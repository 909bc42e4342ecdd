package fraudstream.kernel;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The fields of a transaction, in the order of the row that {@link ParseTransaction} emits.
 *
 * <p>Saved state refers to a column by its position here: append new ones, never move or remove one.
 */
public enum Column {
  TRANSACTION_ID(Kind.TEXT, true),
  EVENT_TIME(Kind.TIME, true),
  ACCOUNT_ID(Kind.TEXT, true),
  TRANSACTION_AMOUNT_VND(Kind.NUMBER, true),
  CUSTOMER_ID(Kind.TEXT, false),
  TRANSACTION_TYPE(Kind.TEXT, false),
  CHANNEL(Kind.TEXT, false),
  TRANSACTION_FEES_VND(Kind.NUMBER, false),
  COUNTERPARTY_ID(Kind.TEXT, false),
  MERCHANT_ID(Kind.TEXT, false),
  MERCHANT_CATEGORY(Kind.TEXT, false),
  CITY(Kind.TEXT, false),
  LATITUDE(Kind.NUMBER, false),
  LONGITUDE(Kind.NUMBER, false),
  DEVICE_ID(Kind.TEXT, false),
  BIOMETRIC_FAILURE_COUNT(Kind.NUMBER, false),
  TOTAL_LOANS_VND(Kind.NUMBER, false),
  NUM_TRANSACTIONS(Kind.NUMBER, false),
  NPL_FLAG(Kind.FLAG, false),
  STATUS(Kind.TEXT, false),
  CURRENCY(Kind.TEXT, false),
  COUNTRY(Kind.TEXT, false);

  /** What a field holds in JSON, and in a row: STRING, BIGINT (epoch ms), DOUBLE, BOOLEAN. */
  enum Kind {
    TEXT,
    TIME,
    NUMBER,
    FLAG
  }

  /** The row's type; {@code TransactionParserTest} holds it against the constants above. */
  static final String ROW_TYPE =
      "ROW<transaction_id STRING, event_time BIGINT, account_id STRING,"
          + " transaction_amount_vnd DOUBLE, customer_id STRING, transaction_type STRING,"
          + " channel STRING, transaction_fees_vnd DOUBLE, counterparty_id STRING,"
          + " merchant_id STRING, merchant_category STRING, city STRING, latitude DOUBLE,"
          + " longitude DOUBLE, device_id STRING, biometric_failure_count DOUBLE,"
          + " total_loans_vnd DOUBLE, num_transactions DOUBLE, npl_flag BOOLEAN, status STRING,"
          + " currency STRING, country STRING>";

  private static final Map<String, Column> BY_NAME = new HashMap<>();

  static {
    for (Column column : values()) {
      BY_NAME.put(column.fieldName, column);
    }
  }

  final String fieldName = name().toLowerCase(Locale.ROOT);
  final Kind kind;
  final boolean required;

  Column(Kind kind, boolean required) {
    this.kind = kind;
    this.required = required;
  }

  /** The column of that JSON field, or null if a transaction has none of that name. */
  static Column named(String fieldName) {
    return BY_NAME.get(fieldName);
  }

  String sqlType() {
    switch (kind) {
      case TEXT:
        return "STRING";
      case TIME:
        return "BIGINT";
      case NUMBER:
        return "DOUBLE";
      default:
        return "BOOLEAN";
    }
  }
}
