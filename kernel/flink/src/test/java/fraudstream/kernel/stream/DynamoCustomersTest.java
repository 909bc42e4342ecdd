package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import fraudstream.kernel.customers.CustomerOptions;
import fraudstream.kernel.customers.CustomerReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The reader of the job against a small imitation of DynamoDB's BatchGetItem. */
class DynamoCustomersTest {
  private static final String THROTTLED =
      "{\"__type\":\"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException\","
          + "\"message\":\"slow down\"}";

  private final List<JsonNode> requests = new ArrayList<>();
  private final Deque<String> answers = new ArrayDeque<>();
  private HttpServer server;
  private DynamoCustomers customers;

  @BeforeEach
  void start() throws IOException {
    System.setProperty("aws.accessKeyId", "any");
    System.setProperty("aws.secretKey", "any");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    String endpoint = "http://127.0.0.1:" + server.getAddress().getPort();
    customers =
        new DynamoCustomers(
            new CustomerOptions("dynamodb:users", 1, 1, 1, "ap-southeast-1", endpoint));
  }

  @AfterEach
  void stop() {
    customers.close();
    server.stop(0);
    System.clearProperty("aws.accessKeyId");
    System.clearProperty("aws.secretKey");
  }

  private void answer(HttpExchange exchange) throws IOException {
    requests.add(new ObjectMapper().readTree(exchange.getRequestBody()));
    String answer = answers.size() > 1 ? answers.poll() : answers.peek();
    byte[] body = answer.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.0");
    exchange.sendResponseHeaders(answer.contains("__type") ? 400 : 200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static String items(String items, String unprocessed) {
    String due =
        unprocessed.isEmpty()
            ? ""
            : "\"users\":{\"Keys\":[{\"user_id\":{\"S\":\"" + unprocessed + "\"}}]}";
    return "{\"Responses\":{\"users\":[" + items + "]},\"UnprocessedKeys\":{" + due + "}}";
  }

  private static String item(String id, String attributes) {
    return "{\"user_id\":{\"S\":\"" + id + "\"}" + attributes + "}";
  }

  @Test
  void itemsAreReadAsTextsAndOfThemOnlyTheColumns() throws Exception {
    answers.add(
        items(
            item(
                    "C1",
                    ",\"segment\":{\"S\":\"mass\"},\"kyc_level\":{\"N\":\"2\"},"
                        + "\"customer_since\":{\"NULL\":true}")
                + ","
                + item("C2", ",\"segment\":{\"N\":\"5\"},\"kyc_level\":{\"S\":\"3\"}"),
            ""));
    assertEquals(
        Map.of(
            "C1", Map.of("segment", "mass", "kyc_level", "2"),
            "C2", Map.of("segment", CustomerReader.OF_ANOTHER_TYPE, "kyc_level", "3")),
        customers.read(List.of("C1", "", "C2", "C3")));
    JsonNode request = requests.get(0).path("RequestItems").path("users");
    assertEquals(3, request.path("Keys").size());
    assertEquals(
        "user_id,#segment,kyc_level,customer_since", request.path("ProjectionExpression").asText());
    assertEquals("segment", request.path("ExpressionAttributeNames").path("#segment").asText());
  }

  @Test
  void keysThatTheTableLeavesOutAreAskedForAgain() throws Exception {
    answers.add(items(item("C1", ""), "C2"));
    answers.add(items(item("C2", ""), ""));
    assertEquals(Map.of("C1", Map.of(), "C2", Map.of()), customers.read(List.of("C1", "C2")));
    assertEquals(2, requests.size());
  }

  @Test
  void aThrottledTableIsAnErrorAfterSomeCalls() {
    answers.add(items("", "C1"));
    IOException refused =
        assertThrows(IOException.class, () -> customers.read(List.of("C1")));
    assertEquals("the table is throttled; raise its capacity", refused.getMessage());
    assertEquals(4, requests.size());
    answers.clear();
    answers.add(THROTTLED);
    Exception thrown =
        assertThrows(RuntimeException.class, () -> customers.read(List.of("C1")));
    assertTrue(thrown.getMessage().contains("slow down"), thrown.getMessage());
  }

  @Test
  void anEmptyIdIsNotAskedFor() throws Exception {
    assertEquals(Map.of(), customers.read(List.of("")));
    assertEquals(List.of(), requests);
  }
}
