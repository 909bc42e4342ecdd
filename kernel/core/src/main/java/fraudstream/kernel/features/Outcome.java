package fraudstream.kernel.features;

import java.util.Locale;

/** Outcomes of an arriving transaction, decided by its account's windows. */
public enum Outcome {
  /** Counted; the transaction has features and sequence numbers. */
  NEW,
  /** Not counted: its account's history already has it. */
  DUPLICATE,
  /** Not counted: its account's history has its id with other fields. */
  CONFLICTING_DUPLICATE,
  /** Not counted: no known id, and further behind the newest of its account than the lateness. */
  LATE;

  /** The name of the outcome in records and metrics. */
  public final String label = name().toLowerCase(Locale.ROOT);
}
