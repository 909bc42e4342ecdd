package fraudstream.kernel.sink;

import java.io.Serializable;
import java.util.Map;

/** Options of a detached sink, as {@code jobs/connectors/kinesis_connector.py} sets them. */
final class DetachedOptions implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final String PREFIX = "detached.";

  /** The rows in words, for the log. */
  final String name;

  /** The maximum size of the rows that wait to be written. */
  final long capacityBytes;

  /** How long a full backlog makes the task wait, until it has drained to half of its capacity. */
  final long patienceMs;

  /** How long a row waits for others to be written with it. */
  final long lingerMs;

  private final boolean areLetters;

  DetachedOptions(
      String name, long capacityBytes, long patienceMs, long lingerMs, boolean areLetters) {
    this.name = name;
    this.capacityBytes = capacityBytes;
    this.patienceMs = patienceMs;
    this.lingerMs = lingerMs;
    this.areLetters = areLetters;
  }

  /** Takes the options out of those of a table; the connector of the inner sink stays behind. */
  static DetachedOptions takenFrom(Map<String, String> table) {
    table.put("connector", taken(table, "connector"));
    return new DetachedOptions(
        taken(table, "name"),
        Long.parseLong(taken(table, "capacity-bytes")),
        Long.parseLong(taken(table, "patience-ms")),
        Long.parseLong(taken(table, "linger-ms")),
        Boolean.parseBoolean(taken(table, "are-dead-letters")));
  }

  private static String taken(Map<String, String> table, String name) {
    String value = table.remove(PREFIX + name);
    if (value == null) {
      throw new IllegalArgumentException("a detached table needs the option " + PREFIX + name);
    }
    return value;
  }

  Dropped dropped() {
    return areLetters ? new DroppedLetters() : new DroppedRecords();
  }
}
