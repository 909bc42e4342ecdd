package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileStore;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.function.LongSupplier;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * Profiles in a SQLite file, which only its owner can read. Readers of the file don't block this
 * writer, nor it them (write-ahead log).
 */
final class SqliteStore implements ProfileStore {
  /** The version of the tables. */
  static final String LAYOUT = "1";

  private static final int BUSY_TIMEOUT_MS = 5_000;
  private static final String[] TABLES = {
    "CREATE TABLE IF NOT EXISTS profiles (entity TEXT NOT NULL, id TEXT NOT NULL,"
        + " epoch_ms INTEGER NOT NULL, ordinal INTEGER NOT NULL, updated_ms INTEGER NOT NULL,"
        + " expires_ms INTEGER NOT NULL, profile BLOB NOT NULL, PRIMARY KEY (entity, id))",
    "CREATE TABLE IF NOT EXISTS progress (entity TEXT NOT NULL, task INTEGER NOT NULL,"
        + " tasks INTEGER NOT NULL, epoch_ms INTEGER NOT NULL, written_until_ms INTEGER NOT NULL,"
        + " PRIMARY KEY (entity, task))",
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "INSERT OR IGNORE INTO meta VALUES ('layout', '" + LAYOUT + "')",
  };
  private static final String PUT =
      "INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (entity, id) DO UPDATE SET"
          + " epoch_ms = excluded.epoch_ms, ordinal = excluded.ordinal,"
          + " updated_ms = excluded.updated_ms, expires_ms = excluded.expires_ms,"
          + " profile = excluded.profile WHERE excluded.epoch_ms > epoch_ms"
          + " OR (excluded.epoch_ms = epoch_ms AND excluded.ordinal >= ordinal)"
          + " OR expires_ms <= ?";
  private static final String REPORT = "INSERT OR REPLACE INTO progress VALUES (?, ?, ?, ?, ?)";

  private final Path path;
  private final LongSupplier clock;
  private final Connection connection;

  SqliteStore(Path path, LongSupplier clock) throws IOException {
    this.path = path;
    this.clock = clock;
    createForOwner(path.toAbsolutePath());
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
    config.setBusyTimeout(BUSY_TIMEOUT_MS);
    // A transaction that reads first can't wait for another writer.
    config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    SQLiteDataSource source = new SQLiteDataSource(config);
    source.setUrl("jdbc:sqlite:" + path);
    try {
      connection = source.getConnection();
    } catch (SQLException problem) {
      throw failed("can't be opened", problem);
    }
    try {
      prepare();
    } catch (SQLException problem) {
      close();
      throw failed("can't be opened", problem);
    } catch (IOException problem) {
      close();
      throw problem;
    }
  }

  /** Profiles are personal data, and SQLite gives its other files the permissions of this one. */
  private static void createForOwner(Path file) throws IOException {
    Files.createDirectories(file.getParent());
    boolean isPosix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] attributes =
        isPosix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[] {};
    try {
      Files.createFile(file, attributes);
    } catch (FileAlreadyExistsException expected) {
      // Another task or process has created it, with the same permissions.
    }
  }

  private void prepare() throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      for (String table : TABLES) {
        statement.executeUpdate(table);
      }
      try (ResultSet found =
          statement.executeQuery("SELECT value FROM meta WHERE name = 'layout'")) {
        String layout = found.getString(1);
        if (!LAYOUT.equals(layout)) {
          throw new IOException(
              "the profile store sqlite:"
                  + path
                  + " has layout "
                  + layout
                  + "; this release writes "
                  + LAYOUT
                  + ": give another file, or delete this one and start the job with profile_rebuild");
        }
      }
    }
  }

  @Override
  public void put(List<ProfileRow> rows) throws IOException {
    try (PreparedStatement statement = connection.prepareStatement(PUT)) {
      begin();
      long nowMs = clock.getAsLong();
      for (ProfileRow row : rows) {
        statement.setString(1, row.entity);
        statement.setString(2, row.id);
        statement.setLong(3, row.epochMs);
        statement.setLong(4, row.ordinal);
        statement.setLong(5, row.updatedMs);
        statement.setLong(6, row.expiresMs);
        statement.setBytes(7, row.profile);
        statement.setLong(8, nowMs);
        statement.addBatch();
      }
      statement.executeBatch();
      commit();
    } catch (SQLException problem) {
      rollBack();
      throw failed("can't be written", problem);
    }
  }

  @Override
  public void report(ProfileProgress progress) throws IOException {
    try (PreparedStatement statement = connection.prepareStatement(REPORT)) {
      statement.setString(1, progress.entity);
      statement.setInt(2, progress.task);
      statement.setInt(3, progress.tasks);
      statement.setLong(4, progress.epochMs);
      statement.setLong(5, progress.writtenUntilMs);
      statement.executeUpdate();
    } catch (SQLException problem) {
      throw failed("can't be written", problem);
    }
  }

  private void begin() throws SQLException {
    connection.setAutoCommit(false);
  }

  /** Without a commit by this, the driver begins the next transaction, which locks the file. */
  private void commit() throws SQLException {
    connection.setAutoCommit(true);
  }

  private void rollBack() {
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
        commit();
      }
    } catch (SQLException ignored) {
      // The writer reports the first problem and opens another connection.
    }
  }

  private IOException failed(String what, SQLException problem) {
    return new IOException(
        "the profile store sqlite:" + path + " " + what + ": " + problem.getMessage(), problem);
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException ignored) {
      // Everything is committed; there is nothing left to lose.
    }
  }
}
