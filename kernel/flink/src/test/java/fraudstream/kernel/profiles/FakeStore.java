package fraudstream.kernel.profiles;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A store in memory that can be made to fail, found as {@code fake:NAME}. */
public final class FakeStore implements ProfileStore {
  private static final Map<String, FakeStore> STORES = new ConcurrentHashMap<>();

  public final List<ProfileRow> rows = new CopyOnWriteArrayList<>();
  public final List<ProfileProgress> progress = new CopyOnWriteArrayList<>();
  public volatile boolean isBroken;

  public static FakeStore named(String name) {
    return STORES.computeIfAbsent("fake:" + name, unused -> new FakeStore());
  }

  /** Opens the store of a test. */
  public static final class Factory implements ProfileStoreFactory {
    @Override
    public String scheme() {
      return "fake";
    }

    @Override
    public ProfileStore open(String url, Map<String, String> options) {
      return STORES.get(url);
    }
  }

  /** The rows of an id, in the order in which they were written. */
  public List<ProfileRow> of(String id) {
    List<ProfileRow> found = new ArrayList<>(rows);
    found.removeIf(row -> !row.id.equals(id));
    return found;
  }

  @Override
  public void put(List<ProfileRow> written) throws IOException {
    if (isBroken) {
      throw new IOException("the store is broken");
    }
    rows.addAll(written);
  }

  @Override
  public void report(ProfileProgress reported) throws IOException {
    if (isBroken) {
      throw new IOException("the store is broken");
    }
    progress.add(reported);
  }

  @Override
  public void close() {}
}
