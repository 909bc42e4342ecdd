package fraudstream.kernel.profiles.stores;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileStoreFactory;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The stores on servers, without one; tests/stack/test_java_profile_stores.py writes to real ones. */
class ServerStoresTest {
  private static final String PASSWORD = "p%40ss%3Aw%2Frd%23%25%2B";

  private static ProfileStoreFactory factory(String url) {
    return ServiceLoader.load(ProfileStoreFactory.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(each -> each.scheme().equals(url.substring(0, url.indexOf(':'))))
        .findAny()
        .orElseThrow();
  }

  private static String refusal(String url) {
    IOException refusal =
        assertThrows(IOException.class, () -> factory(url).open(url, Map.of()));
    assertFalse(refusal.getMessage().contains("hunter2"), refusal.getMessage());
    return refusal.getMessage();
  }

  @Test
  void everySchemeHasAFactory() {
    assertEquals(
        new TreeSet<>(List.of("dynamodb", "postgresql", "redis", "rediss", "sqlite")),
        ServiceLoader.load(ProfileStoreFactory.class).stream()
            .map(each -> each.get().scheme())
            .collect(Collectors.toCollection(TreeSet::new)));
  }

  @Test
  void theAddressHasThePartsOfItsUrl() throws Exception {
    StoreAddress address =
        StoreAddress.parse("postgresql://bank:" + PASSWORD + "@db.example/fraud?sslmode=require", 5432, "");
    assertEquals("bank", address.user);
    assertEquals("p@ss:w/rd#%+", address.password);
    assertEquals("fraud", address.database);
    assertEquals(Map.of("sslmode", "require"), address.parameters);
    assertEquals("postgresql://bank:***@db.example:5432/fraud", address.toString());
  }

  @Test
  void aRedisUrlMayLackUserPasswordAndNumber() throws Exception {
    StoreAddress address = StoreAddress.parse("redis://localhost", 6379, "");
    assertNull(address.user);
    assertNull(address.password);
    assertEquals("", address.database);
    StoreAddress secret = StoreAddress.parse("redis://:x@[::1]:1/3", 6379, "");
    assertNull(secret.user);
    assertEquals("redis://:***@[::1]:1/3", secret.toString());
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, true", "127.0.0.1, true", "127.1.2.3, true", "[::1], true",
    "10.0.0.1, false", "db.example, false", "localhost.example, false",
  })
  void onlyThisMachineIsLoopback(String host, boolean isLoopback) throws Exception {
    assertEquals(isLoopback, StoreAddress.parse("redis://" + host + ":1/0", 1, "").isLoopback());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://u:hunter2#@h/d",
        "postgresql://u:hunter2@h",
        "postgresql://h/d",
        "postgresql://u:hunter2%@h/d",
        "postgresql://u:hunter2@h/d?ssl=1",
        "redis://:hunter2@h/cache",
        "redis://hunter2@h/0",
        "redis://u:12/hunter2@h/0",
        "redis://u:12?hunter2@h/0",
        "postgresql://u:12/hunter2@h/d",
        "redis://:hunter2@h/0?x=1",
        "rediss://:hunter2@/0",
        "dynamodb:hunter2!",
        "dynamodb:",
      })
  void aWrongUrlIsRefusedWithTheRemedyAndWithoutThePassword(String url) {
    String message = refusal(url);
    assertTrue(message.matches(".*(write|known ones).*"), message);
  }

  @Test
  void anUnreachableServerIsNamedWithoutThePassword() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    String at = "127.0.0.1:" + port + "/";
    assertTrue(
        refusal("postgresql://u:hunter2@" + at + "d")
            .startsWith("the profile store postgresql://u:***@" + at + "d can't be opened: "));
    assertTrue(
        refusal("redis://:hunter2@" + at + "0")
            .startsWith("the profile store redis://:***@" + at + "0 can't be opened: "));
  }

  @Test
  void aServerThatNeverAnswersIsAnErrorAtTheDeadline() throws Exception {
    Duration second = Duration.ofSeconds(1);
    try (ServerSocket silent = new ServerSocket(0)) {
      String at = "127.0.0.1:" + silent.getLocalPort() + "/0";
      StoreAddress postgres = StoreAddress.parse("postgresql://u:x@" + at, 1, "");
      StoreAddress redis = StoreAddress.parse("redis://:x@" + at, 1, "");
      assertTimeoutPreemptively(
          Duration.ofSeconds(8),
          () -> {
            assertThrows(IOException.class, () -> new PostgresStore(postgres, () -> 0, second));
            assertThrows(IOException.class, () -> new RedisStore(redis, () -> 0, second));
          });
    }
  }

  @Test
  void batchesAreBoundedByRowsAndBytesAndKeepTheOrder() {
    ProfileRow small = new ProfileRow("account_id", "a", 1, 1, 1, 1, new byte[1]);
    ProfileRow large = new ProfileRow("account_id", "a", 1, 1, 1, 1, new byte[3_000_000]);
    assertEquals(List.of(), StoreLayout.batches(List.of()));
    assertEquals(
        List.of(100, 100, 1),
        StoreLayout.batches(Collections.nCopies(201, small)).stream()
            .map(List::size)
            .collect(Collectors.toList()));
    assertEquals(
        List.of(List.of(small, large), List.of(large, small)),
        StoreLayout.batches(List.of(small, large, large, small)));
  }

  @Test
  void aProfileBeyondOneItemHasFurtherPiecesOfItsWrite() {
    byte[] profile = new byte[900_000];
    new java.util.Random(1).nextBytes(profile);
    ProfileRow row = new ProfileRow("account_id", "a#b", 1, 1, 1, 1_001, profile);
    var items = DynamoItems.items(row, "w");
    assertEquals(
        List.of("0", "w#1", "w#2"),
        items.stream().map(each -> each.get("part").s()).collect(Collectors.toList()));
    assertTrue(items.stream().allMatch(each -> each.get("key").s().equals("account_id#a#b")));
    assertTrue(items.stream().allMatch(each -> each.get("expires_s").n().equals("2")));
    assertEquals(
        List.of("w#1", "w#2"),
        DynamoItems.chunkKeys(row, items.get(0)).stream()
            .map(each -> each.get("part").s())
            .collect(Collectors.toList()));
    assertEquals(List.of(), DynamoItems.chunkKeys(row, null));
  }
}
