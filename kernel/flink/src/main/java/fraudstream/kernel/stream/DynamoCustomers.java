package fraudstream.kernel.stream;

import fraudstream.kernel.customers.CustomerOptions;
import fraudstream.kernel.customers.CustomerReader;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.flink.kinesis.shaded.com.amazonaws.ClientConfiguration;
import org.apache.flink.kinesis.shaded.com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.dynamodbv2.AmazonDynamoDB;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.dynamodbv2.AmazonDynamoDBClientBuilder;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.dynamodbv2.model.AttributeValue;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.dynamodbv2.model.BatchGetItemRequest;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.dynamodbv2.model.BatchGetItemResult;
import org.apache.flink.kinesis.shaded.com.amazonaws.services.dynamodbv2.model.KeysAndAttributes;

/**
 * Reads customers from a DynamoDB table, with the client that the Kinesis source brings along and the
 * credentials of the AWS SDK's default chain. {@code fraudstream/profiles/customer_table.py} reads the
 * same table for servers.
 */
final class DynamoCustomers implements CustomerReader {
  private static final String KEY = "user_id";
  private static final String LEVEL = "kyc_level";
  private static final List<String> COLUMNS = List.of("segment", LEVEL, "customer_since");

  private static final int CALL_MS = 2_000;
  private static final int MAX_CALLS = 4;
  private static final long PAUSE_MS = 50;

  private final String table;
  private final AmazonDynamoDB client;

  DynamoCustomers(CustomerOptions options) {
    table = options.table();
    AmazonDynamoDBClientBuilder builder =
        AmazonDynamoDBClientBuilder.standard()
            .withClientConfiguration(
                new ClientConfiguration()
                    .withConnectionTimeout(CALL_MS)
                    .withClientExecutionTimeout(CALL_MS)
                    .withMaxErrorRetry(1));
    client =
        options.endpoint == null
            ? builder.withRegion(options.region).build()
            : builder
                .withEndpointConfiguration(
                    new EndpointConfiguration(options.endpoint, options.region))
                .build();
  }

  @Override
  public Map<String, Map<String, String>> read(List<String> ids) throws Exception {
    Map<String, Map<String, String>> found = new HashMap<>();
    // No table has a customer with an empty id.
    List<String> known = ids.stream().filter(id -> !id.isEmpty()).collect(Collectors.toList());
    Map<String, KeysAndAttributes> due =
        known.isEmpty() ? Map.of() : Map.of(table, keys(known));
    for (int call = 0; !due.isEmpty(); call++) {
      if (call == MAX_CALLS) {
        throw new IOException("the table is throttled; raise its capacity");
      }
      Thread.sleep(call * PAUSE_MS);
      BatchGetItemResult result = client.batchGetItem(new BatchGetItemRequest(due));
      result.getResponses().getOrDefault(table, List.of()).forEach(item -> add(item, found));
      due = result.getUnprocessedKeys();
    }
    return found;
  }

  private static KeysAndAttributes keys(List<String> ids) {
    return new KeysAndAttributes()
        .withKeys(
            ids.stream()
                .map(id -> Map.of(KEY, new AttributeValue(id)))
                .collect(Collectors.toList()))
        .withProjectionExpression("user_id,#segment,kyc_level,customer_since")
        // A reserved word of DynamoDB.
        .withExpressionAttributeNames(Map.of("#segment", "segment"));
  }

  private static void add(
      Map<String, AttributeValue> item, Map<String, Map<String, String>> found) {
    Map<String, String> texts = new HashMap<>();
    for (String column : COLUMNS) {
      AttributeValue value = item.get(column);
      if (value != null && value.getNULL() == null) {
        texts.put(column, text(column, value));
      }
    }
    found.put(item.get(KEY).getS(), texts);
  }

  private static String text(String column, AttributeValue value) {
    if (value.getS() != null) {
      return value.getS();
    }
    return column.equals(LEVEL) && value.getN() != null ? value.getN() : OF_ANOTHER_TYPE;
  }

  @Override
  public void close() {
    client.shutdown();
  }
}
