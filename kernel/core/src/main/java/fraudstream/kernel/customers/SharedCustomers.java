package fraudstream.kernel.customers;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/** One instance of the metadata for all tasks of a process, so that it is in memory once. */
public final class SharedCustomers implements CustomerMetadata {
  private static final Map<String, SharedCustomers> OPEN = new HashMap<>();

  private final String key;
  private final CustomerMetadata shared;
  private int users;

  private SharedCustomers(String key, CustomerMetadata shared) {
    this.key = key;
    this.shared = shared;
  }

  /**
   * The metadata of these options, opened by the first user and closed by the last; each must close
   * them once. The arguments are those of {@link CustomerOptions#open}.
   */
  public static CustomerMetadata open(
      CustomerOptions options,
      Function<CustomerOptions, CustomerReader> readers,
      Consumer<String> warn) {
    synchronized (OPEN) {
      String key = options.toString();
      SharedCustomers found = OPEN.get(key);
      if (found == null) {
        found = new SharedCustomers(key, options.open(readers, warn));
        OPEN.put(key, found);
      }
      found.users++;
      return found;
    }
  }

  @Override
  public CustomerRow find(String customerId) {
    return shared.find(customerId);
  }

  @Override
  public long failures() {
    return shared.failures();
  }

  @Override
  public void close() {
    synchronized (OPEN) {
      if (--users == 0) {
        OPEN.remove(key);
        shared.close();
      }
    }
  }
}
