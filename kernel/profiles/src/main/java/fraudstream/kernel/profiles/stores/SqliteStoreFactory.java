package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileStore;
import fraudstream.kernel.profiles.ProfileStoreFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Opens {@code sqlite:PATH}; the folder is created if it is missing. */
public final class SqliteStoreFactory implements ProfileStoreFactory {
  private static final String SCHEME = "sqlite";

  @Override
  public String scheme() {
    return SCHEME;
  }

  @Override
  public ProfileStore open(String url, Map<String, String> options) throws IOException {
    String path = url.substring(SCHEME.length() + 1);
    if (path.isEmpty()) {
      throw new IOException(
          "the profile store's URL names no file: write sqlite:PATH, such as"
              + " sqlite:build/profiles.db");
    }
    return new SqliteStore(Path.of(path), System::currentTimeMillis);
  }
}
