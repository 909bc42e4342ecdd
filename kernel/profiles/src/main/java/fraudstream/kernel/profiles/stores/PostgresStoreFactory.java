package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileStore;
import fraudstream.kernel.profiles.ProfileStoreFactory;
import java.io.IOException;
import java.util.Map;
import java.util.Set;

/** Opens {@code postgresql://USER:PASSWORD@HOST:PORT/DATABASE}, with TLS beyond this machine. */
public final class PostgresStoreFactory implements ProfileStoreFactory {
  private static final int PORT = 5432;
  private static final String FORM = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE";
  private static final Set<String> PARAMETERS = Set.of("sslmode", "sslrootcert");

  @Override
  public String scheme() {
    return "postgresql";
  }

  @Override
  public ProfileStore open(String url, Map<String, String> options) throws IOException {
    StoreAddress address = StoreAddress.parse(url, PORT, FORM);
    if (address.user == null || address.database.isEmpty()) {
      throw new IOException(
          "the profile store's URL lacks a user or a database: write " + FORM);
    }
    if (!PARAMETERS.containsAll(address.parameters.keySet())) {
      throw new IOException(
          "the profile store's URL has an unknown parameter; known ones: sslmode, sslrootcert");
    }
    return new PostgresStore(address, System::currentTimeMillis, StoreLayout.TIMEOUT);
  }
}
