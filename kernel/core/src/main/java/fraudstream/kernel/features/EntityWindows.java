package fraudstream.kernel.features;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.util.Arrays;
import java.util.List;

/**
 * The windows of one entity: updates its histories and computes its features. Not thread-safe.
 *
 * <p>Windows are placed by the transaction's own event time and cover the transactions of its
 * history that have arrived so far, itself included. Transactions at or before the horizon are
 * evicted.
 *
 * <p>An account's horizon is its newest event time minus the reach and the allowed lateness; a
 * transaction beyond it is late. Other entities are shared by accounts, and one account's event
 * time says nothing about the others: their horizon is the on-time {@link Frontier} minus the
 * reach, the allowed lateness and the future tolerance. A transaction of theirs is out of reach if
 * it is beyond the horizon, if a transaction that its windows may cover is lost, or if it is one
 * too many ahead of the frontier ({@link Limits#rowsAhead}). It then has none of the entity's
 * features and a bit in {@link Event#outOfReach}, so that no count is too low unnoticed.
 */
public final class EntityWindows {
  /** Prevents overflow of {@code newest - reach - lateness}; no time is as far from 1970. */
  private static final long MOST_MS = Long.MAX_VALUE / 4;

  private final Entity entity;
  private final long reachMs;
  private final boolean isShared;
  private final long allowedLatenessMs;
  private final long toleranceMs;
  private final Limits limits;
  private final HistorySchema schema;
  private final List<WindowSpec> specs;
  private final WindowView view;
  private final WindowFeatures[] features;

  /** For each slot, the index of its word in {@link Event#words}. */
  private final int[] places;

  private final long[] scratch = new long[Frontier.RECENT];

  /**
   * @param toleranceMs the most by which event times of a live job may be ahead of their arrival
   */
  EntityWindows(
      Entity entity,
      List<WindowSpec> specs,
      boolean recognisesCopies,
      long allowedLatenessMs,
      long toleranceMs,
      Limits limits) {
    this.entity = entity;
    isShared = entity != Entity.ACCOUNT_ID;
    this.allowedLatenessMs = Math.min(allowedLatenessMs, MOST_MS);
    this.toleranceMs = Math.min(toleranceMs, MOST_MS);
    this.limits = limits;
    reachMs = Math.min(specs.stream().mapToLong(WindowSpec::reachMs).reduce(1, Math::max), MOST_MS);
    this.specs = List.copyOf(specs);
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
    boolean isInReach = isShared ? arriveShared(history, event) : arriveOwn(history, event);
    event.ordinals[entity.ordinal()] = history.nextOrdinal();
    if (!isInReach) {
      markOutOfReach(event);
    }
    boolean isKept = isHeard(history, event.timeMs);
    if (isKept && (history.panes() == null || event.timeMs >= history.panes().lastMs())) {
      add(history, event, isInReach);
    } else if (isKept || isInReach) {
      addOlder(history, event, isKept, isInReach);
    }
  }

  /** Advances the history of an account, all of whose transactions are in reach. */
  private boolean arriveOwn(History history, Event event) {
    history.setNewestMs(Math.max(history.newestMs(), event.timeMs));
    history.evictUpTo(horizonMs(history));
    return true;
  }

  /** Advances the history of a shared entity; returns whether the transaction is in its reach. */
  private boolean arriveShared(History history, Event event) {
    Frontier frontier = frontier(history);
    history.setNewestMs(Math.max(history.newestMs(), event.timeMs));
    frontier.arrived(event.timeMs, scratch);
    dropPanesAhead(history);
    long horizonMs = horizonMs(history);
    long evictedMs = history.evictUpTo(horizonMs);
    if (evictedMs != Event.NO_TIME) {
      frontier.lostBehind(evictedMs, reachMs);
    }
    if (event.timeMs <= horizonMs) {
      frontier.lostBehind(event.timeMs, reachMs);
    } else if (!isHeard(history, event.timeMs)) {
      frontier.lostAhead(event.timeMs, reachMs, horizonMs + reachMs);
    }
    return frontier.isComplete(event.timeMs);
  }

  /**
   * Drops panes if the frontier has come back to before them, from where outliers had raised it: no
   * row is older than a pane, so those that arrive now would be condensed into them at once.
   */
  private void dropPanesAhead(History history) {
    if (history.panes() != null && history.panes().lastMs() > aheadMs(history)) {
      history.frontier().lostBehind(history.panes().lastMs(), reachMs);
      history.setPanes(null);
    }
  }

  private Frontier frontier(History history) {
    if (history.frontier() == null) {
      history.setFrontier(Frontier.ofOlder(history, allowedLatenessMs));
    }
    return history.frontier();
  }

