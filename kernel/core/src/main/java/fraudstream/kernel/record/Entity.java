package fraudstream.kernel.record;

import java.util.Locale;

/**
 * What a window can be of, in the order of the job's steps.
 *
 * <p>The account comes first: its step knows which transactions are doubled or late, and the others
 * never see those. Saved state refers to an entity by its name.
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

  /** The entity of that id field, or null if there is none of that name. */
  public static Entity named(String fieldName) {
    for (Entity entity : values()) {
      if (entity.fieldName.equals(fieldName)) {
        return entity;
      }
    }
    return null;
  }
}
