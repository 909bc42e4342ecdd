package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileStore;
import fraudstream.kernel.profiles.ProfileStoreFactory;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;

/**
 * Opens {@code dynamodb:TABLE}, with the credentials of the AWS SDK's own chain. The options {@value
 * #REGION} and {@value #ENDPOINT} take the place of the chain's region and of AWS itself.
 */
public final class DynamoStoreFactory implements ProfileStoreFactory {
  public static final String REGION = "aws.region";
  public static final String ENDPOINT = "aws.endpoint";

  private static final String SCHEME = "dynamodb";
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
  private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(15);

  @Override
  public String scheme() {
    return SCHEME;
  }

  @Override
  public ProfileStore open(String url, Map<String, String> options) throws IOException {
    String table = url.substring(SCHEME.length() + 1);
    if (!table.matches("[A-Za-z0-9_.-]{3,255}")) {
      throw new IOException("the profile store's URL names no table: write dynamodb:TABLE");
    }
    try {
      return new DynamoStore(client(options), table, System::currentTimeMillis);
    } catch (SdkException | IllegalArgumentException problem) {
      throw new IOException(
          "the profile store dynamodb:" + table + " can't be opened: " + problem.getMessage(),
          problem);
    }
  }

  private static DynamoDbClient client(Map<String, String> options) {
    DynamoDbClientBuilder builder =
        DynamoDbClient.builder()
            .httpClientBuilder(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(CONNECT_TIMEOUT)
                    .socketTimeout(ATTEMPT_TIMEOUT))
            .overrideConfiguration(
                each ->
                    each.apiCallAttemptTimeout(ATTEMPT_TIMEOUT).apiCallTimeout(CALL_TIMEOUT));
    if (options.containsKey(REGION)) {
      builder.region(Region.of(options.get(REGION)));
    }
    if (options.containsKey(ENDPOINT)) {
      builder.endpointOverride(URI.create(options.get(ENDPOINT)));
    }
    return builder.build();
  }
}
