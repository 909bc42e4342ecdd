package fraudstream.kernel.customers;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Function;

/** Where the customers' metadata are, and the limits within which they are read. */
public final class CustomerOptions implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final String TABLE = "dynamodb:";

  /** A file's path, or {@code dynamodb:} and a table's name. */
  public final String source;

  /** The maximum number of customers in memory; a file with more is refused. */
  public final int maxCustomers;

  /**
   * The time after which a file is checked for changes, 0 for never; or for which a row of a table is
   * used without being read again.
   */
  public final long refreshMs;

  /** The maximum time for which a transaction waits for a row of a table. */
  public final long timeoutMs;

  /** The region of the table. */
  public final String region;

  /** The URL of an emulator; null for AWS. */
  public final String endpoint;

  @JsonCreator
  public CustomerOptions(
      @JsonProperty(value = "source", required = true) String source,
      @JsonProperty(value = "max_customers", required = true) int maxCustomers,
      @JsonProperty(value = "refresh_ms", required = true) long refreshMs,
      @JsonProperty(value = "timeout_ms", required = true) long timeoutMs,
      @JsonProperty(value = "region", required = true) String region,
      @JsonProperty(value = "endpoint", required = true) String endpoint) {
    this.source = source;
    this.maxCustomers = maxCustomers;
    this.refreshMs = refreshMs;
    this.timeoutMs = timeoutMs;
    this.region = region;
    this.endpoint = endpoint;
  }

  /** The table's name; null if the metadata are in a file. */
  public String table() {
    return source.startsWith(TABLE) ? source.substring(TABLE.length()) : null;
  }

  /**
   * Opens the metadata; the caller must close them.
   *
   * @param readers opens the reader of a table
   * @param warn takes a message for the log when metadata can't be read, at most one a minute
   * @throws IllegalArgumentException if the file is invalid or can't be read
   */
  public CustomerMetadata open(
      Function<CustomerOptions, CustomerReader> readers, Consumer<String> warn) {
    if (table() == null) {
      return new CustomerFile(Path.of(source), maxCustomers, refreshMs, warn);
    }
    return new CachedCustomers(
        readers.apply(this), this, new RareWarning(warn), System::currentTimeMillis);
  }

  /** All of it as text: equal for equal options. */
  @Override
  public String toString() {
    return String.join(
        " ",
        source,
        String.valueOf(maxCustomers),
        String.valueOf(refreshMs),
        String.valueOf(timeoutMs),
        region,
        endpoint);
  }
}
