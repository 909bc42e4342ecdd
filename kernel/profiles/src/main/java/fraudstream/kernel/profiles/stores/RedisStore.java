package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.SslVerifyMode;
import redis.clients.jedis.exceptions.JedisException;

/**
 * Profiles in Redis: a hash for each, which Redis deletes when it expires. The script that writes them
 * is the one of {@code fraudstream.profiles.redis_profiles}.
 */
final class RedisStore implements ProfileStore {
  static final String TLS_SCHEME = "rediss";

  private static final String META = "fraudstream:meta";
  private static final String LAYOUT_FIELD = "layout";
  private static final String PROGRESS = "fraudstream:progress";
  private static final byte[] SCRIPT = script();

  private final StoreAddress address;
  private final LongSupplier clock;
  private final Jedis redis;

  RedisStore(StoreAddress address, LongSupplier clock, Duration timeout) throws IOException {
    this.address = address;
    this.clock = clock;
    Jedis opened = null;
    try {
      opened = new Jedis(new HostAndPort(address.host, address.port), config(address, timeout));
      opened.hsetnx(META, LAYOUT_FIELD, StoreLayout.VERSION);
      StoreLayout.check(opened.hget(META, LAYOUT_FIELD), address);
      redis = opened;
    } catch (JedisException problem) {
      closeQuietly(opened);
      throw failed("can't be opened", problem);
    } catch (IOException problem) {
      closeQuietly(opened);
      throw problem;
    }
  }

  private static byte[] script() {
    try (InputStream resource = RedisStore.class.getResourceAsStream("/replace_profiles.lua")) {
      return resource.readAllBytes();
    } catch (IOException | NullPointerException missing) {
      throw new IllegalStateException("replace_profiles.lua is not in the jar: build it again", missing);
    }
  }

  private static DefaultJedisClientConfig config(StoreAddress address, Duration timeout) {
    DefaultJedisClientConfig.Builder config =
        DefaultJedisClientConfig.builder()
            .connectionTimeoutMillis((int) timeout.toMillis())
            .socketTimeoutMillis((int) timeout.toMillis())
            .user(address.user)
            .password(address.password)
            .database(address.database.isEmpty() ? 0 : Integer.parseInt(address.database));
    if (address.scheme.equals(TLS_SCHEME)) {
      // The certificate, and whose it is; trusted are those that the JVM trusts.
      config.sslOptions(SslOptions.builder().sslVerifyMode(SslVerifyMode.FULL).build());
    }
    return config.build();
  }

  @Override
  public void put(List<ProfileRow> rows) throws IOException {
    try {
      for (List<ProfileRow> batch : StoreLayout.batches(rows)) {
        putBatch(batch);
      }
    } catch (JedisException problem) {
      throw failed("can't be written", problem);
    }
  }

  private void putBatch(List<ProfileRow> rows) {
    List<byte[]> keys = new ArrayList<>(rows.size());
    List<byte[]> values = new ArrayList<>(1 + 5 * rows.size());
    values.add(bytes(clock.getAsLong()));
    for (ProfileRow row : rows) {
      String key = "fraudstream:profile:" + row.entity + ":" + row.id;
      keys.add(key.getBytes(StandardCharsets.UTF_8));
      values.add(bytes(row.epochMs));
      values.add(bytes(row.ordinal));
      values.add(bytes(row.updatedMs));
      values.add(bytes(row.expiresMs));
      values.add(row.profile);
    }
    redis.eval(SCRIPT, keys, values);
  }

  private static byte[] bytes(long number) {
    return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void report(ProfileProgress progress) throws IOException {
    try {
      redis.hset(
          PROGRESS,
          progress.entity + ":" + progress.task,
          progress.tasks + " " + progress.epochMs + " " + progress.writtenUntilMs);
    } catch (JedisException problem) {
      throw failed("can't be written", problem);
    }
  }

  private IOException failed(String what, JedisException problem) {
    return new IOException(
        "the profile store " + address + " " + what + ": " + problem.getMessage(), problem);
  }

  private static void closeQuietly(Jedis redis) {
    try {
      if (redis != null) {
        redis.close();
      }
    } catch (JedisException ignored) {
      // Every answer has been read; there is nothing left to lose.
    }
  }

  @Override
  public void close() {
    closeQuietly(redis);
  }
}
