package fraudstream.kernel;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.features.Outcome;
import fraudstream.kernel.features.ProfileFormat;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.LabelParser;
import fraudstream.kernel.record.RefusedException;
import fraudstream.kernel.record.TransactionParser;
import java.io.IOException;
import java.util.List;

/**
 * The stream's features for a server: one transaction at a time, over profiles that its caller keeps.
 *
 * <p>A profile is the history of one id of one entity as bytes ({@link ProfileFormat}). Every array
 * of ids, ordinals or profiles is in the order of {@link #entities}; null stands for no id and for
 * no profile yet. Profiles that are passed in are never changed.
 *
 * <p>Not thread-safe: parsers, windows and buffers serve one call after the other. A server makes
 * one for each of its threads, and never uses one from two of them at a time.
 */
public final class OnlineFeatures {
  private final Catalogue catalogue;
  private final TransactionParser transactions;
  private final LabelParser labels;
  private final EntityWindows[] windows;
  private final ProfileFormat[] formats;

  /**
   * @param catalogueJson the catalogue, as {@code Catalogue.to_json} in Python writes it
   * @param maxRecordBytes a longer record is refused unread
   * @param futureToleranceMs how far an event time may lie past the arrival; negative for any
   * @param allowedLatenessMs how far an event time may lie behind the newest of its account
   */
  public OnlineFeatures(
      String catalogueJson, int maxRecordBytes, long futureToleranceMs, long allowedLatenessMs) {
    catalogue = Catalogue.fromJson(catalogueJson);
    transactions = new TransactionParser(maxRecordBytes, futureToleranceMs);
    labels = new LabelParser(maxRecordBytes);
    List<Entity> entities = catalogue.entities();
    windows = new EntityWindows[entities.size()];
    formats = new ProfileFormat[entities.size()];
    for (int at = 0; at < windows.length; at++) {
      windows[at] = catalogue.windows(entities.get(at), allowedLatenessMs);
      formats[at] = new ProfileFormat(windows[at].schema());
    }
  }

  /** A transaction's outcome and, if it is new, its features. */
  public static final class Result {
    /** The {@link Outcome#label}: new, duplicate or late. */
    public final String outcome;

    /** The catalogue's vector, NaN for a missing feature; null unless the outcome is new. */
    public final double[] features;

    /**
     * Which transaction of each entity it is, counted from 1, 0 where it has no id; null unless the
     * outcome is new.
     */
    public final long[] ordinals;

    /** The profiles to be stored, null where there is nothing to store; null if not asked for. */
    public final byte[][] profiles;

    private Result(Outcome outcome, double[] features, long[] ordinals, byte[][] profiles) {
      this.outcome = outcome.label;
      this.features = features;
      this.ordinals = ordinals;
      this.profiles = profiles;
    }
  }

  /** The id fields of the entities that have profiles, the account first. */
  public String[] entities() {
    String[] names = new String[windows.length];
    for (int at = 0; at < names.length; at++) {
      names[at] = windows[at].entity().fieldName;
    }
    return names;
  }

  /** How many numbers a feature vector has. */
  public int width() {
    return catalogue.width();
  }

  /**
   * Reads the JSON of a transaction that arrived at {@code arrivalMs} (epoch).
   *
   * @throws RefusedException if it is not one: the reason, the value and the fix
   */
  public Event transaction(byte[] json, long arrivalMs) throws RefusedException {
    Event event = new Event();
    event.raw = json;
    event.arrivalMs = arrivalMs;
    Fields fields = transactions.parse(json, arrivalMs);
    event.identify(fields);
    catalogue.begin(fields, event);
    return event;
  }

  /**
   * Reads the JSON of a label.
   *
   * @throws RefusedException if it is not one: the reason, the value and the fix
   */
  public Event label(byte[] json) throws RefusedException {
    return labels.parse(json);
  }

  /** The ids whose profiles a transaction or label asks for. */
  public String[] ids(Event event) {
    String[] ids = new String[windows.length];
    for (int at = 0; at < ids.length; at++) {
      ids[at] = id(event, at);
    }
    return ids;
  }

  private String id(Event event, int at) {
    return event.ids[windows[at].entity().ordinal()];
  }

  /**
   * Computes the features that a transaction would have if it arrived now, itself included.
   *
   * @throws IOException if a profile is damaged, or another release's
   */
  public Result evaluate(Event transaction, byte[][] profiles) throws IOException {
    return arrive(transaction, profiles, null);
  }

  /**
   * Lets a transaction arrive: its features, and the profiles that count it.
   *
   * @throws IOException if a profile is damaged, or another release's
   */
  public Result apply(Event transaction, byte[][] profiles) throws IOException {
    return arrive(transaction, profiles, new byte[windows.length][]);
  }

  private Result arrive(Event transaction, byte[][] profiles, byte[][] changed)
      throws IOException {
    check(transaction, Event.Kind.TRANSACTION, profiles);
    // The windows write into the event: the caller's stays as it was parsed, whatever comes of it.
    Event event = transaction.copy();
    long[] ordinals = new long[windows.length];
    for (int at = 0; at < windows.length; at++) {
      if (id(event, at) == null) {
        continue;
      }
      History history = history(at, profiles[at]);
      Outcome outcome = windows[at].arrive(history, event);
      if (outcome != Outcome.NEW) {
        return new Result(outcome, null, null, changed);
      }
      ordinals[at] = event.ordinals[windows[at].entity().ordinal()];
      if (changed != null) {
        changed[at] = formats[at].write(history);
      }
    }
    catalogue.finish(event);
    return new Result(Outcome.NEW, event.features, ordinals, changed);
  }

  /**
   * Lets a label arrive.
   *
   * @return the profiles to be stored, null where there is nothing to store
   * @throws IOException if a profile is damaged, or another release's
   */
  public byte[][] applyLabel(Event label, byte[][] profiles) throws IOException {
    check(label, Event.Kind.LABEL, profiles);
    byte[][] changed = new byte[windows.length][];
    for (int at = 0; at < windows.length; at++) {
      if (id(label, at) != null) {
        History history = history(at, profiles[at]);
        changed[at] = windows[at].label(history, label) ? formats[at].write(history) : null;
      }
    }
    return changed;
  }

  private History history(int at, byte[] profile) throws IOException {
    return profile == null ? windows[at].newHistory() : formats[at].read(profile);
  }

  private void check(Event event, Event.Kind kind, byte[][] profiles) {
    if (event.kind != kind) {
      throw new IllegalArgumentException("the event is a " + event.kind + ", not a " + kind);
    }
    if (profiles.length != windows.length) {
      throw new IllegalArgumentException(
          profiles.length
              + " profiles were given; give one for each of "
              + String.join(", ", entities())
              + ", or null");
    }
  }
}
