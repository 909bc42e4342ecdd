package fraudstream.kernel.profiles;

import java.io.IOException;
import java.util.Map;

/**
 * Opens the profile stores of one scheme. Found by {@link java.util.ServiceLoader}, so that the job's
 * archive needs the drivers of a store only if it is used.
 */
public interface ProfileStoreFactory {
  /** The part of the store's URL before the first colon, such as {@code sqlite}. */
  String scheme();

  /**
   * Connects to the store and creates its tables if they are missing.
   *
   * @param url the whole URL, such as {@code sqlite:build/profiles.db}; it may have a password
   * @param options what a URL can't have, such as the region and the endpoint of AWS
   * @throws IOException if the store can't be reached, or has the layout of another release; the
   *     message has no password
   */
  ProfileStore open(String url, Map<String, String> options) throws IOException;
}
