package fraudstream.kernel.profiles.stores;

import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;
import org.postgresql.ds.PGSimpleDataSource;
import org.postgresql.ssl.DefaultJavaSSLFactory;

/** Profiles in a PostgreSQL database, in the tables of the SQLite store. */
final class PostgresStore implements ProfileStore {
  private static final String HAS_TABLES =
      "SELECT to_regclass('fraudstream.meta') IS NOT NULL";
  private static final String LAYOUT =
      "SELECT value FROM fraudstream.meta WHERE name = 'layout'";
  private static final String[] TABLES = {
    // Two tasks that create the same table would fail.
    "SELECT pg_advisory_xact_lock(hashtext('fraudstream.profiles'))",
    "CREATE SCHEMA IF NOT EXISTS fraudstream",
    "CREATE TABLE IF NOT EXISTS fraudstream.profiles (entity TEXT, id BYTEA,"
        + " epoch_ms BIGINT NOT NULL, ordinal BIGINT NOT NULL, updated_ms BIGINT NOT NULL,"
        + " expires_ms BIGINT NOT NULL, profile BYTEA NOT NULL, PRIMARY KEY (entity, id))",
    "CREATE TABLE IF NOT EXISTS fraudstream.progress (entity TEXT, task INTEGER,"
        + " tasks INTEGER NOT NULL, epoch_ms BIGINT NOT NULL, written_until_ms BIGINT NOT NULL,"
        + " PRIMARY KEY (entity, task))",
    "CREATE TABLE IF NOT EXISTS fraudstream.meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "INSERT INTO fraudstream.meta VALUES ('layout', '"
        + StoreLayout.VERSION
        + "') ON CONFLICT DO NOTHING",
  };
  private static final String PUT =
      "INSERT INTO fraudstream.profiles AS stored VALUES (?, ?, ?, ?, ?, ?, ?)"
          + " ON CONFLICT (entity, id) DO UPDATE SET"
          + " epoch_ms = excluded.epoch_ms, ordinal = excluded.ordinal,"
          + " updated_ms = excluded.updated_ms, expires_ms = excluded.expires_ms,"
          + " profile = excluded.profile WHERE excluded.epoch_ms > stored.epoch_ms"
          + " OR (excluded.epoch_ms = stored.epoch_ms AND excluded.ordinal >= stored.ordinal)"
          + " OR stored.expires_ms <= ?";
  private static final String REPORT =
      "INSERT INTO fraudstream.progress VALUES (?, ?, ?, ?, ?)"
          + " ON CONFLICT (entity, task) DO UPDATE SET tasks = excluded.tasks,"
          + " epoch_ms = excluded.epoch_ms, written_until_ms = excluded.written_until_ms";

  private final StoreAddress address;
  private final LongSupplier clock;
  private final Connection connection;

  PostgresStore(StoreAddress address, LongSupplier clock, Duration timeout) throws IOException {
    this.address = address;
    this.clock = clock;
    try {
      connection = source(address, (int) timeout.toSeconds()).getConnection();
    } catch (SQLException problem) {
      throw failed("can't be opened", problem);
    }
    try {
      connection.setAutoCommit(false);
      prepare();
      connection.commit();
    } catch (SQLException problem) {
      close();
      throw failed("can't be opened", problem);
    } catch (IOException problem) {
      close();
      throw problem;
    }
  }

  private static PGSimpleDataSource source(StoreAddress address, int timeoutS) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setServerNames(new String[] {address.host});
    source.setPortNumbers(new int[] {address.port});
    source.setDatabaseName(address.database);
    source.setUser(address.user);
    source.setPassword(address.password);
    source.setApplicationName("fraudstream");
    source.setConnectTimeout(timeoutS);
    source.setLoginTimeout(timeoutS);
    source.setSocketTimeout(timeoutS);
    source.setTcpKeepAlive(true);
    String mode =
        address.parameters.getOrDefault(
            "sslmode", address.isLoopback() ? "disable" : "verify-full");
    source.setSslmode(mode);
    String certificates = address.parameters.get("sslrootcert");
    if (certificates != null) {
      source.setSslRootCert(certificates);
    } else if (mode.equals("verify-full")) {
      // The certificates that the JVM trusts; the driver alone looks in the user's home.
      source.setSslfactory(DefaultJavaSSLFactory.class.getName());
    }
    return source;
  }

  /** Creates the tables only if they are missing: the user of a running job needs no such right. */
  private void prepare() throws SQLException, IOException {
    try (Statement statement = connection.createStatement()) {
      if (!single(statement, HAS_TABLES).equals("t")) {
        for (String table : TABLES) {
          statement.execute(table);
        }
      }
      StoreLayout.check(single(statement, LAYOUT), address);
    }
  }

  private static String single(Statement statement, String query) throws SQLException {
    try (ResultSet found = statement.executeQuery(query)) {
      return found.next() ? found.getString(1) : "";
    }
  }

  @Override
  public void put(List<ProfileRow> rows) throws IOException {
    List<ProfileRow> sorted = new ArrayList<>(rows);
    // In one order, or two writers could wait for each other.
    sorted.sort(Comparator.comparing((ProfileRow row) -> row.entity).thenComparing(row -> row.id));
    try (PreparedStatement statement = connection.prepareStatement(PUT)) {
      long nowMs = clock.getAsLong();
      for (List<ProfileRow> batch : StoreLayout.batches(sorted)) {
        for (ProfileRow row : batch) {
          bind(statement, row, nowMs);
          statement.addBatch();
        }
        statement.executeBatch();
        connection.commit();
      }
    } catch (SQLException problem) {
      rollBack();
      throw failed("can't be written", problem);
    }
  }

  private static void bind(PreparedStatement statement, ProfileRow row, long nowMs)
      throws SQLException {
    statement.setString(1, row.entity);
    // PostgreSQL's texts can't have the character 0.
    statement.setBytes(2, row.id.getBytes(StandardCharsets.UTF_8));
    statement.setLong(3, row.epochMs);
    statement.setLong(4, row.ordinal);
    statement.setLong(5, row.updatedMs);
    statement.setLong(6, row.expiresMs);
    statement.setBytes(7, row.profile);
    statement.setLong(8, nowMs);
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
      connection.commit();
    } catch (SQLException problem) {
      rollBack();
      throw failed("can't be written", problem);
    }
  }

  private void rollBack() {
    try {
      connection.rollback();
    } catch (SQLException ignored) {
      // The writer reports the first problem and opens another connection.
    }
  }

  /** The first error of a batch says why, and its own message would show the row's values. */
  private IOException failed(String what, SQLException problem) {
    SQLException cause = problem.getNextException() == null ? problem : problem.getNextException();
    return new IOException(
        "the profile store " + address + " " + what + ": " + cause.getMessage(), cause);
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
