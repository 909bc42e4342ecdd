package fraudstream.kernel.record;

import java.nio.charset.StandardCharsets;

/**
 * What flows between the job's steps: a transaction with all that is known of it so far, or a label.
 *
 * <p>A plain carrier: the parser fills the upper part, each entity's step its features and ordinal.
 * Fields are public and arrays are not copied, since an event belongs to one step at a time.
 */
public final class Event {
  /** In place of a time that is not known. */
  public static final long NO_TIME = Long.MIN_VALUE;

  public static final long[] NO_WORDS = {};
  public static final double[] NO_FEATURES = {};

  private static final Entity[] ENTITIES = Entity.values();

  /** What an event is, and what became of it in its account's step. */
  public enum Kind {
    /** Accepted: counted in the windows of its entities. */
    TRANSACTION,
    /** Its account's history has its id already: counted nowhere, passed through to the end. */
    DUPLICATE,
    /** What became known about a transaction later: counted nowhere, dropped before scoring. */
    LABEL
  }

  public Kind kind = Kind.TRANSACTION;

  /** The record's bytes as they came, and where and when (epoch ms) from; null and NO_TIME if unknown. */
  public byte[] raw;

  public long arrivalMs = NO_TIME;
  public String shardId;
  public String sequenceNumber;

  public String transactionId;

  /** {@link Hash64} of the transaction id. */
  public long idHash;

  /** The event time, epoch ms; of a label: that of its transaction. */
  public long timeMs;

  public double amountVnd;

  /** The id of each {@link Entity}, null where the transaction has none. */
  public String[] ids = new String[Entity.COUNT];

  /**
   * A word for each column that a window looks at, in the catalogue's order of them: a number as the
   * bits of a double (NaN if null), a text as {@link Hash64} (0 if null).
   */
  public long[] words = NO_WORDS;

  /** The catalogue's vector; NaN for null, and for what is not computed yet. */
  public double[] features = NO_FEATURES;

  /** Which transaction of its entity this is, counted from 1 since the state began; 0 where it has none. */
  public long[] ordinals = new long[Entity.COUNT];

  /** Of a label: when it became known (epoch ms), and what. */
  public long availableAtMs = NO_TIME;

  public boolean isFraud;

  /** Takes over who, when and how much from a transaction's fields. */
  public void identify(Fields fields) {
    transactionId = fields.text(Column.TRANSACTION_ID);
    idHash = Hash64.of(transactionId.getBytes(StandardCharsets.UTF_8));
    timeMs = fields.timeMs;
    amountVnd = fields.number(Column.TRANSACTION_AMOUNT_VND);
    for (Entity entity : ENTITIES) {
      ids[entity.ordinal()] = fields.text(entity.column);
    }
  }

  /** An event of its own, but for the raw bytes, which nobody changes. */
  public Event copy() {
    Event event = new Event();
    event.kind = kind;
    event.raw = raw;
    event.arrivalMs = arrivalMs;
    event.shardId = shardId;
    event.sequenceNumber = sequenceNumber;
    event.transactionId = transactionId;
    event.idHash = idHash;
    event.timeMs = timeMs;
    event.amountVnd = amountVnd;
    event.ids = ids.clone();
    event.words = words.clone();
    event.features = features.clone();
    event.ordinals = ordinals.clone();
    event.availableAtMs = availableAtMs;
    event.isFraud = isFraud;
    return event;
  }
}
