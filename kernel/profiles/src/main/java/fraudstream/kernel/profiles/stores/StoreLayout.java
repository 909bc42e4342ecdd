package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileRow;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What the layouts of the stores on servers share; docs/profiles.md describes them. */
final class StoreLayout {
  /** The version, which each store has within it. */
  static final String VERSION = "1";

  /** How long the job waits for a connection or an answer of a server. */
  static final Duration TIMEOUT = Duration.ofSeconds(10);

  private static final int MAX_BATCH_ROWS = 100;
  private static final int MAX_BATCH_BYTES = 4_000_000;

  private StoreLayout() {}

  static void check(String found, Object store) throws IOException {
    if (!VERSION.equals(found)) {
      throw new IOException(
          "the profile store "
              + store
              + " has layout "
              + found
              + "; this release writes "
              + VERSION
              + ": give an empty store, and start the job with profile_rebuild");
    }
  }

  /** Rows in batches, in their order, so that no call holds a server for long. */
  static List<List<ProfileRow>> batches(List<ProfileRow> rows) {
    List<List<ProfileRow>> batches = new ArrayList<>();
    List<ProfileRow> batch = new ArrayList<>();
    long bytes = 0;
    for (ProfileRow row : rows) {
      boolean isFull =
          batch.size() == MAX_BATCH_ROWS || bytes + row.profile.length > MAX_BATCH_BYTES;
      if (isFull && !batch.isEmpty()) {
        batches.add(batch);
        batch = new ArrayList<>();
        bytes = 0;
      }
      batch.add(row);
      bytes += row.profile.length;
    }
    if (!batch.isEmpty()) {
      batches.add(batch);
    }
    return batches;
  }
}
