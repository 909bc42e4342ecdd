package fraudstream.kernel.features;

/** From which sizes on a history is looked at in other ways; tests set small ones. */
final class Limits {
  /**
   * Exact for 4,096 transactions, or for an hour of up to 65,536 (18 a second): past that, an edge
   * is off by one pane at most, which is 1/64 (1.6 %) of what is newer.
   */
  static final Limits PRODUCTION = new Limits();

  /** How many rows a block of partial results takes; a power of two. */
  int blockRows = 64;

  /** How many blocks a group of them takes; a power of two. */
  int groupBlocks = 16;

  /** Up to this many rows a scan is as fast as any index. */
  int scannedRows = 128;

  /** Up to this many rows a transaction id is looked for by a scan. */
  int scannedIds = 64;

  /** The newest transactions, of which each window is exact. */
  int exactRows = 4_096;

  /** The newest event time less this begins the zone that is exact as well. */
  long exactMs = 3_600_000;

  /** The most rows that {@link #exactMs} can keep. */
  int mostExactRows = 65_536;

  /** An estimate is cheap for a transaction this many rows late; less than {@link #exactRows}. */
  int lagRows = 1_024;

  /** How many rows are condensed at once; at most 1/{@link #paneShare} of {@link #exactRows}. */
  int paneRows = 64;

  /** Panes are merged up to one such part of the transactions newer than they are. */
  int paneShare = 64;
}
