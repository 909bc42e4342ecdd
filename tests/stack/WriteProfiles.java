import fraudstream.kernel.profiles.ProfileProgress;
import fraudstream.kernel.profiles.ProfileRow;
import fraudstream.kernel.profiles.ProfileStore;
import fraudstream.kernel.profiles.ProfileStoreFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * Writes profiles to the store whose URL is the first line of the standard input, as the job does; the
 * arguments are options of the store, as name=value. Each further line is one put: rows separated by
 * spaces, of which each has entity, id, epoch, ordinal, update, expiry and profile, separated by
 * commas, the texts and the profile in hex. A line that begins with ! is a task's progress.
 */
final class WriteProfiles {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (String each : arguments) {
      options.put(each.split("=", 2)[0], each.split("=", 2)[1]);
    }
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    String url = input.readLine();
    ProfileStoreFactory factory =
        ServiceLoader.load(ProfileStoreFactory.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(each -> url.startsWith(each.scheme() + ":"))
            .findAny()
            .orElseThrow();
    try (ProfileStore store = factory.open(url, options)) {
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        if (line.startsWith("!")) {
          store.report(progress(line.substring(1).split(",")));
        } else {
          List<ProfileRow> rows = new ArrayList<>();
          for (String each : line.split(" ")) {
            rows.add(row(each.split(",", -1)));
          }
          store.put(rows);
        }
      }
    }
  }

  private static ProfileRow row(String[] fields) {
    return new ProfileRow(
        text(fields[0]),
        text(fields[1]),
        Long.parseLong(fields[2]),
        Long.parseLong(fields[3]),
        Long.parseLong(fields[4]),
        Long.parseLong(fields[5]),
        bytes(fields[6]));
  }

  private static ProfileProgress progress(String[] fields) {
    return new ProfileProgress(
        text(fields[0]),
        Integer.parseInt(fields[1]),
        Integer.parseInt(fields[2]),
        Long.parseLong(fields[3]),
        Long.parseLong(fields[4]));
  }

  private static String text(String hex) {
    return new String(bytes(hex), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(String hex) {
    byte[] bytes = new byte[hex.length() / 2];
    for (int each = 0; each < bytes.length; each++) {
      bytes[each] = (byte) Integer.parseInt(hex.substring(2 * each, 2 * each + 2), 16);
    }
    return bytes;
  }
}
