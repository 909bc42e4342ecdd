package fraudstream.kernel.features;

import fraudstream.kernel.record.HashKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;

/**
 * The binary format of profiles: self-describing histories for stores outside of Flink. Not
 * thread-safe.
 *
 * <p>Layout: the version of this format (byte), the CRC-32 of everything after it (int), the
 * fingerprint of the hash key (long), the schema ({@link HistorySchema#write}) and the history
 * ({@link HistoryFormat}). A profile can be read whatever catalogue it was written with; new
 * columns are null in its old transactions.
 */
public final class ProfileFormat {
  static final byte VERSION = 2;

  private static final int HEAD_BYTES = Byte.BYTES + Integer.BYTES;
  private static final int USUAL_BYTES = 512;

  private final HistoryFormat format;
  private final long keyFingerprint;

  /**
   * @param schema the schema of written profiles; profiles that are read may have another
   * @param key the hash key of all profiles
   */
  public ProfileFormat(HistorySchema schema, HashKey key) {
    format = new HistoryFormat(schema);
    keyFingerprint = key.fingerprint();
  }

  /** Writes a history, which is not changed. */
  public byte[] write(History history) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(USUAL_BYTES);
    try (DataOutputStream target = new DataOutputStream(bytes)) {
      target.write(new byte[HEAD_BYTES]);
      target.writeLong(keyFingerprint);
      format.schema().write(target);
      format.write(history, target);
    } catch (IOException impossible) {
      throw new UncheckedIOException("memory can't fail to be written", impossible);
    }
    byte[] profile = bytes.toByteArray();
    ByteBuffer.wrap(profile).put(VERSION).putInt(checksum(profile));
    return profile;
  }

  /**
   * Reads a profile into a new history.
   *
   * @throws IOException if the profile is damaged, has the format of another release, or was
   *     written with another hash key
   */
  public History read(byte[] profile) throws IOException {
    check(profile);
    DataInputStream source =
        new DataInputStream(
            new ByteArrayInputStream(profile, HEAD_BYTES, profile.length - HEAD_BYTES));
    checkKey(source.readLong());
    HistorySchema schema = HistorySchema.read(source);
    boolean isOwn = schema.equals(format.schema());
    return (isOwn ? format : new HistoryFormat(schema)).read(source);
  }

  private void checkKey(long written) throws IOException {
    if (written != keyFingerprint) {
      throw new IOException(
          "the profile was written with the hash key "
              + HashKey.shown(written)
              + ", and this one is "
              + HashKey.shown(keyFingerprint)
              + ": give the key of the job that the profiles belong to, or rebuild the store");
    }
  }

  private static void check(byte[] profile) throws IOException {
    if (profile.length > 0 && profile[0] != VERSION) {
      throw new IOException(
          "the profile has format version "
              + profile[0]
              + "; this release reads version "
              + VERSION
              + ": rebuild the store with this release, or read it with the one that wrote it");
    }
    if (profile.length < HEAD_BYTES
        || ByteBuffer.wrap(profile).getInt(Byte.BYTES) != checksum(profile)) {
      throw new IOException(
          "the profile of "
              + profile.length
              + " bytes is damaged: its checksum does not match; restore it in the store, or delete"
              + " it, and its entity starts without a history");
    }
  }

  private static int checksum(byte[] profile) {
    CRC32 checksum = new CRC32();
    checksum.update(profile, HEAD_BYTES, profile.length - HEAD_BYTES);
    return (int) checksum.getValue();
  }
}
