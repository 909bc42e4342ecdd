package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongSupplier;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;

/**
 * Profiles in a DynamoDB table, several rows at a time: DynamoDB has no batch of conditional writes.
 *
 * <p>A profile beyond one item is written in pieces: first the further ones under the id of this write,
 * then the head that names it, on the condition that the row replaces the stored one. The pieces of the
 * replaced write are deleted afterwards; if that fails, they expire.
 */
final class DynamoStore implements ProfileStore {
  private static final int WRITERS = 16;
  private static final String CONDITION =
      "attribute_not_exists(part) OR epoch_ms < :epoch"
          + " OR (epoch_ms = :epoch AND ordinal <= :ordinal) OR expires_ms <= :now";

  private final DynamoDbClient client;
  private final String table;
  private final LongSupplier clock;
  private final ExecutorService writers =
      Executors.newFixedThreadPool(
          WRITERS,
          task -> {
            Thread thread = new Thread(task, "profile writer");
            thread.setDaemon(true);
            return thread;
          });

  /** Takes over the client, and closes it if the table can't be used. */
  DynamoStore(DynamoDbClient client, String table, LongSupplier clock) throws IOException {
    this.client = client;
    this.table = table;
    this.clock = clock;
    try {
      prepare();
    } catch (SdkException problem) {
      close();
      throw failed("can't be opened", problem);
    } catch (IOException problem) {
      close();
      throw problem;
    }
  }

  private void prepare() throws IOException {
    Map<String, AttributeValue> key = DynamoItems.layoutKey();
    try {
      client.putItem(
          request ->
              request
                  .tableName(table)
                  .item(
                      Map.of(
                          DynamoItems.KEY,
                          key.get(DynamoItems.KEY),
                          DynamoItems.PART,
                          key.get(DynamoItems.PART),
                          DynamoItems.LAYOUT,
                          DynamoItems.text(StoreLayout.VERSION)))
                  .conditionExpression("attribute_not_exists(part)"));
    } catch (ConditionalCheckFailedException exists) {
      Map<String, AttributeValue> found =
          client.getItem(request -> request.tableName(table).key(key).consistentRead(true)).item();
      StoreLayout.check(found.get(DynamoItems.LAYOUT).s(), this);
    }
  }

  @Override
  public void put(List<ProfileRow> rows) throws IOException {
    long nowMs = clock.getAsLong();
    List<Future<?>> writes = new ArrayList<>(rows.size());
    for (ProfileRow row : rows) {
      writes.add(writers.submit(() -> put(row, nowMs)));
    }
    IOException first = null;
    for (Future<?> write : writes) {
      try {
        write.get();
      } catch (ExecutionException problem) {
        first = first == null ? failed("can't be written", problem.getCause()) : first;
      } catch (InterruptedException stopped) {
        writes.forEach(each -> each.cancel(true));
        Thread.currentThread().interrupt();
        throw new IOException("stopped while writing to the profile store " + this, stopped);
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private void put(ProfileRow row, long nowMs) {
    List<Map<String, AttributeValue>> items =
        DynamoItems.items(row, UUID.randomUUID().toString());
    for (Map<String, AttributeValue> chunk : items.subList(1, items.size())) {
      client.putItem(request -> request.tableName(table).item(chunk));
    }
    List<Map<String, AttributeValue>> stale;
    try {
      stale = DynamoItems.chunkKeys(row, replace(row, items.get(0), nowMs));
    } catch (ConditionalCheckFailedException isOlder) {
      stale = DynamoItems.chunkKeys(row, items.get(0));
    }
    for (Map<String, AttributeValue> key : stale) {
      client.deleteItem(request -> request.tableName(table).key(key));
    }
  }

  /** Writes a head and returns the one that it replaces. */
  private Map<String, AttributeValue> replace(
      ProfileRow row, Map<String, AttributeValue> head, long nowMs) {
    return client
        .putItem(
            request ->
                request
                    .tableName(table)
                    .item(head)
                    .conditionExpression(CONDITION)
                    .expressionAttributeValues(
                        Map.of(
                            ":epoch", DynamoItems.number(row.epochMs),
                            ":ordinal", DynamoItems.number(row.ordinal),
                            ":now", DynamoItems.number(nowMs)))
                    .returnValues(ReturnValue.ALL_OLD))
        .attributes();
  }

  @Override
  public void report(ProfileProgress progress) throws IOException {
    try {
      client.putItem(request -> request.tableName(table).item(DynamoItems.progress(progress)));
    } catch (SdkException problem) {
      throw failed("can't be written", problem);
    }
  }

  private IOException failed(String what, Throwable problem) {
    String remedy =
        problem instanceof ResourceNotFoundException
            ? "; create the table with `fraudstream profiles create`"
            : "";
    return new IOException(
        "the profile store " + this + " " + what + ": " + problem.getMessage() + remedy, problem);
  }

  @Override
  public String toString() {
    return "dynamodb:" + table;
  }

  @Override
  public void close() {
    writers.shutdownNow();
    client.close();
  }
}
