package fraudstream.kernel.record;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The fields of a transaction.
 *
 * <p>Saved state refers to a column by its position in this enum. Append new columns at the end;
 * never move or remove one.
 */
public enum Column {
  TRANSACTION_ID(Kind.TEXT, true),
  EVENT_TIME(Kind.TIME, true),
  ACCOUNT_ID(Kind.TEXT, true),
  TRANSACTION_AMOUNT_VND(Range.MONEY_ABOVE_0, true),
  CUSTOMER_ID(Kind.TEXT, false),
  TRANSACTION_TYPE(Kind.TEXT, false),
  CHANNEL(Kind.TEXT, false),
  TRANSACTION_FEES_VND(Range.MONEY, false),
  COUNTERPARTY_ID(Kind.TEXT, false),
  MERCHANT_ID(Kind.TEXT, false),
  MERCHANT_CATEGORY(Kind.TEXT, false),
  CITY(Kind.TEXT, false),
  LATITUDE(Range.DEGREES_OF_LATITUDE, false),
  LONGITUDE(Range.DEGREES_OF_LONGITUDE, false),
  DEVICE_ID(Kind.TEXT, false),
  BIOMETRIC_FAILURE_COUNT(Range.COUNT, false),
  TOTAL_LOANS_VND(Range.MONEY, false),
  NUM_TRANSACTIONS(Range.COUNT, false),
  NPL_FLAG(Kind.FLAG, false),
  STATUS(Kind.TEXT, false),
  CURRENCY(Kind.TEXT, false),
  COUNTRY(Kind.TEXT, false);

  /** The JSON type of a field. TIME is a string in RFC 3339. */
  public enum Kind {
    TEXT,
    TIME,
    NUMBER,
    FLAG
  }

  public static final int COUNT = values().length;

  private static final Map<String, Column> BY_NAME = new HashMap<>();

  static {
    for (Column column : values()) {
      BY_NAME.put(column.fieldName, column);
    }
  }

  public final String fieldName = name().toLowerCase(Locale.ROOT);
  public final Kind kind;
  public final boolean required;

  /** The values that a number may have; null for any other kind. */
  public final Range range;

  /** Whether the text is an id, in which control characters are refused. */
  public final boolean isId = name().endsWith("_ID");

  Column(Kind kind, boolean required) {
    this.kind = kind;
    this.required = required;
    range = null;
  }

  Column(Range range, boolean required) {
    kind = Kind.NUMBER;
    this.required = required;
    this.range = range;
  }

  /** The column with that JSON field name, or null for an unknown name. */
  public static Column named(String fieldName) {
    return BY_NAME.get(fieldName);
  }
}
