package fraudstream.kernel.record;

/**
 * A transaction with the features computed so far, or a label; the element type of the job's steps.
 *
 * <p>The parser sets the fields of the record, and each entity's step its features and ordinal.
 * Fields are public and arrays are not copied, because only one step at a time owns an event.
 */
public final class Event {
  /** Marks an unknown time. */
  public static final long NO_TIME = Long.MIN_VALUE;

  public static final long[] NO_WORDS = {};
  public static final double[] NO_FEATURES = {};
  public static final byte[] NO_CONTENTS = {};

  private static final Entity[] ENTITIES = Entity.values();

  /** The kind of an event. The account's step turns a transaction into a duplicate. */
  public enum Kind {
    /** An accepted transaction, which the windows of its entities count. */
    TRANSACTION,
    /** A transaction that its account's history already has. Passed on, but not counted. */
    DUPLICATE,
    /** A label of an earlier transaction. Not counted, and dropped before scoring. */
    LABEL
  }

  public Kind kind = Kind.TRANSACTION;

  /** The bytes of the record as received. */
  public byte[] raw;

  /** When the record arrived in the stream, epoch ms; {@link #NO_TIME} if unknown. */
  public long arrivalMs = NO_TIME;

  /** The shard and the sequence number in it; null if unknown. */
  public String shardId;
  public String sequenceNumber;

  public String transactionId;

  /**
   * The fields in canonical form, for {@link EventHash}; those of a label are its ids. Empty once
   * they are hashed.
   */
  public byte[] contents = NO_CONTENTS;

  /** The keyed hash of account and transaction id; 0 until {@link EventHash} sets it. */
  public long idHash;

  /** The keyed hash of all fields but those two ids; 0 until {@link EventHash} sets it. */
  public long fingerprint;

  /** The event time, epoch ms. For a label, the event time of its transaction. */
  public long timeMs;

  public double amountVnd;

  /** The id of each {@link Entity}, by ordinal; null where the transaction has none. */
  public String[] ids = new String[Entity.COUNT];

  /**
   * The value of each column that windows use, in the catalogue's order, as a 64-bit word: a number
   * as the bits of a double (NaN if null), a text as its keyed hash (0 if null, and until {@link
   * EventHash} sets it).
   */
  public long[] words = NO_WORDS;

  /** The feature vector; NaN for a missing feature, and for one that is not computed yet. */
  public double[] features = NO_FEATURES;

  /**
   * The sequence number of the transaction within each entity, counted from 1 since its state was
   * created; 0 where the transaction has no id.
   */
  public long[] ordinals = new long[Entity.COUNT];

  /**
   * The entities out of whose reach the transaction is, as bits by {@link Entity} ordinal: they no
   * longer have all that their windows may cover, so their features are missing.
   */
  public int outOfReach;

  /**
   * The version of the metadata that were read for the customer, as {@link
   * fraudstream.kernel.customers.CustomerRow#version} has it; null if none were read.
   */
  public String metadataVersion;

  /** For labels only: when the label became available, epoch ms. */
  public long availableAtMs = NO_TIME;

  /** For labels only: whether the transaction is a fraud. */
  public boolean isFraud;

  /** Sets the transaction id, event time, amount, entity ids and contents from the fields. */
  public void identify(Fields fields) {
    transactionId = fields.text(Column.TRANSACTION_ID);
    contents = fields.contents();
    timeMs = fields.timeMs;
    amountVnd = fields.number(Column.TRANSACTION_AMOUNT_VND);
    for (Entity entity : ENTITIES) {
      ids[entity.ordinal()] = fields.text(entity.column);
    }
  }

  /** Whether the transaction is out of an entity's reach. */
  public boolean isOutOfReach(Entity entity) {
    return (outOfReach >>> entity.ordinal() & 1) == 1;
  }

  /** A deep copy, except for raw bytes and contents, which are shared as they never change. */
  public Event copy() {
    Event event = new Event();
    event.kind = kind;
    event.raw = raw;
    event.arrivalMs = arrivalMs;
    event.shardId = shardId;
    event.sequenceNumber = sequenceNumber;
    event.transactionId = transactionId;
    event.contents = contents;
    event.idHash = idHash;
    event.fingerprint = fingerprint;
    event.timeMs = timeMs;
    event.amountVnd = amountVnd;
    event.ids = ids.clone();
    event.words = words.clone();
    event.features = features.clone();
    event.ordinals = ordinals.clone();
    event.outOfReach = outOfReach;
    event.metadataVersion = metadataVersion;
    event.availableAtMs = availableAtMs;
    event.isFraud = isFraud;
    return event;
  }
}
