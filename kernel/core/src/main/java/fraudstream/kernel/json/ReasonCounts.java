package fraudstream.kernel.json;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Counts by reason, for an alert or a dead letter that sums up others. */
public final class ReasonCounts {
  private final TreeMap<String, Long> counts = new TreeMap<>();

  public void add(String reason, long count) {
    counts.merge(reason, count, Long::sum);
  }

  public void addAll(ReasonCounts others) {
    others.counts.forEach(this::add);
  }

  public boolean isEmpty() {
    return counts.isEmpty();
  }

  public void clear() {
    counts.clear();
  }

  public long total() {
    return counts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** The counts by reason, in alphabetical order of the reasons. */
  public Map<String, Long> byReason() {
    return counts;
  }

  /** Like "3 invalid_value, 1 late". */
  @Override
  public String toString() {
    return counts.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .collect(Collectors.joining(", "));
  }

  /** Writes the counts as an object. */
  void write(JsonLine json) {
    json.begin('{');
    counts.forEach(
        (reason, count) -> {
          json.field(JsonLine.name(reason));
          json.whole(count);
        });
    json.end('}');
  }
}
