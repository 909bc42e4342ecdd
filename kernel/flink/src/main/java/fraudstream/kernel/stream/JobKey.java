package fraudstream.kernel.stream;

import fraudstream.kernel.record.HashKey;
import java.io.Serializable;
import java.nio.ByteBuffer;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;

/**
 * The hash key of a job, and its form in the saved state of the account's step.
 *
 * <p>A key from the settings stays out of saved state, which has only its fingerprint. Any other
 * key is kept there, so that nobody has to.
 */
public final class JobKey implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final byte LAYOUT = 1;
  private static final int HEAD_BYTES = 2 * Byte.BYTES + Long.BYTES;

  private final HashKey key;
  private final boolean isRequired;
  private final boolean isKept;

  private JobKey(HashKey key, boolean isRequired, boolean isKept) {
    this.key = key;
    this.isRequired = isRequired;
    this.isKept = isKept;
  }

  /** The key of the settings, as hexadecimal digits. */
  public static JobKey ofSettings(String digits) {
    return new JobKey(HashKey.fromHex(digits), true, false);
  }

  /** A new key for a job that starts without state; a restored job continues with its own. */
  public static JobKey generated() {
    return new JobKey(HashKey.random(), false, true);
  }

  /** The published key of a job that reads files ({@link HashKey#BATCH}). */
  public static JobKey ofBatch() {
    return new JobKey(HashKey.BATCH, true, false);
  }

  HashKey key() {
    return key;
  }

  /** Whether no other key can be restored in its place. */
  boolean isRequired() {
    return isRequired;
  }

  /** The state of the account's step that holds the key; one task of the step writes it. */
  static ListStateDescriptor<byte[]> state() {
    return new ListStateDescriptor<>("hash-key", BytePrimitiveArraySerializer.INSTANCE);
  }

  /** The form in saved state: layout, whether the key follows, fingerprint, and the key. */
  byte[] toSaved() {
    ByteBuffer saved = ByteBuffer.allocate(HEAD_BYTES + (isKept ? HashKey.BYTES : 0));
    saved.put(LAYOUT).put((byte) (isKept ? 1 : 0)).putLong(key.fingerprint());
    return isKept ? saved.put(key.toBytes()).array() : saved.array();
  }

  /**
   * The key with which a job that was to start with this one continues saved state.
   *
   * @throws HashKeyException if the saved state was made with a key that is not at hand, or that is
   *     not the required one
   */
  JobKey continuing(Iterable<byte[]> state) {
    ByteBuffer saved = only(state, "start without it");
    boolean hasKey = saved.get() == 1;
    long fingerprint = saved.getLong();
    if (fingerprint == key.fingerprint()) {
      return this;
    }
    if (isRequired) {
      throw new HashKeyException(
          "its ids and texts are hashed with the key "
              + HashKey.shown(fingerprint)
              + " (its fingerprint), not with the given one, "
              + HashKey.shown(key.fingerprint())
              + ": give that key as hash_key"
              + (hasKey ? ", or none, as the state has it" : ""));
    }
    if (!hasKey) {
      throw new HashKeyException(unknown(fingerprint));
    }
    return new JobKey(keyIn(saved), isRequired, isKept);
  }

  /**
   * The key that saved state has, for another job.
   *
   * @throws HashKeyException if the state has only the fingerprint of a key from settings
   */
  static JobKey of(Iterable<byte[]> state) {
    ByteBuffer saved =
        only(state, "name a savepoint of a live job of this release, or give hash_key");
    boolean hasKey = saved.get() == 1;
    long fingerprint = saved.getLong();
    if (!hasKey) {
      throw new HashKeyException(unknown(fingerprint));
    }
    return new JobKey(keyIn(saved), true, true);
  }

  private static String unknown(long fingerprint) {
    return "its ids and texts are hashed with a key from settings, which the state does not have"
        + " (its fingerprint is "
        + HashKey.shown(fingerprint)
        + "): give that key as hash_key";
  }

  private static HashKey keyIn(ByteBuffer saved) {
    byte[] bytes = new byte[HashKey.BYTES];
    saved.get(bytes);
    return new HashKey(bytes);
  }

  /** The first of the saved forms, which are all equal, behind its layout; a remedy if there is none. */
  private static ByteBuffer only(Iterable<byte[]> state, String remedy) {
    for (byte[] found : state) {
      ByteBuffer saved = ByteBuffer.wrap(found);
      byte layout = saved.get();
      if (layout != LAYOUT) {
        throw new HashKeyException(
            "its hash key has layout "
                + layout
                + "; this release reads "
                + LAYOUT
                + ": start from the release that wrote it");
      }
      return saved;
    }
    throw new HashKeyException("it has no hash key: " + remedy);
  }

  /** Saved state can't be continued with a key; the message says why and what to do. */
  public static final class HashKeyException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    HashKeyException(String message) {
      super(message);
    }
  }
}
