package fraudstream.kernel.profiles.stores;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** The parts of a server's URL, by the rules of {@code fraudstream/profiles/store_urls.py}. */
final class StoreAddress {
  final String scheme;
  final String host;
  final int port;

  /** Decoded, and null if the URL has none. */
  final String user;

  final String password;
  final String database;
  final Map<String, String> parameters;

  private StoreAddress(URI url, int defaultPort) throws IOException {
    scheme = url.getScheme();
    host = url.getHost();
    port = url.getPort() < 0 ? defaultPort : url.getPort();
    String[] who = url.getRawUserInfo() == null ? new String[0] : url.getRawUserInfo().split(":", 2);
    user = who.length > 0 && !who[0].isEmpty() ? decoded(who[0]) : null;
    password = who.length > 1 && !who[1].isEmpty() ? decoded(who[1]) : null;
    String path = url.getRawPath() == null ? "" : url.getRawPath();
    database = decoded(path.startsWith("/") ? path.substring(1) : path);
    parameters = parameters(url.getRawQuery());
  }

  /**
   * Reads a URL such as {@code postgresql://USER:PASSWORD@HOST:PORT/DATABASE}.
   *
   * @throws IOException without the password, if the URL has no host or can't be read
   */
  static StoreAddress parse(String text, int defaultPort, String form) throws IOException {
    URI url = null;
    try {
      url = new URI(text);
    } catch (URISyntaxException unreadable) {
      // Not its own message, which has the password.
    }
    if (url == null || url.getHost() == null || url.getRawFragment() != null) {
      throw new IOException(
          "the profile store's URL has no host or can't be read: write "
              + form
              + ", and percent-encode the password's special characters");
    }
    return new StoreAddress(url, defaultPort);
  }

  private static Map<String, String> parameters(String query) throws IOException {
    Map<String, String> found = new HashMap<>();
    if (query != null) {
      for (String each : query.split("&")) {
        String[] pair = each.split("=", 2);
        found.put(decoded(pair[0]), pair.length > 1 ? decoded(pair[1]) : "");
      }
    }
    return found;
  }

  /** Decodes percent-encoding alone: the decoder of forms would make a space of a plus sign. */
  private static String decoded(String text) throws IOException {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException unreadable) {
      throw new IOException("the profile store's URL has a % without two hex digits: write %25");
    }
  }

  /** Whether the server is on this machine, so that its connections need no TLS. */
  boolean isLoopback() {
    try {
      return host.equals("localhost")
          || (host.matches("[0-9.]+|\\[.*\\]") && InetAddress.getByName(host).isLoopbackAddress());
    } catch (UnknownHostException notAnAddress) {
      return false;
    }
  }

  /** The URL for messages: the password is replaced. */
  @Override
  public String toString() {
    String who = (user == null ? "" : user) + (password == null ? "" : ":***");
    return scheme
        + "://"
        + (who.isEmpty() ? "" : who + "@")
        + host
        + ":"
        + port
        + "/"
        + database;
  }
}
