package fraudstream.kernel.features;

/** Sizes from which a history is indexed or condensed; tests use smaller ones. */
final class Limits {
  /**
   * Windows are exact over the newest 4,096 transactions, or over the last hour of up to 65,536
   * transactions (18 a second). Beyond that, a window edge is off by at most one pane, which has
   * 1/64 (1.6 %) of the transactions newer than it.
   */
  static final Limits PRODUCTION = new Limits();

  /**
   * The rows of a block of partial results, a power of two; at most twice as many where rows are
   * inserted among others.
   */
  int blockRows = 64;

  /** The blocks of a group, a power of two; at most twice as many likewise. */
  int groupBlocks = 16;

  /** Up to this many rows windows are computed by a scan, which is as fast as any index. */
  int scannedRows = 128;

  /** Up to this many rows a transaction id is searched by a scan. */
  int scannedIds = 64;

  /** The rows that a transaction may move on average, so that the others stay in order. */
  int movedRows = 8;

  /** The rows that a transaction may move if those before it have moved few. */
  int maxSavedMoves = 4_096;

  /** The number of newest transactions over which every window is exact. */
  int exactRows = 4_096;

  /**
   * Windows are also exact over transactions less than this older than the newest event time, or
   * than the on-time frontier.
   */
  long exactMs = 3_600_000;

  /** The maximum number of rows that {@link #exactMs} keeps from being condensed. */
  int mostExactRows = 65_536;

  /** The rows condensed at once; at most 1/{@link #paneShare} of {@link #exactRows}. */
  int paneRows = 64;

  /**
   * The rows that an entity keeps further ahead of its on-time frontier than event times may be in
   * the future. They are outliers, or the first of a jump, and don't count among {@link #exactRows}.
   */
  int rowsAhead = 1_024;

  /** Panes are merged up to 1/{@code paneShare} of the transactions newer than they are. */
  int paneShare = 64;
}
