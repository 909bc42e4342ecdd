package fraudstream.kernel;

import fraudstream.kernel.customers.CustomerMetadata;
import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.features.Outcome;
import fraudstream.kernel.features.ProfileFormat;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.EventHash;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.LabelParser;
import fraudstream.kernel.record.RefusedException;
import fraudstream.kernel.record.TransactionParser;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Computes the stream's features in a server, one transaction at a time, from profiles that the
 * caller stores.
 *
 * <p>A profile is the serialized history of one id of one entity ({@link ProfileFormat}). Arrays of
 * ids, ordinals and profiles are in the order of {@link #entities}. A null id means that the event
 * has no id of that entity; a null profile means that none has been stored yet. Profiles passed in
 * are never modified.
 *
 * <p>Not thread-safe: calls share parsers, windows and buffers. Create one instance per thread.
 */
public final class OnlineFeatures {
  private final Catalogue catalogue;
  private final TransactionParser transactions;
  private final LabelParser labels;
  private final EventHash hash;
  private final EntityWindows[] windows;
  private final ProfileFormat[] formats;
  private final CustomerMetadata customers;

  /** The same without metadata: features of the customer's metadata are missing. */
  public OnlineFeatures(
      String catalogueJson,
      int maxRecordBytes,
      long futureToleranceMs,
      long allowedLatenessMs,
      long toleranceMs,
      HashKey key) {
    this(
        catalogueJson,
        maxRecordBytes,
        futureToleranceMs,
        allowedLatenessMs,
        toleranceMs,
        key,
        CustomerMetadata.NONE);
  }

  /**
   * @param catalogueJson the catalogue as JSON, written by {@code Catalogue.to_json} in Python
   * @param maxRecordBytes the maximum record size; larger records are refused without parsing
   * @param futureToleranceMs the maximum by which an event time may be later than the arrival time;
   *     negative for no limit
   * @param allowedLatenessMs the maximum by which an event time may be earlier than the newest one
   *     of its account
   * @param toleranceMs the future tolerance of the job that computes the same features; shared
   *     entities keep as much more than their windows and the lateness need
   * @param key the hash key of all profiles: the one of the job that computes the same features
   * @param customers what the bank knows of its customers; may be shared by threads, and is not closed
   */
  public OnlineFeatures(
      String catalogueJson,
      int maxRecordBytes,
      long futureToleranceMs,
      long allowedLatenessMs,
      long toleranceMs,
      HashKey key,
      CustomerMetadata customers) {
    this.customers = customers;
    catalogue = Catalogue.fromJson(catalogueJson);
    transactions = new TransactionParser(maxRecordBytes, futureToleranceMs);
    labels = new LabelParser(maxRecordBytes);
    hash = catalogue.hash(key);
    List<Entity> entities = catalogue.entities();
    windows = new EntityWindows[entities.size()];
    formats = new ProfileFormat[entities.size()];
    for (int at = 0; at < windows.length; at++) {
      windows[at] = catalogue.windows(entities.get(at), allowedLatenessMs, toleranceMs);
      formats[at] = new ProfileFormat(windows[at].schema(), key);
    }
  }

  /** The outcome of a transaction and, if it is new, its features. */
  public static final class Result {
    /** The {@link Outcome#label}, such as {@code new} or {@code duplicate}. */
    public final String outcome;

    /**
     * The feature vector, NaN for a missing feature; null for a late and for a conflicting
     * transaction. {@link #evaluate} also gives that of a duplicate, as of its event time.
     */
    public final double[] features;

    /**
     * The sequence number of the transaction within each entity, from 1; 0 where it has no id. Null
     * unless the outcome is new.
     */
    public final long[] ordinals;

    /**
     * The id fields of the entities out of whose reach the transaction is: they have lost a
     * transaction that their windows may cover, and their features are NaN. Null without features.
     */
    public final String[] outOfReach;

    /**
     * The profiles to store, with null elements where nothing changed; null for {@link #evaluate},
     * which changes no profile.
     */
    public final byte[][] profiles;

    private Result(Outcome outcome, byte[][] profiles) {
      this.outcome = outcome.label;
      features = null;
      ordinals = null;
      outOfReach = null;
      this.profiles = profiles;
    }

    private Result(Outcome outcome, Event event, long[] ordinals, byte[][] profiles) {
      this.outcome = outcome.label;
      features = event.features;
      this.ordinals = ordinals;
      outOfReach =
          Arrays.stream(Entity.values())
              .filter(event::isOutOfReach)
              .map(entity -> entity.fieldName)
              .toArray(String[]::new);
      this.profiles = profiles;
    }
  }

  /** The id fields of the entities that have profiles; the account comes first. */
  public String[] entities() {
    String[] names = new String[windows.length];
    for (int at = 0; at < names.length; at++) {
      names[at] = windows[at].entity().fieldName;
    }
    return names;
  }

  /** The windows of the entity at this place of {@link #entities}. */
  EntityWindows window(int at) {
    return windows[at];
  }

  /** The format of the profiles of the entity at this place of {@link #entities}. */
  ProfileFormat format(int at) {
    return formats[at];
  }

  /** The length of the feature vector. */
  public int width() {
    return catalogue.width();
  }

  /**
   * Parses the JSON of a transaction that arrived at {@code arrivalMs} (epoch ms).
   *
   * @throws RefusedException if the record is invalid; the message names the value and the fix
   */
  public Event transaction(byte[] json, long arrivalMs) throws RefusedException {
    Event event = new Event();
    event.raw = json;
    event.arrivalMs = arrivalMs;
    Fields fields = transactions.parse(json, arrivalMs);
    event.identify(fields);
    customers.enrich(fields, event);
    catalogue.begin(fields, event);
    hash.hash(event);
    return event;
  }

  /**
   * Parses the JSON of a label.
   *
   * @throws RefusedException if the record is invalid; the message names the value and the fix
   */
  public Event label(byte[] json) throws RefusedException {
    Event label = labels.parse(json);
    hash.hash(label);
    return label;
  }

  /** The ids whose profiles are needed to process a transaction or a label. */
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
   * Computes the features that a transaction would have if it arrived now, without changing the
   * profiles. The features count the transaction itself. A transaction that the profiles have
   * counted already is a duplicate with its features, so that an answer does not depend on whether
   * the stream was faster than the question.
   *
   * @throws IOException if a profile is damaged or has the format of another release
   */
  public Result evaluate(Event transaction, byte[][] profiles) throws IOException {
    return arrive(transaction, profiles, null);
  }

  /**
   * Computes the features of a transaction and the updated profiles that include it.
   *
   * @throws IOException if a profile is damaged or has the format of another release
   */
  public Result apply(Event transaction, byte[][] profiles) throws IOException {
    return arrive(transaction, profiles, new byte[windows.length][]);
  }

  private Result arrive(Event transaction, byte[][] profiles, byte[][] changed)
      throws IOException {
    check(transaction, Event.Kind.TRANSACTION, profiles);
    // The windows write to the event. Work on a copy, so that the caller can use its own again.
    Event event = transaction.copy();
    long[] ordinals = new long[windows.length];
    for (int at = 0; at < windows.length; at++) {
      if (id(event, at) == null) {
        continue;
      }
      History history = history(at, profiles[at]);
      Outcome outcome = windows[at].arrive(history, event);
      if (outcome == Outcome.DUPLICATE && changed == null) {
        return recall(event, profiles);
      }
      if (outcome != Outcome.NEW) {
        return new Result(outcome, changed);
      }
      ordinals[at] = event.ordinals[windows[at].entity().ordinal()];
      if (changed != null) {
        changed[at] = formats[at].write(history);
      }
    }
    catalogue.finish(event);
    return new Result(Outcome.NEW, event, ordinals, changed);
  }

  private Result recall(Event event, byte[][] profiles) throws IOException {
    for (int at = 0; at < windows.length; at++) {
      if (id(event, at) != null) {
        windows[at].recall(history(at, profiles[at]), event);
      }
    }
    catalogue.finish(event);
    return new Result(Outcome.DUPLICATE, event, null, null);
  }

  /**
   * Applies a label to the profiles.
   *
   * @return the profiles to store, null where nothing changed
   * @throws IOException if a profile is damaged or has the format of another release
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
