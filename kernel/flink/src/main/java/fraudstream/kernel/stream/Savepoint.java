package fraudstream.kernel.stream;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.codec.digest.MurmurHash3;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.state.CompletedCheckpointStorageLocation;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.SavepointKeyedStateHandle;
import org.apache.flink.runtime.state.filesystem.AbstractFsCheckpointStorageAccess;

/**
 * What a savepoint holds, looked at before a job starts from it.
 *
 * <p>Flink finds out by itself what doesn't fit, but says so in hashes and a stack trace.
 */
public final class Savepoint {
  /** In place of the identity of state that no release of this job has. */
  public static final String UNKNOWN = "unknown";

  private final Map<OperatorID, OperatorState> states = new HashMap<>();

  private Savepoint() {}

  /** Reads the metadata of the savepoint, or of the retained checkpoint, at {@code uri}. */
  public static Savepoint open(String uri) throws IOException {
    CompletedCheckpointStorageLocation location =
        AbstractFsCheckpointStorageAccess.resolveCheckpointPointer(uri);
    Savepoint savepoint = new Savepoint();
    try (DataInputStream in = new DataInputStream(location.getMetadataHandle().openInputStream())) {
      Checkpoints.loadCheckpointMetadata(in, Savepoint.class.getClassLoader(), uri)
          .getOperatorStates()
          .forEach(state -> savepoint.states.put(state.getOperatorID(), state));
    }
    return savepoint;
  }

  /** The identities, out of {@code known}, of the operators whose state it holds. */
  public String[] identities(String... known) {
    Map<OperatorID, String> names = new HashMap<>();
    for (String identity : known) {
      names.put(operatorId(identity), identity);
    }
    List<String> found = new ArrayList<>();
    for (OperatorState state : states.values()) {
      if (hasState(state)) {
        found.add(names.getOrDefault(state.getOperatorID(), UNKNOWN));
      }
    }
    return found.toArray(new String[0]);
  }

  /** Over how many slots at most the state of an operator can be spread; 0 if it holds none of it. */
  public int maxParallelism(String identity) {
    OperatorState state = states.get(operatorId(identity));
    return state == null ? 0 : state.getMaxParallelism();
  }

  /**
   * Which state backend alone can read the keyed state of an operator; null if each of them can, as
   * with savepoints in Flink's canonical form, or if there is none.
   */
  public String backend(String identity) {
    OperatorState state = states.get(operatorId(identity));
    if (state == null) {
      return null;
    }
    for (OperatorSubtaskState task : state.getStates()) {
      for (KeyedStateHandle handle : task.getManagedKeyedState()) {
        if (!(handle instanceof SavepointKeyedStateHandle)) {
          return handle instanceof KeyGroupsStateHandle ? "hashmap" : "rocksdb";
        }
      }
    }
    return null;
  }

  private static boolean hasState(OperatorState state) {
    return state.getStates().stream().anyMatch(OperatorSubtaskState::hasState);
  }

  /** As Flink makes it of a uid: MurmurHash3 x64 128, seed 0, each half little-endian. */
  private static OperatorID operatorId(String identity) {
    byte[] utf8 = identity.getBytes(StandardCharsets.UTF_8);
    long[] hash = MurmurHash3.hash128x64(utf8, 0, utf8.length, 0);
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return new OperatorID(bytes.putLong(hash[0]).putLong(hash[1]).array());
  }
}
