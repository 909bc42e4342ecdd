package fraudstream.kernel.customers;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;

/**
 * The metadata of a file of JSON lines or of CSV, optionally compressed (.gz), held in memory.
 *
 * <p>A changed file replaces all rows at once. One that is invalid changes nothing: the rows before it
 * stay in use, and the failure is counted. The version is the first 12 hexadecimal digits of the SHA-256
 * of the file's bytes.
 */
public final class CustomerFile implements CustomerMetadata {
  private static final int VERSION_BYTES = 6;
  private static final long BYTES_PER_MIB = 1L << 20;
  private static final long MAX_BYTES = 256 * BYTES_PER_MIB;
  private static final String GZIP = ".gz";
  private static final String BYTE_ORDER_MARK = "\uFEFF";

  private final Path path;
  private final int maxCustomers;
  private final Consumer<String> warn;
  private final AtomicLong failures = new AtomicLong();
  private final ScheduledExecutorService reloads;
  private volatile Snapshot snapshot;
  private String stamp;

  private static final class Snapshot {
    final Map<String, CustomerRow> rows;
    final CustomerRow unknown;

    Snapshot(Map<String, CustomerRow> rows, String version) {
      this.rows = rows;
      unknown = CustomerRow.unknown(version);
    }
  }

  /**
   * Reads the file.
   *
   * @param maxCustomers the maximum number of rows
   * @param refreshMs the time between two checks for a change; 0 to read the file only once
   * @param warn takes a message for each changed file that can't be used
   * @throws IllegalArgumentException if the file is invalid or can't be read; the message names the file,
   *     the line and the fix
   */
  public CustomerFile(Path path, int maxCustomers, long refreshMs, Consumer<String> warn) {
    this.path = path;
    this.maxCustomers = maxCustomers;
    this.warn = warn;
    stamp = stamp();
    snapshot = load();
    reloads = refreshMs > 0 ? Executors.newSingleThreadScheduledExecutor(this::thread) : null;
    if (reloads != null) {
      reloads.scheduleWithFixedDelay(this::refresh, refreshMs, refreshMs, TimeUnit.MILLISECONDS);
    }
  }

  private Thread thread(Runnable work) {
    Thread thread = new Thread(work, "customer-file");
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public CustomerRow find(String customerId) {
    Snapshot current = snapshot;
    CustomerRow row = current.rows.get(customerId);
    return row == null ? current.unknown : row;
  }

  @Override
  public long failures() {
    return failures.get();
  }

  /** The number of customers. */
  public int size() {
    return snapshot.rows.size();
  }

  /** The version of the rows in use. */
  public String version() {
    return snapshot.unknown.version;
  }

  @Override
  public void close() {
    if (reloads != null) {
      reloads.shutdownNow();
    }
  }

  /** Reads the file again if it changed; a change that can't be used is reported once. */
  synchronized void refresh() {
    try {
      String found = stamp();
      if (!found.equals(stamp)) {
        stamp = found;
        snapshot = load();
      }
    } catch (IllegalArgumentException invalid) {
      failures.incrementAndGet();
      warn.accept(invalid.getMessage() + "; version " + version() + " stays in use");
    }
  }

  /** Changes whenever the file does; the same while there is no file. */
  private String stamp() {
    try {
      BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
      return file.lastModifiedTime() + " " + file.size() + " " + file.fileKey();
    } catch (IOException missing) {
      return "missing";
    }
  }

  private Snapshot load() {
    byte[] bytes;
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw wrong("it has more than " + MAX_BYTES / BYTES_PER_MIB + " MiB; use a table instead");
      }
      bytes = Files.readAllBytes(path);
    } catch (IOException problem) {
      throw wrong("it can't be read (" + problem + "); use a readable file");
    }
    String version = version(bytes);
    return new Snapshot(rows(bytes, version), version);
  }

  private Map<String, CustomerRow> rows(byte[] bytes, String version) {
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    boolean isCompressed = name.endsWith(GZIP);
    boolean isCsv = name.endsWith(".csv") || name.endsWith(".csv" + GZIP);
    CustomerLines lines = new CustomerLines(isCsv);
    Map<String, CustomerRow> rows = new HashMap<>();
    Map<String, String> segments = new HashMap<>();
    int number = 0;
    try (InputStream plain = new ByteArrayInputStream(bytes);
        InputStream content = isCompressed ? new GZIPInputStream(plain) : plain;
        InputStreamReader text = new InputStreamReader(content, StandardCharsets.UTF_8.newDecoder());
        BufferedReader reader = new BufferedReader(text)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        number++;
        boolean isMarked = number == 1 && line.startsWith(BYTE_ORDER_MARK);
        add(lines.read(isMarked ? line.substring(1) : line), version, rows, segments);
      }
    } catch (IllegalArgumentException invalid) {
      throw wrong("line " + number + ": " + invalid.getMessage());
    } catch (CharacterCodingException problem) {
      throw wrong("after line " + number + ": not UTF-8; write it in UTF-8");
    } catch (IOException problem) {
      throw wrong("it is damaged after line " + number + " (" + problem.getMessage() + "); write it again");
    }
    return rows;
  }

  private void add(
      Map<String, String> texts,
      String version,
      Map<String, CustomerRow> rows,
      Map<String, String> segments) {
    if (texts == null) {
      return;
    }
    String id = texts.get(CustomerLines.CUSTOMER_ID);
    if (id == null || id.length() > CustomerRow.MAX_ID_CHARACTERS) {
      throw new IllegalArgumentException(
          "customer_id is missing or longer than 256 characters; give the id as in transactions");
    }
    // One copy of each segment: there are few, and millions of customers.
    String segment = texts.get(CustomerRow.SEGMENT);
    CustomerRow row =
        CustomerRow.of(
            segment == null ? null : segments.computeIfAbsent(segment, same -> same),
            texts.get(CustomerRow.KYC_LEVEL),
            texts.get(CustomerRow.CUSTOMER_SINCE),
            version);
    if (rows.put(id, row) != null) {
      throw new IllegalArgumentException("customer_id '" + id + "' is there twice; keep one line");
    }
    if (rows.size() > maxCustomers) {
      throw new IllegalArgumentException(
          "more than " + maxCustomers + " customers; raise customer_metadata_cache, or use a table");
    }
  }

  private IllegalArgumentException wrong(String problem) {
    return new IllegalArgumentException("customer_metadata: " + path + ": " + problem);
  }

  private static String version(byte[] bytes) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      StringBuilder version = new StringBuilder();
      for (int i = 0; i < VERSION_BYTES; i++) {
        version.append(String.format("%02x", digest[i]));
      }
      return version.toString();
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
