package fraudstream.kernel.features;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.List;

/**
 * The windows of one entity: updates its histories and computes its features. Not thread-safe.
 *
 * <p>Windows are placed by the transaction's own event time and cover the transactions of its
 * history that have arrived so far, itself included. Transactions at or before the horizon are
 * evicted: the newest event time so far, minus the reach and the allowed lateness. A transaction
 * sees itself even if it is beyond the horizon, and is not kept then.
 */
public final class EntityWindows {
  /** Prevents overflow of {@code newest - reach - lateness}; no time is as far from 1970. */
  private static final long MOST_MS = Long.MAX_VALUE / 4;

  private final Entity entity;
  private final long reachMs;
  private final long allowedLatenessMs;
  private final Limits limits;
  private final HistorySchema schema;
  private final WindowView view;
  private final WindowFeatures[] features;

  /** For each slot, the index of its word in {@link Event#words}. */
  private final int[] places;

  EntityWindows(
      Entity entity, List<WindowSpec> specs, boolean recognisesCopies, long allowedLatenessMs) {
    this(entity, specs, recognisesCopies, allowedLatenessMs, Limits.PRODUCTION);
  }

  EntityWindows(
      Entity entity,
      List<WindowSpec> specs,
      boolean recognisesCopies,
      long allowedLatenessMs,
      Limits limits) {
    this.entity = entity;
    this.allowedLatenessMs = Math.min(allowedLatenessMs, MOST_MS);
    this.limits = limits;
    reachMs = Math.min(specs.stream().mapToLong(WindowSpec::reachMs).reduce(1, Math::max), MOST_MS);
    schema = HistorySchema.of(specs, recognisesCopies);
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

  /** The greatest sum of a window and its delay, at least 1. */
  public long reachMs() {
    return reachMs;
  }

  /** The layout of a transaction in this entity's histories. */
  public HistorySchema schema() {
    return schema;
  }

  public History newHistory() {
    return new History(schema);
  }

  /**
   * Counts an arriving transaction, unless it is a duplicate or late.
   *
   * <p>Only the account's windows detect these; the other entities count every transaction. A copy of a
   * remembered transaction is a duplicate however late it is, because the first one was scored; what
   * reuses a remembered id with other contents conflicts, late or not.
   */
  public Outcome arrive(History history, Event event) {
    if (entity == Entity.ACCOUNT_ID) {
      if (remembers(history, event.idHash)) {
        return hasCopy(history, event) ? Outcome.DUPLICATE : Outcome.CONFLICTING_DUPLICATE;
      }
      if (isLate(history, event)) {
        return Outcome.LATE;
      }
    }
    transaction(history, event);
    return Outcome.NEW;
  }

  /** Whether an event is more than the allowed lateness behind the newest; never for the first. */
  public boolean isLate(History history, Event event) {
    long newestMs = Math.max(history.newestMs(), event.timeMs);
    return newestMs - event.timeMs > allowedLatenessMs;
  }

  /** Whether a row of the history has that id hash; condensed transactions have lost theirs. */
  public boolean remembers(History history, long idHash) {
    history.convertTo(schema);
    return history.contains(idHash, limits);
  }

  /** Whether the row with the event's id has the same fields; the time, one of them, finds it. */
  private boolean hasCopy(History history, Event event) {
    int row = history.find(event.timeMs, event.idHash, limits);
    return row >= 0 && history.fingerprint(row) == event.fingerprint;
  }

  /** Counts a transaction and sets its sequence number and its features. */
  public void transaction(History history, Event event) {
    history.convertTo(schema);
    history.setNewestMs(Math.max(history.newestMs(), event.timeMs));
    history.evictUpTo(horizonMs(history));
    event.ordinals[entity.ordinal()] = history.nextOrdinal();
    boolean isKept = event.timeMs > horizonMs(history);
    if (!isKept || history.panes() != null && event.timeMs < history.panes().lastMs()) {
      evaluateAlone(history, event, isKept);
      return;
    }
    int row = history.insert(event, places);
    if (history.panes() != null) {
      history.panes().inserted(history, row);
    }
    evaluate(history, row, event);
    condense(history);
  }

  /** The event time up to which no window of a transaction that isn't late can look back. */
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

  /**
   * Evaluates a transaction that is older than all rows, because it belongs among the panes or is
   * beyond the horizon. Its windows have no other rows, so they can be evaluated on a temporary
   * history that has it as the only row, and the same panes.
   *
   * @param isKept whether to add it to the pane of its time
   */
  private void evaluateAlone(History history, Event event, boolean isKept) {
    History own = newHistory();
    own.setPending(history.pending());
    int row = own.insert(event, places);
    history.setPending(own.pending());
    own.setPanes(history.panes());
    evaluate(own, row, event);
    if (isKept) {
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
   * Applies a label to the transaction with its id and event time: marks it as a fraud known from
   * the label's time on, or removes the mark if it is no fraud. The last label to arrive wins.
   *
   * <p>A label may arrive before its transaction, and is kept for as long as the transaction would
   * be. Condensed transactions have lost their ids: each fraud label counts one more fraud in the
   * pane of its event time, and that can't be undone.
   *
   * @return whether the history may have changed: false if no window uses labels, or if the
   *     transaction is beyond the horizon
   */
  public boolean label(History history, Event event) {
    history.convertTo(schema);
    if (!schema.keepsLabels) {
      return false;
    }
    long knownMs = event.isFraud ? event.availableAtMs : HistorySchema.NO_FRAUD;
    int row = history.find(event.timeMs, event.idHash, limits);
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
      history.setPending(history.pending());
    }
  }
}
