package fraudstream.kernel.customers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class CachedCustomersTest {
  private static final long REFRESH_MS = 60_000;

  /** 2026-01-02 04:00 UTC. */
  private final AtomicLong nowMs = new AtomicLong(1_767_326_400_000L);

  private final Map<String, Map<String, String>> table = new ConcurrentHashMap<>();
  private final List<List<String>> reads = new CopyOnWriteArrayList<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private volatile boolean isAway;
  private volatile CountDownLatch hold = new CountDownLatch(0);
  private CachedCustomers customers;

  private Map<String, Map<String, String>> read(List<String> ids) throws Exception {
    reads.add(ids);
    hold.await();
    if (isAway) {
      throw new IOException("throttled");
    }
    Map<String, Map<String, String>> found = new HashMap<>();
    ids.forEach(
        id -> {
          if (table.containsKey(id)) {
            found.put(id, table.get(id));
          }
        });
    return found;
  }

  private CachedCustomers opened(int maxCustomers, long timeoutMs) {
    CustomerOptions options =
        new CustomerOptions("dynamodb:T", maxCustomers, REFRESH_MS, timeoutMs, "r", null);
    customers = new CachedCustomers(this::read, options, warnings::add, nowMs::get);
    return customers;
  }

  @AfterEach
  void close() {
    hold.countDown();
    customers.close();
  }

  private void put(String id, String level) {
    table.put(id, Map.of("kyc_level", level));
  }

  private static void until(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  @Test
  void aCustomerIsReadOnceAndHasTheTimeOfTheReadAsVersion() {
    put("C1", "2");
    opened(10, 5_000);
    CustomerRow row = customers.find("C1");
    assertEquals(2, row.kycLevel);
    assertEquals("2026-01-02T04:00:00Z", row.version);
    nowMs.addAndGet(REFRESH_MS - 1);
    assertEquals(row, customers.find("C1"));
    assertEquals(List.of(List.of("C1")), reads);
  }

  @Test
  void thatTheTableDoesNotHaveACustomerIsRememberedToo() {
    opened(10, 5_000);
    CustomerRow row = customers.find("C1");
    assertNull(row.segment);
    assertEquals("2026-01-02T04:00:00Z", row.version);
    assertEquals(row, customers.find("C1"));
    assertEquals(1, reads.size());
  }

  @Test
  void anOldRowIsUsedUntilTheTableIsReadAgain() throws InterruptedException {
    put("C1", "1");
    opened(10, 5_000);
    customers.find("C1");
    put("C1", "3");
    nowMs.addAndGet(REFRESH_MS);
    hold = new CountDownLatch(1);
    assertEquals(1, customers.find("C1").kycLevel);
    assertEquals(1, customers.find("C1").kycLevel);
    hold.countDown();
    until(() -> customers.find("C1").kycLevel == 3);
    assertEquals(2, reads.size());
  }

  @Test
  void theCacheKeepsTheCustomersThatWereUsedLast() {
    List.of("C1", "C2", "C3").forEach(id -> put(id, "1"));
    opened(2, 5_000);
    customers.find("C1");
    customers.find("C2");
    customers.find("C1");
    customers.find("C3");
    assertEquals(2, customers.size());
    customers.find("C1");
    assertEquals(3, reads.size());
    customers.find("C2");
    assertEquals(4, reads.size());
  }

  @Test
  void aTableThatDoesNotAnswerIsWaitedForOnceAndThenNotForATime() throws InterruptedException {
    put("C1", "1");
    put("C2", "2");
    opened(1_000, 20);
    hold = new CountDownLatch(1);
    assertEquals(CustomerRow.UNAVAILABLE, customers.find("C1").version);
    long began = System.nanoTime();
    for (int i = 0; i < 100; i++) {
      assertEquals(CustomerRow.UNAVAILABLE, customers.find("C" + i).version);
    }
    assertTrue(System.nanoTime() - began < 1_000_000_000L, "100 waits would take 2 s");
    assertEquals(1, customers.failures());
    assertEquals(
        List.of("customer_metadata: dynamodb:T did not answer within 20 ms"), warnings);
    hold.countDown();
    until(() -> customers.find("C2").kycLevel == 2);
    assertEquals(1, customers.find("C1").kycLevel);
  }

  @Test
  void customersThatWaitTogetherAreReadTogetherAndAtMost100AtATime() throws InterruptedException {
    opened(1_000, 20);
    hold = new CountDownLatch(1);
    customers.find("first");
    for (int i = 0; i < 150; i++) {
      customers.find("C" + i);
    }
    hold.countDown();
    until(() -> customers.size() == 151);
    assertEquals(List.of(1, 100, 50), List.of(size(0), size(1), size(2)));
    assertEquals(3, reads.size());
  }

  private int size(int read) {
    return reads.get(read).size();
  }

  @Test
  void onlySoManyCustomersWaitToBeRead() throws InterruptedException {
    opened(20_000, 1);
    hold = new CountDownLatch(1);
    for (int i = 0; i < CachedCustomers.MAX_WAITING + 500; i++) {
      assertEquals(CustomerRow.UNAVAILABLE, customers.find("C" + i).version);
    }
    hold.countDown();
    until(() -> customers.size() == CachedCustomers.MAX_WAITING);
    Thread.sleep(5);
    assertEquals(CachedCustomers.MAX_WAITING, customers.size());
  }

  @Test
  void duringAnOutageKnownCustomersKeepTheirRowsAndOthersAreUnavailable() throws Exception {
    put("C1", "1");
    put("C2", "2");
    opened(10, 5_000);
    CustomerRow known = customers.find("C1");
    isAway = true;
    nowMs.addAndGet(REFRESH_MS);
    assertEquals(known, customers.find("C1"));
    until(() -> customers.failures() == 1);
    assertEquals(known, customers.find("C1"));
    assertEquals(CustomerRow.UNAVAILABLE, customers.find("C2").version);
    assertTrue(warnings.get(0).contains("dynamodb:T can't be read"), warnings.get(0));
    assertTrue(warnings.get(0).contains("throttled"), warnings.get(0));
    isAway = false;
    until(
        () -> {
          nowMs.addAndGet(10);
          return customers.find("C2").kycLevel == 2;
        });
  }

  @Test
  void anInvalidRowHasNoValuesAndIsNamedInTheWarning() {
    put("C1", "9");
    opened(10, 5_000);
    CustomerRow row = customers.find("C1");
    assertEquals(Double.NaN, row.kycLevel);
    assertEquals(CustomerRow.INVALID, row.version);
    assertEquals(1, customers.failures());
    assertTrue(warnings.get(0).contains("customer 'C1': kyc_level is '9'"), warnings.get(0));
  }

  @Test
  void onceItIsClosedNothingWaits() {
    opened(10, 60_000);
    customers.close();
    assertEquals(CustomerRow.UNAVAILABLE, customers.find("C1").version);
  }
}
