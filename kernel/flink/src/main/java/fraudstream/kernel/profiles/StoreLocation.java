package fraudstream.kernel.profiles;

import java.io.IOException;
import java.io.Serializable;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** A profile store by its URL and the options that a URL can't have. */
public final class StoreLocation implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String url;
  private final TreeMap<String, String> options;

  public StoreLocation(String url, Map<String, String> options) {
    this.url = url;
    this.options = new TreeMap<>(options);
  }

  private String scheme() {
    return url.substring(0, Math.max(0, url.indexOf(':')));
  }

  /** The stores of its scheme among those that {@code loader} finds. */
  ProfileStoreFactory factory(ClassLoader loader) {
    for (ProfileStoreFactory each : ServiceLoader.load(ProfileStoreFactory.class, loader)) {
      if (each.scheme().equals(scheme())) {
        return each;
      }
    }
    throw new IllegalStateException(
        "profile_store: no driver for "
            + this
            + " is on the class path of this task: add fraudstream-profiles.jar to the job (see"
            + " docs/profiles.md), or leave profile_store out");
  }

  ProfileStore open(ProfileStoreFactory factory) throws IOException {
    return factory.open(url, options);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StoreLocation
        && url.equals(((StoreLocation) other).url)
        && options.equals(((StoreLocation) other).options);
  }

  @Override
  public int hashCode() {
    return url.hashCode();
  }

  /** Names only the scheme, because the rest may have a password. */
  @Override
  public String toString() {
    return "a " + scheme() + " store";
  }
}
