package fraudstream.kernel.record;

import java.util.Locale;

/**
 * The entities that windows are keyed by, in the order of the job's steps.
 *
 * <p>The account comes first: its step detects duplicate and late transactions, which the steps of
 * the other entities do not count. Saved state refers to an entity by its name.
 */
public enum Entity {
  ACCOUNT_ID(Column.ACCOUNT_ID),
  CUSTOMER_ID(Column.CUSTOMER_ID),
  DEVICE_ID(Column.DEVICE_ID),
  MERCHANT_ID(Column.MERCHANT_ID),
  COUNTERPARTY_ID(Column.COUNTERPARTY_ID);

  public static final int COUNT = values().length;

  public final String fieldName = name().toLowerCase(Locale.ROOT);
  public final Column column;

  Entity(Column column) {
    this.column = column;
  }

  /** The entity with that id field, or null for an unknown name. */
  public static Entity named(String fieldName) {
    for (Entity entity : values()) {
      if (entity.fieldName.equals(fieldName)) {
        return entity;
      }
    }
    return null;
  }
}
