package fraudstream.kernel.customers;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * The metadata of a table, through a bounded cache of the rows that were used last.
 *
 * <p>One thread reads the table, up to {@link CustomerReader#MAX_IDS} customers at a time. A customer who
 * is not in the cache is waited for, up to the timeout; one whose row is older than the refresh time has
 * that row until the table is read again. Customers whom the table doesn't have are remembered in the same
 * way. While the table can't be read, customers who are not in the cache have no values and the version
 * {@link CustomerRow#UNAVAILABLE}; after a wait in vain, or while reads fail, nothing waits for a time.
 */
final class CachedCustomers implements CustomerMetadata {
  /** The ids that wait to be read; further ones are unavailable until there is room. */
  static final int MAX_WAITING = 10_000;

  /** After a wait in vain, nothing waits for so many timeouts: at most 5 % of the time is lost. */
  static final int TIMEOUTS_WITHOUT_WAITS = 19;

  private static final long FIRST_PAUSE_MS = 100;
  private static final long MAX_PAUSE_MS = 5_000;

  private final CustomerReader reader;
  private final CustomerOptions options;
  private final Consumer<String> warn;
  private final LongSupplier nowMs;
  private final AtomicLong failures = new AtomicLong();
  private final CustomerRow unavailable = CustomerRow.unknown(CustomerRow.UNAVAILABLE);
  private final Thread thread = new Thread(this::readAll, "customer-table");

  // Guarded by this.
  private final Map<String, Cached> cache =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Cached> eldest) {
          return size() > options.maxCustomers;
        }
      };
  private final Map<String, CompletableFuture<CustomerRow>> waiting = new LinkedHashMap<>();
  private long noWaitsUntilMs = Long.MIN_VALUE;
  private boolean isClosed;

  private static final class Cached {
    final CustomerRow row;
    final long readMs;

    Cached(CustomerRow row, long readMs) {
      this.row = row;
      this.readMs = readMs;
    }
  }

  CachedCustomers(
      CustomerReader reader, CustomerOptions options, Consumer<String> warn, LongSupplier nowMs) {
    this.reader = reader;
    this.options = options;
    this.warn = warn;
    this.nowMs = nowMs;
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public CustomerRow find(String customerId) {
    CompletableFuture<CustomerRow> read;
    synchronized (this) {
      long now = nowMs.getAsLong();
      Cached cached = cache.get(customerId);
      if (cached == null || now - cached.readMs >= options.refreshMs) {
        read = wanted(customerId);
      } else {
        return cached.row;
      }
      if (cached != null) {
        return cached.row;
      }
      if (read == null || now < noWaitsUntilMs) {
        return unavailable;
      }
    }
    return await(read);
  }

  /** The read of a customer that is under way or due; null if too many are. */
  private CompletableFuture<CustomerRow> wanted(String customerId) {
    CompletableFuture<CustomerRow> read = waiting.get(customerId);
    if (read == null && waiting.size() < MAX_WAITING && !isClosed) {
      read = new CompletableFuture<>();
      waiting.put(customerId, read);
      notifyAll();
    }
    return read;
  }

  private CustomerRow await(CompletableFuture<CustomerRow> read) {
    try {
      return read.get(options.timeoutMs, TimeUnit.MILLISECONDS);
    } catch (TimeoutException tooSlow) {
      failures.incrementAndGet();
      synchronized (this) {
        noWaitsUntilMs = nowMs.getAsLong() + TIMEOUTS_WITHOUT_WAITS * options.timeoutMs;
      }
      warn.accept(
          "customer_metadata: " + options.source + " did not answer within " + options.timeoutMs + " ms");
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
    return unavailable;
  }

  @Override
  public long failures() {
    return failures.get();
  }

  /** The number of customers in the cache, also of those whom the table doesn't have. */
  synchronized int size() {
    return cache.size();
  }

  @Override
  public void close() {
    synchronized (this) {
      isClosed = true;
      answer(new ArrayList<>(waiting.keySet()), Map.of());
      notifyAll();
    }
    thread.interrupt();
    reader.close();
  }

  // ---- the thread ----

  private void readAll() {
    long pauseMs = FIRST_PAUSE_MS;
    try {
      for (List<String> ids = next(); !ids.isEmpty(); ids = next()) {
        try {
          keep(ids, reader.read(ids));
          pauseMs = FIRST_PAUSE_MS;
        } catch (InterruptedException stopped) {
          return;
        } catch (Exception | LinkageError problem) {
          failed(ids, problem, pauseMs);
          Thread.sleep(pauseMs);
          pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS);
        }
      }
    } catch (InterruptedException stopped) {
      // Closed.
    }
  }

  /** Waits for customers to read; empty once this is closed. */
  private synchronized List<String> next() throws InterruptedException {
    while (waiting.isEmpty() && !isClosed) {
      wait();
    }
    List<String> ids = new ArrayList<>();
    for (String id : waiting.keySet()) {
      ids.add(id);
      if (ids.size() == CustomerReader.MAX_IDS) {
        break;
      }
    }
    return ids;
  }

  private synchronized void keep(List<String> ids, Map<String, Map<String, String>> found) {
    long now = nowMs.getAsLong();
    String version = Instant.ofEpochSecond(Math.floorDiv(now, 1_000L)).toString();
    Map<String, CustomerRow> rows = new LinkedHashMap<>();
    for (String id : ids) {
      CustomerRow row = row(id, found.get(id), version);
      rows.put(id, row);
      cache.put(id, new Cached(row, now));
    }
    answer(ids, rows);
  }

  private CustomerRow row(String id, Map<String, String> texts, String version) {
    if (texts == null) {
      return CustomerRow.unknown(version);
    }
    try {
      return CustomerRow.of(
          texts.get(CustomerRow.SEGMENT),
          texts.get(CustomerRow.KYC_LEVEL),
          texts.get(CustomerRow.CUSTOMER_SINCE),
          version);
    } catch (IllegalArgumentException invalid) {
      failures.incrementAndGet();
      warn.accept(
          "customer_metadata: " + options.source + ": customer '" + id + "': " + invalid.getMessage());
      return CustomerRow.unknown(CustomerRow.INVALID);
    }
  }

  private synchronized void failed(List<String> ids, Throwable problem, long pauseMs) {
    failures.incrementAndGet();
    noWaitsUntilMs = nowMs.getAsLong() + pauseMs;
    answer(ids, Map.of());
    warn.accept(
        "customer_metadata: " + options.source + " can't be read: " + problem);
  }

  private void answer(List<String> ids, Map<String, CustomerRow> rows) {
    for (String id : ids) {
      CompletableFuture<CustomerRow> read = waiting.remove(id);
      if (read != null) {
        read.complete(rows.getOrDefault(id, unavailable));
      }
    }
  }
}
