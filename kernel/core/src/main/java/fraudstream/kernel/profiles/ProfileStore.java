package fraudstream.kernel.profiles;

import java.io.IOException;
import java.util.List;

/**
 * A connection to a store of profiles, for writing. Confined to one thread. The layout of each store
 * is in docs/profiles.md; {@code fraudstream.profiles} reads it.
 */
public interface ProfileStore extends AutoCloseable {
  /**
   * Writes rows, each unless the stored one is newer: see {@link ProfileRow}. Idempotent. Returns
   * once the store has accepted all of them.
   *
   * @throws IOException if the store can't be reached or refuses a row; any number of the rows may
   *     have been written
   */
  void put(List<ProfileRow> rows) throws IOException;

  /**
   * Replaces the progress of a task.
   *
   * @throws IOException if the store can't be reached
   */
  void report(ProfileProgress progress) throws IOException;

  @Override
  void close();
}
