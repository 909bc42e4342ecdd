package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileStore;
import fraudstream.kernel.profiles.ProfileStoreFactory;
import java.io.IOException;
import java.util.Map;

/** Opens {@code redis://:PASSWORD@HOST:PORT/NUMBER}. */
public class RedisStoreFactory implements ProfileStoreFactory {
  private static final int PORT = 6379;

  @Override
  public String scheme() {
    return "redis";
  }

  @Override
  public ProfileStore open(String url, Map<String, String> options) throws IOException {
    String form = scheme() + "://:PASSWORD@HOST:PORT/NUMBER";
    StoreAddress address = StoreAddress.parse(url, PORT, form);
    if (address.user != null && address.password == null) {
      // It is the password of somebody who has forgotten the colon.
      throw new IOException("the profile store's URL has a user without a password: write " + form);
    }
    if (!address.database.matches("[0-9]{0,4}") || !address.parameters.isEmpty()) {
      throw new IOException(
          "the profile store's URL ends in a number of a Redis database, without parameters: write "
              + form);
    }
    return new RedisStore(address, System::currentTimeMillis, StoreLayout.TIMEOUT);
  }
}
