package fraudstream.kernel.customers;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;

/** What the bank knows of its customers, by customer id. Implementations are thread-safe. */
public interface CustomerMetadata extends AutoCloseable {
  /** No metadata: every column of the customer is null. */
  CustomerMetadata NONE = customerId -> CustomerRow.unknown(null);

  /** The row of a customer; never null: unknown customers have a row without values. */
  CustomerRow find(String customerId);

  /** Failures to read the metadata since the start: of a file's reload, or of a table. */
  default long failures() {
    return 0;
  }

  /**
   * Adds the customer's metadata to a parsed transaction, before its features are computed; the event
   * must have its ids and time. Without a customer id nothing is looked up.
   */
  default void enrich(Fields fields, Event event) {
    String customerId = event.ids[Entity.CUSTOMER_ID.ordinal()];
    if (customerId != null) {
      CustomerRow row = find(customerId);
      fields.setCustomer(row.segment, row.kycLevel, row.relationshipDays(event.timeMs));
      event.metadataVersion = row.version;
    }
  }

  @Override
  default void close() {}
}
