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
 * The metadata of a savepoint, checked before a job starts from it.
 *
 * <p>Flink also detects incompatible savepoints, but reports hashes and a stack trace.
 */
public final class Savepoint {
  /** The identity of an operator that is not among the known ones. */
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

  /**
   * The identities (Flink's uids) of the operators whose state the savepoint holds; {@link
   * #UNKNOWN} for each operator that is not in {@code known}.
   */
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

  /** The maximum parallelism of an operator's state; 0 if the savepoint does not hold it. */
  public int maxParallelism(String identity) {
    OperatorState state = states.get(operatorId(identity));
    return state == null ? 0 : state.getMaxParallelism();
  }

  /**
   * The only state backend that can read an operator's keyed state, {@code hashmap} or {@code
   * rocksdb}; null if any backend can, as for savepoints in Flink's canonical format, or if there
   * is no such state.
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

  /** Flink's hash of an operator uid: MurmurHash3 x64 128, seed 0, each half little-endian. */
  private static OperatorID operatorId(String identity) {
    byte[] utf8 = identity.getBytes(StandardCharsets.UTF_8);
    long[] hash = MurmurHash3.hash128x64(utf8, 0, utf8.length, 0);
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    return new OperatorID(bytes.putLong(hash[0]).putLong(hash[1]).array());
  }
}
