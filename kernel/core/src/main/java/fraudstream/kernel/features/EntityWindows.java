package fraudstream.kernel.features;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.List;

/**
 * The windows of one entity: keeps its histories and computes its features.
 *
 * <p>A transaction's windows are as of its own event time, over those that have arrived so far,
 * itself included. Of those, it sees the ones whose event time is later than the newest one of all
 * so far, less the reach and the allowed lateness; itself it sees always. For use by one thread.
 */
public final class EntityWindows {
  /** Keeps {@code newest - reach - lateness} away from overflow; no time is as far from 1970. */
  private static final long MOST_MS = Long.MAX_VALUE / 4;

  private final Entity entity;
  private final long reachMs;
  private final long allowedLatenessMs;
  private final Limits limits;
  private final HistorySchema schema;
  private final WindowView view;
  private final WindowFeatures[] features;

  /** For each slot: the place of its word in an event. */
  private final int[] places;

  EntityWindows(
      Entity entity, List<WindowSpec> specs, boolean rememberIds, long allowedLatenessMs) {
    this(entity, specs, rememberIds, allowedLatenessMs, Limits.PRODUCTION);
  }

  EntityWindows(
      Entity entity,
      List<WindowSpec> specs,
      boolean rememberIds,
      long allowedLatenessMs,
      Limits limits) {
    this.entity = entity;
    this.allowedLatenessMs = Math.min(allowedLatenessMs, MOST_MS);
    this.limits = limits;
    reachMs = Math.min(specs.stream().mapToLong(WindowSpec::reachMs).reduce(1, Math::max), MOST_MS);
    schema = HistorySchema.of(specs, rememberIds);
    view = new WindowView(specs, limits);
    features = WindowFeatures.of(specs, schema, view);
    places = new int[schema.slots()];
    for (WindowSpec spec : specs) {
      for (WindowColumn column : spec.columns) {
        places[schema.slot(column.id)] = column.place;
      }
    }
  }

  public Entity entity() {
    return entity;
  }

  /** The longest window with its delay; 1 at least. */
  public long reachMs() {
    return reachMs;
  }

  /** What its histories keep of each transaction. */
  public HistorySchema schema() {
    return schema;
  }

  public History newHistory() {
    return new History(schema);
  }

  /**
   * Lets a transaction arrive: counts it, unless it is late or a duplicate.
   *
   * <p>Which it is, the account's windows decide for all entities; the others count all they get.
   */
  public Outcome arrive(History history, Event event) {
    if (entity == Entity.ACCOUNT_ID && isLate(history, event)) {
      return Outcome.LATE;
    }
    if (entity == Entity.ACCOUNT_ID && remembers(history, event.idHash)) {
      return Outcome.DUPLICATE;
    }
    transaction(history, event);
    return Outcome.NEW;
  }

  /** Whether it's more than the allowed lateness behind the newest; the first one never is. */
  public boolean isLate(History history, Event event) {
    long newestMs = Math.max(history.newestMs(), event.timeMs);
    return newestMs - event.timeMs > allowedLatenessMs;
  }

  /** Whether the history has that transaction; those that are condensed are forgotten. */
  public boolean remembers(History history, long idHash) {
    history.convertTo(schema);
    return history.contains(idHash, limits);
  }

  /** Counts a transaction: gives it its ordinal and its features. */
  public void transaction(History history, Event event) {
    history.convertTo(schema);
    history.setNewestMs(Math.max(history.newestMs(), event.timeMs));
    history.evictUpTo(horizonMs(history));
    event.ordinals[entity.ordinal()] = history.nextOrdinal();
    if (history.panes() != null && event.timeMs < history.panes().lastMs()) {
      insertAmongPanes(history, event);
      return;
    }
    int row = history.insert(event, places);
    if (history.panes() != null) {
      history.panes().inserted(history, row);
    }
    evaluate(history, row, event);
    condense(history);
  }

  /** What isn't newer, no window of a transaction in time can see. */
  private long horizonMs(History history) {
    return history.newestMs() - reachMs - allowedLatenessMs;
  }

  private void evaluate(History history, int row, Event event) {
    view.look(history, row, event);
    for (WindowFeatures some : features) {
      some.evaluate(view, event.features);
    }
    view.close();
  }

  /** It is its only row, as it sees it: those of the history are all newer. */
  private void insertAmongPanes(History history, Event event) {
    History own = newHistory();
    own.setPending(history.pending());
    int row = own.insert(event, places);
    history.setPending(own.pending());
    own.setPanes(history.panes());
    evaluate(own, row, event);
    if (event.timeMs > horizonMs(history)) {
      history.panes().addLate(own, row);
    }
  }

  private void condense(History history) {
    while (history.count() >= limits.exactRows + limits.paneRows && hasOldPane(history)) {
      history.condense(limits.paneRows, limits.paneShare);
    }
  }

  private boolean hasOldPane(History history) {
    long exactAfterMs = history.newestMs() - limits.exactMs;
    return history.count() >= limits.mostExactRows + limits.paneRows
        || history.timeMs(history.first() + limits.paneRows - 1) <= exactAfterMs;
  }

  /**
   * Marks a transaction, by its id and event time, as a fraud that is known from a time on; or, if
   * it is none, takes that mark away. The label that arrives last counts.
   *
   * <p>It may arrive before its transaction, and is kept as long as that one would be. A condensed
   * transaction has no id any more: it is marked in the pane of its time, once for each label, and
   * for good.
   *
   * @return whether there is anything to keep: false if no window asks for labels, or too late
   */
  public boolean label(History history, Event event) {
    history.convertTo(schema);
    if (!schema.keepsLabels) {
      return false;
    }
    long knownMs = event.isFraud ? event.availableAtMs : HistorySchema.NO_FRAUD;
    int row = history.find(event.timeMs, event.idHash);
    if (row >= 0) {
      history.setLabel(row, knownMs);
      return true;
    }
    boolean isInReach =
        history.newestMs() == Event.NO_TIME || event.timeMs > horizonMs(history);
    if (isInReach) {
      labelAbsent(history, event, knownMs);
    }
    return isInReach;
  }

  private static void labelAbsent(History history, Event event, long knownMs) {
    if (history.panes() != null && event.timeMs <= history.panes().lastMs()) {
      if (event.isFraud) {
        history.panes().addFraud(event.timeMs, knownMs);
      }
    } else if (event.isFraud) {
      PendingLabels pending = history.pending() == null ? new PendingLabels() : history.pending();
      pending.put(event.timeMs, event.idHash, knownMs);
      history.setPending(pending);
    } else if (history.pending() != null) {
      history.pending().take(event.timeMs, event.idHash);
      history.setPending(history.pending().count() == 0 ? null : history.pending());
    }
  }
}
