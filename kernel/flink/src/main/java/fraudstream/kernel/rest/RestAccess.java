package fraudstream.kernel.rest;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Who may do what on Flink's REST port.
 *
 * <p>Flink 1.20 has no such limits of its own: {@code web.cancel.enable} only hides a button, {@code
 * POST /jobs} takes serialized Java objects whatever {@code web.submit.enable} says, and {@code GET
 * /jobs/ID/yarn-cancel} cancels a job for any page that has it as the address of a picture.
 */
final class RestAccess {
  /** The setting {@code fraudstream.rest.access}. */
  enum Level {
    /** Nobody connects. */
    CLOSED,
    /** Requests that change nothing. */
    READ,
    /** Every request of a program such as {@code flink run}, but none that another web page sends. */
    CLIENTS;

    static Level of(String name) {
      for (Level level : values()) {
        if (level.name().toLowerCase(Locale.ROOT).equals(name)) {
          return level;
        }
      }
      throw new IllegalArgumentException(
          "fraudstream.rest.access is " + name + "; use closed, read or clients");
    }
  }

  private static final Set<String> METHODS_THAT_READ = Set.of("GET", "HEAD");

  /** Reads by their method that cancel and stop a job. */
  private static final Pattern DISGUISED = Pattern.compile("/yarn-(cancel|stop)/?$");

  private static final Pattern PORT = Pattern.compile(":\\d+$");

  /** An address cannot be rebound to another machine as a name can. */
  private static final Pattern ADDRESS = Pattern.compile("\\d+(\\.\\d+){3}|\\[[0-9a-f:.]+]");

  private final Level level;
  private final Set<String> names;

  /** Takes the host names, beside {@code localhost}, by which the endpoint is addressed. */
  RestAccess(Level level, Collection<String> names) {
    this.level = level;
    this.names =
        names.stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
  }

  boolean isClosed() {
    return level == Level.CLOSED;
  }

  /**
   * Returns the reason to refuse a request, or nothing.
   *
   * @param uri path and query
   * @param host the header {@code Host}, null if missing
   * @param origin the header {@code Origin}, null if missing
   */
  Optional<String> refusal(String method, String uri, String host, String origin) {
    if (host == null || !isOurs(PORT.matcher(host.toLowerCase(Locale.ROOT)).replaceFirst(""))) {
      return Optional.of("this host name is not one of the cluster's: fraudstream.rest.hosts");
    }
    if (origin != null && !origin.equals("http://" + host) && !origin.equals("https://" + host)) {
      return Optional.of("requests of other web pages are refused");
    }
    Optional<String> path = path(uri);
    if (path.isEmpty()) {
      return Optional.of("the path is malformed");
    }
    if (DISGUISED.matcher(path.get()).find()) {
      return Optional.of("use PATCH /jobs/ID to cancel, POST /jobs/ID/stop to stop a job");
    }
    if (level == Level.READ && !METHODS_THAT_READ.contains(method)) {
      return Optional.of("only reading is allowed here: fraudstream.rest.access");
    }
    return Optional.empty();
  }

  private boolean isOurs(String name) {
    return name.equals("localhost") || names.contains(name) || ADDRESS.matcher(name).matches();
  }

  /** Flink's router decodes a path and ignores empty segments, so both are done here too. */
  private static Optional<String> path(String uri) {
    String path = uri.split("[?#]", 2)[0];
    try {
      return Optional.of(URLDecoder.decode(path, StandardCharsets.UTF_8).replaceAll("/+", "/"));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
