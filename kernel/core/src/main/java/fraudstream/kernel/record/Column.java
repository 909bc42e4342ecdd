package fraudstream.kernel.record;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The fields of a transaction, and those that the customer's metadata add to it.
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
  COUNTRY(Kind.TEXT, false),
  // Not of the record: what the bank knows of the customer, by customer id.
  CUSTOMER_SEGMENT(Kind.TEXT, null),
  CUSTOMER_KYC_LEVEL(Kind.NUMBER, Range.COUNT),
  CUSTOMER_RELATIONSHIP_DAYS(Kind.NUMBER, Range.COUNT);

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

  /** The fields that a sender's record may have, in order. */
  public static final List<Column> OF_RECORDS =
      Arrays.stream(values())
          .filter(column -> !column.isMetadata)
          .collect(Collectors.toUnmodifiableList());

  public final String fieldName = name().toLowerCase(Locale.ROOT);
  public final Kind kind;
  public final boolean required;

  /** The values that a number may have; null for any other kind. */
  public final Range range;

  /** Whether the value comes from the customer's metadata, and never from the sender. */
  public final boolean isMetadata;

  /** Whether the text is an id, in which control characters are refused. */
  public final boolean isId = name().endsWith("_ID");

  Column(Kind kind, boolean required) {
    this.kind = kind;
    this.required = required;
    range = null;
    isMetadata = false;
  }

  Column(Range range, boolean required) {
    kind = Kind.NUMBER;
    this.required = required;
    this.range = range;
    isMetadata = false;
  }

  /** A column of the customer's metadata. */
  Column(Kind kind, Range range) {
    this.kind = kind;
    this.range = range;
    required = false;
    isMetadata = true;
  }

  /** The field of a record with that name, or null for a name that no sender's field has. */
  public static Column named(String fieldName) {
    Column column = BY_NAME.get(fieldName);
    return column == null || column.isMetadata ? null : column;
  }

  /** The column of that name for a feature: a record's field or metadata; null if it is unknown. */
  public static Column ofFeature(String name) {
    return BY_NAME.get(name);
  }
}
