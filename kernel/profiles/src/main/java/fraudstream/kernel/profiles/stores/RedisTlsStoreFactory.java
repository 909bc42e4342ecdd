package fraudstream.kernel.profiles.stores;

/** Opens {@code rediss://:PASSWORD@HOST:PORT/NUMBER}, which is Redis over TLS. */
public final class RedisTlsStoreFactory extends RedisStoreFactory {
  @Override
  public String scheme() {
    return RedisStore.TLS_SCHEME;
  }
}
