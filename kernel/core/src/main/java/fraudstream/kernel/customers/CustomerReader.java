package fraudstream.kernel.customers;

import java.util.List;
import java.util.Map;

/** Reads rows of a table of customers; {@link CachedCustomers} calls it from its own thread. */
public interface CustomerReader extends AutoCloseable {
  /** The maximum number of ids of a call: what one BatchGetItem takes. */
  int MAX_IDS = 100;

  /** The text of a value that is no text, nor a number of the level; no column takes it. */
  String OF_ANOTHER_TYPE = " ";

  /**
   * The texts of the customers' rows by id, each by the name of its column: segment, kyc_level and
   * customer_since. Customers whom the table doesn't have are left out.
   *
   * @param ids different ids, at least one and at most {@link #MAX_IDS}
   * @throws Exception if the table could not be read, within a bounded time; the message says why
   */
  Map<String, Map<String, String>> read(List<String> ids) throws Exception;

  @Override
  default void close() {}
}
