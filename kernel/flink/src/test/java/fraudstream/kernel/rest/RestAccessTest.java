package fraudstream.kernel.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RestAccessTest {
  private static final RestAccess READ =
      new RestAccess(RestAccess.Level.READ, List.of("jobmanager"));
  private static final RestAccess CLIENTS =
      new RestAccess(RestAccess.Level.CLIENTS, List.of("jobmanager"));
  private static final String HOST = "127.0.0.1:8081";

  private static boolean isAllowed(RestAccess access, String method, String uri) {
    return access.refusal(method, uri, HOST, null).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /jobs/overview, true, true",
    "HEAD, /, true, true",
    "POST, /jobs, false, true",
    "POST, /jars/upload, false, true",
    "PATCH, /jobs/1?mode=cancel, false, true",
    "DELETE, /cluster, false, true",
    "OPTIONS, /jobs, false, true",
    "GET, /jobs/1/yarn-cancel, false, false",
    "GET, /v1/jobs/1/yarn-stop/, false, false",
    "GET, /jobs/1/yarn%2Dcancel, false, false",
    "GET, /jobs//1//yarn-cancel?a=b, false, false",
  })
  void aLevelAllowsTheMethodsOfItsName(
      String method, String uri, boolean canRead, boolean canCall) {
    assertEquals(canRead, isAllowed(READ, method, uri));
    assertEquals(canCall, isAllowed(CLIENTS, method, uri));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"localhost:8081", "127.0.0.1", "[::1]:8081", "JOBMANAGER:8081", "10.0.0.7:1"})
  void theClustersNamesAndEveryAddressAreAllowed(String host) {
    assertTrue(CLIENTS.refusal("GET", "/jobs", host, null).isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"evil.example", "evil.example:8081", "localhost.evil.example", "1.2.3.4.evil", ""})
  void aNameThatSomebodyElseCouldPointHereIsRefused(String host) {
    assertTrue(CLIENTS.refusal("GET", "/jobs", host, null).isPresent());
  }

  @Test
  void aRequestWithoutAHostIsRefused() {
    assertTrue(CLIENTS.refusal("GET", "/jobs", null, null).isPresent());
  }

  @ParameterizedTest
  @CsvSource({
    "http://127.0.0.1:8081, true",
    "https://127.0.0.1:8081, true",
    "http://127.0.0.1:8000, false",
    "http://evil.example, false",
    "null, false"
  })
  void onlyTheEndpointsOwnPageSendsRequests(String origin, boolean isAllowed) {
    assertEquals(isAllowed, CLIENTS.refusal("POST", "/jobs", HOST, origin).isEmpty());
    assertEquals(isAllowed, READ.refusal("GET", "/jobs", HOST, origin).isEmpty());
  }

  @Test
  void aMalformedPathIsRefused() {
    assertTrue(CLIENTS.refusal("GET", "/jobs/%zz", HOST, null).isPresent());
  }

  @Test
  void anUnknownLevelIsRefusedByName() {
    Exception error =
        assertThrows(IllegalArgumentException.class, () -> RestAccess.Level.of("open"));
    assertEquals(
        "fraudstream.rest.access is open; use closed, read or clients", error.getMessage());
  }
}
