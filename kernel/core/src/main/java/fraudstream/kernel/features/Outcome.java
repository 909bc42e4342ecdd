package fraudstream.kernel.features;

import java.util.Locale;

/** Decisions of the account's windows about an arriving transaction. */
public enum Outcome {
  /** Counted: it has features and ordinals. */
  NEW,
  /** Its account's history has its id already: counted nowhere. */
  DUPLICATE,
  /** Further behind the newest of its account than the allowed lateness: counted nowhere. */
  LATE;

  /** The outcome as records and metrics name it. */
  public final String label = name().toLowerCase(Locale.ROOT);
}