  /**
   * The event time up to which nothing is kept: no window of a transaction that isn't late can look
   * back further. {@link Event#NO_TIME} if everything is kept.
   */
  private long horizonMs(History history) {
    if (!isShared) {
      return history.newestMs() - reachMs - allowedLatenessMs;
    }
    long onTimeMs = history.frontier() == null ? Event.NO_TIME : history.frontier().onTimeMs();
    return onTimeMs == Event.NO_TIME
        ? Event.NO_TIME
        : onTimeMs - reachMs - allowedLatenessMs - toleranceMs;
  }

  /** Whether a transaction at that time is kept, and a label of it waits for it. */
  private boolean isHeard(History history, long timeMs) {
    return timeMs > horizonMs(history)
        && (timeMs <= aheadMs(history) || rowsAhead(history) < limits.rowsAhead);
  }

  /** The last event time that is not ahead of the frontier; the maximum if there is no frontier. */
  private long aheadMs(History history) {
    boolean hasFrontier =
        history.frontier() != null && history.frontier().onTimeMs() != Event.NO_TIME;
    return hasFrontier ? history.frontier().onTimeMs() + toleranceMs : Long.MAX_VALUE;
  }

  private int rowsAhead(History history) {
    long aheadMs = aheadMs(history);
    return aheadMs == Long.MAX_VALUE ? 0 : history.end() - history.rowAfter(aheadMs);
  }

  private void markOutOfReach(Event event) {
    event.outOfReach |= 1 << entity.ordinal();
    for (WindowSpec spec : specs) {
      Arrays.fill(event.features, spec.offset, spec.offset + spec.width(), Double.NaN);
    }
  }

  /**
   * Computes the features of a transaction that the history has counted already, as of its event
   * time and with all that has arrived since. Changes nothing but indexes. Its features are missing
   * if it has been condensed or evicted, or is out of reach.
   *
   * <p>A history without ids can't tell transactions of one millisecond apart, and takes the last.
   */
  public void recall(History history, Event event) {
    history.convertTo(schema);
    int row = rowOf(history, event);
    boolean isInReach =
        !isShared || history.frontier() == null || history.frontier().isComplete(event.timeMs);
    if (row >= 0 && isInReach) {
      evaluate(history, row, event);
    } else {
      markOutOfReach(event);
    }
  }

  /** The row of a transaction; -1 if not found. */
  private int rowOf(History history, Event event) {
    if (schema.keepsIds) {
      return history.find(event.timeMs, event.idHash, limits);
    }
    int row = history.rowAfter(event.timeMs) - 1;
    return row >= history.first() && history.timeMs(row) == event.timeMs ? row : -1;
  }

  private void add(History history, Event event, boolean isInReach) {
    int row = history.insert(event, places);
    if (history.panes() != null) {
      history.panes().inserted(history, row);
    }
    if (isInReach) {
      evaluate(history, row, event);
    }
    condense(history);
  }

  private void evaluate(History history, int row, Event event) {
    view.look(history, row, event);
    for (WindowFeatures some : features) {
      some.evaluate(view, event.features);
    }
    view.close();
  }

  /**
   * Adds a transaction that is older than all rows, because it belongs among the panes or is beyond
   * the horizon. Its windows have no other rows, so they can be evaluated on a temporary history
   * that has it as the only row, and the same panes.
   *
   * @param isKept whether to add it to the pane of its time
   */
  private void addOlder(History history, Event event, boolean isKept, boolean isInReach) {
    History own = newHistory();
    own.setPending(history.pending());
    int row = own.insert(event, places);
    history.setPending(own.pending());
    own.setPanes(history.panes());
    if (isInReach) {
      evaluate(own, row, event);
    }
    if (isKept) {
      history.panes().addLate(own, row);
    }
  }

  private void condense(History history) {
    int most = limits.exactRows + limits.paneRows;
    if (history.count() < most) {
      return;
    }
    int ahead = rowsAhead(history);
    while (history.count() - ahead >= most && hasOldPane(history, ahead)) {
      history.condense(limits.paneRows, limits.paneShare);
    }
  }

  private boolean hasOldPane(History history, int ahead) {
    boolean hasFrontier = aheadMs(history) != Long.MAX_VALUE;
    long newestMs = hasFrontier ? history.frontier().onTimeMs() : history.newestMs();
    return history.count() - ahead >= limits.mostExactRows + limits.paneRows
        || history.timeMs(history.first() + limits.paneRows - 1) <= newestMs - limits.exactMs;
  }

  /**
   * Applies a label to the transaction with its id and event time: marks it as a fraud known from
   * the label's time on, or removes the mark if it is no fraud. The last label to arrive wins.
   *
   * <p>A label may arrive before its transaction, and is kept for as long as the transaction would
   * be kept. Condensed transactions have lost their ids: each fraud label counts one more fraud in
   * the pane of its event time, and that can't be undone.
   *
   * @return whether the history may have changed: false if no window uses labels, or if the
   *     transaction would not be kept
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
    boolean isHeard =
        history.newestMs() == Event.NO_TIME || isHeard(history, event.timeMs);
    if (isHeard) {
      labelAbsent(history, event, knownMs);
    }
    return isHeard;
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
