package fraudstream.kernel.profiles.stores;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileStoreFactory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteStoreTest {
  private static final String AWKWARD_ID = "tài khoản #1: 'x' \uD83D\uDE00";

  @TempDir Path folder;
  private final AtomicLong clock = new AtomicLong(1_000);
  private Path file;
  private SqliteStore store;

  @BeforeEach
  void open() throws IOException {
    file = folder.resolve("new folder").resolve("profiles.db");
    store = new SqliteStore(file, clock::get);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static ProfileRow row(String id, long epochMs, long ordinal, long expiresMs, String text) {
    byte[] profile = text.getBytes(StandardCharsets.UTF_8);
    return new ProfileRow("account_id", id, epochMs, ordinal, 500, expiresMs, profile);
  }

  private List<String> query(String sql) throws SQLException {
    try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = other.createStatement();
        ResultSet found = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (found.next()) {
        rows.add(found.getString(1));
      }
      return rows;
    }
  }

  private String profileAfter(ProfileRow... rows) throws Exception {
    for (ProfileRow row : rows) {
      store.put(List.of(row));
    }
    return query("SELECT CAST(profile AS TEXT) FROM profiles").get(0);
  }

  @Test
  void everyFieldOfARowIsWrittenUnderItsId() throws Exception {
    store.put(List.of(row(AWKWARD_ID, 1, 2, 9_000, "history")));
    String columns = "entity||'|'||id||'|'||epoch_ms||'|'||ordinal||'|'||updated_ms||'|'||expires_ms";
    assertEquals(
        List.of("account_id|" + AWKWARD_ID + "|1|2|500|9000"),
        query("SELECT " + columns + " FROM profiles"));
  }

  @Test
  void aHigherOrdinalOfTheSameEpochReplaces() throws Exception {
    assertEquals("new", profileAfter(row("a", 1, 5, 9_000, "old"), row("a", 1, 6, 9_000, "new")));
  }

  @Test
  void theSameOrdinalReplacesBecauseALabelChangesAHistoryToo() throws Exception {
    assertEquals("new", profileAfter(row("a", 1, 5, 9_000, "old"), row("a", 1, 5, 9_000, "new")));
  }

  @Test
  void aLowerOrdinalOfTheSameEpochIsIgnored() throws Exception {
    assertEquals("old", profileAfter(row("a", 1, 5, 9_000, "old"), row("a", 1, 4, 9_000, "new")));
  }

  @Test
  void aNewerEpochReplacesWhateverTheOrdinal() throws Exception {
    assertEquals("new", profileAfter(row("a", 1, 5, 9_000, "old"), row("a", 2, 1, 9_000, "new")));
  }

  @Test
  void anOlderEpochIsIgnoredWhateverTheOrdinal() throws Exception {
    assertEquals("old", profileAfter(row("a", 2, 1, 9_000, "old"), row("a", 1, 7, 9_000, "new")));
  }

  @Test
  void anExpiredRowIsReplacedByAHistoryThatBeganAnew() throws Exception {
    clock.set(9_000);
    assertEquals("new", profileAfter(row("a", 1, 5, 9_000, "old"), row("a", 1, 1, 9_900, "new")));
  }

  @Test
  void aRowThatHasNotExpiredYetIsKept() throws Exception {
    clock.set(8_999);
    assertEquals("old", profileAfter(row("a", 1, 5, 9_000, "old"), row("a", 1, 1, 9_900, "new")));
  }

  @Test
  void theProgressOfATaskIsReplaced() throws Exception {
    store.report(new ProfileProgress("account_id", 0, 2, 1, 100));
    store.report(new ProfileProgress("account_id", 0, 2, 1, 200));
    store.report(new ProfileProgress("account_id", 1, 2, 1, 50));
    assertEquals(
        List.of("0/2: 200", "1/2: 50"),
        query("SELECT task||'/'||tasks||': '||written_until_ms FROM progress ORDER BY task"));
  }

  @Test
  void onlyItsOwnerCanReadTheFiles() throws Exception {
    store.put(List.of(row("a", 1, 1, 9_000, "history")));
    for (String suffix : new String[] {"", "-wal"}) {
      Path each = Path.of(file + suffix);
      assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(each)));
    }
  }

  @Test
  void aStoreOfAnotherLayoutIsRefusedWithTheRemedy() throws Exception {
    try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file);
        Statement statement = other.createStatement()) {
      statement.executeUpdate("UPDATE meta SET value = '7'");
    }
    IOException refusal =
        assertThrows(IOException.class, () -> new SqliteStore(file, clock::get));
    assertTrue(refusal.getMessage().contains("has layout 7; this release writes 1: give another"));
  }

  @Test
  void aFileThatIsNoDatabaseIsNamed() throws Exception {
    Path text = Files.writeString(folder.resolve("notes.txt"), "not a database".repeat(100));
    IOException refusal =
        assertThrows(IOException.class, () -> new SqliteStore(text, clock::get));
    assertTrue(refusal.getMessage().startsWith("the profile store sqlite:" + text));
  }

  @Test
  void theStoreIsFoundByItsScheme() throws Exception {
    ProfileStoreFactory found =
        ServiceLoader.load(ProfileStoreFactory.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(each -> each.scheme().equals("sqlite"))
            .findAny()
            .orElseThrow();
    found.open("sqlite:" + folder.resolve("found.db"), Map.of()).close();
    assertTrue(Files.exists(folder.resolve("found.db")));
  }

  @Test
  void aUrlWithoutAFileIsRefused() {
    IOException refusal =
        assertThrows(
            IOException.class, () -> new SqliteStoreFactory().open("sqlite:", Map.of()));
    assertTrue(refusal.getMessage().contains("write sqlite:PATH"));
  }
}
