package fraudstream.kernel.profiles;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The saved state of a task that writes profiles: the epoch of its rows, and the keys whose last
 * changes the store may not have.
 */
public final class SavedProfiles {
  private static final byte LAYOUT = 1;
  private static final int KEY_BYTES = 60;

  /** The start of the job without saved profiles, in epoch ms. */
  public final long epochMs;

  /** Whether all keys must be written, as it is not known which are not. */
  public final boolean isSweeping;

  public final Map<String, DirtyKeys.Change> changes = new LinkedHashMap<>();

  public SavedProfiles(long epochMs, boolean isSweeping) {
    this.epochMs = epochMs;
    this.isSweeping = isSweeping;
  }

  /** Adds changes of a key that is not written. */
  public void add(String key, DirtyKeys.Change change) {
    changes.merge(key, change, DirtyKeys.Change::with);
  }

  public byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(KEY_BYTES * (changes.size() + 1));
    try (DataOutputStream target = new DataOutputStream(bytes)) {
      target.writeByte(LAYOUT);
      target.writeLong(epochMs);
      target.writeBoolean(isSweeping);
      target.writeInt(changes.size());
      for (Map.Entry<String, DirtyKeys.Change> each : changes.entrySet()) {
        target.writeInt(each.getKey().length());
        target.writeChars(each.getKey());
        target.writeLong(each.getValue().firstMs);
        target.writeLong(each.getValue().lastMs());
        target.writeBoolean(each.getValue().isSwept);
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException("memory can't fail to be written", impossible);
    }
    return bytes.toByteArray();
  }

  /** @throws IOException if the state has the layout of another release, or is damaged */
  public static SavedProfiles of(byte[] saved) throws IOException {
    try (DataInputStream source = new DataInputStream(new ByteArrayInputStream(saved))) {
      byte layout = source.readByte();
      if (layout != LAYOUT) {
        throw new IOException(
            "the saved state of profiles has layout "
                + layout
                + "; this release reads "
                + LAYOUT
                + ": start from the release that wrote it");
      }
      SavedProfiles found = new SavedProfiles(source.readLong(), source.readBoolean());
      int count = source.readInt();
      for (int at = 0; at < count; at++) {
        char[] key = new char[source.readInt()];
        for (int i = 0; i < key.length; i++) {
          key[i] = source.readChar();
        }
        DirtyKeys.Change change =
            new DirtyKeys.Change(source.readLong(), source.readLong(), source.readBoolean());
        found.changes.put(new String(key), change);
      }
      return found;
    }
  }
}
