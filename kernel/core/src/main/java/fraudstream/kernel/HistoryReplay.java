package fraudstream.kernel;

import fraudstream.kernel.features.History;
import fraudstream.kernel.features.Outcome;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.RefusedException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Histories of all entities in memory, built from transactions in their order: what a job without
 * saved state would have after them. {@link OnlineFeatures#apply} reads and writes every profile
 * each time, which takes longer the longer a history is.
 *
 * <p>Not thread-safe. The histories stay in memory until the object is no longer used.
 */
public final class HistoryReplay {
  private final OnlineFeatures online;
  private final List<Map<String, History>> histories = new ArrayList<>();

  /** Takes the parser, windows and formats of {@code online}, whose calls it must not overlap. */
  public HistoryReplay(OnlineFeatures online) {
    this.online = online;
    for (int at = 0; at < online.entities().length; at++) {
      histories.add(new HashMap<>());
    }
  }

  /**
   * Adds the JSON of a transaction that arrived at {@code arrivalMs} (epoch ms).
   *
   * @return the label of the outcome; the histories count the transaction if it is {@code new}
   * @throws RefusedException if the record is invalid
   */
  public String add(byte[] json, long arrivalMs) throws RefusedException {
    Event event = online.transaction(json, arrivalMs);
    String[] ids = online.ids(event);
    for (int at = 0; at < ids.length; at++) {
      if (ids[at] == null) {
        continue;
      }
      Outcome outcome = online.window(at).arrive(history(at, ids[at]), event);
      if (outcome != Outcome.NEW) {
        return outcome.label;
      }
    }
    return Outcome.NEW.label;
  }

  private History history(int at, String id) {
    return histories.get(at).computeIfAbsent(id, missing -> online.window(at).newHistory());
  }

  /** The ids with a history of the entity at this place of {@link OnlineFeatures#entities}. */
  public String[] ids(int at) {
    return histories.get(at).keySet().toArray(new String[0]);
  }

  /** The profile of an id that {@link #ids} has. */
  public byte[] profile(int at, String id) {
    return online.format(at).write(histories.get(at).get(id));
  }

  /** The number of transactions that the history of such an id has counted. */
  public long ordinal(int at, String id) {
    return histories.get(at).get(id).ordinal();
  }
}
