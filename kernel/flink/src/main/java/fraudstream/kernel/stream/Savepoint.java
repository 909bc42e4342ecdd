package fraudstream.kernel.stream;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.codec.digest.MurmurHash3;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.core.fs.CloseableRegistry;
import org.apache.flink.core.memory.DataInputViewStreamWrapper;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.state.CompletedCheckpointStorageLocation;
import org.apache.flink.runtime.state.DefaultOperatorStateBackend;
import org.apache.flink.runtime.state.DefaultOperatorStateBackendBuilder;
import org.apache.flink.runtime.state.IncrementalRemoteKeyedStateHandle;
import org.apache.flink.runtime.state.KeyGroupsStateHandle;
import org.apache.flink.runtime.state.KeyedBackendSerializationProxy;
import org.apache.flink.runtime.state.KeyedStateHandle;
import org.apache.flink.runtime.state.OperatorStateHandle;
import org.apache.flink.runtime.state.SavepointKeyedStateHandle;
import org.apache.flink.runtime.state.StreamStateHandle;
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

  /**
   * Checks that this release can read an operator's histories.
   *
   * @throws IOException if it can't; the message says what to do
   */
  public void checkHistories(String identity) throws IOException {
    OperatorState state = states.get(operatorId(identity));
    for (OperatorSubtaskState task : state.getStates()) {
      for (KeyedStateHandle handle : task.getManagedKeyedState()) {
        StreamStateHandle metadata = metadata(handle);
        if (metadata == null) {
          continue;
        }
        try (InputStream in = metadata.openInputStream()) {
          // Reads the serializers' snapshots, among them that of the histories.
          new KeyedBackendSerializationProxy<>(Savepoint.class.getClassLoader())
              .read(new DataInputViewStreamWrapper(in));
        }
        return;
      }
    }
  }

  /** The stream that begins with the snapshots of the state's serializers; null if unknown. */
  private static StreamStateHandle metadata(KeyedStateHandle handle) {
    if (handle instanceof IncrementalRemoteKeyedStateHandle) {
      return ((IncrementalRemoteKeyedStateHandle) handle).getMetaDataStateHandle();
    }
    return handle instanceof KeyGroupsStateHandle ? (KeyGroupsStateHandle) handle : null;
  }

  /**
   * Checks that a job that is to start with {@code key} can continue the account's state.
   *
   * @throws JobKey.HashKeyException if it can't; the message says what to do
   */
  public void checkKey(String account, JobKey key) throws Exception {
    key.continuing(savedKeys(account));
  }

  /**
   * The hash key in the account's state, for another job that computes the same hashes.
   *
   * @throws JobKey.HashKeyException if the key is not there; the message says what to do
   */
  public JobKey key(String account) throws Exception {
    return JobKey.of(savedKeys(account));
  }

  private Iterable<byte[]> savedKeys(String account) throws Exception {
    OperatorState state = states.get(operatorId(account));
    Collection<OperatorStateHandle> handles = new ArrayList<>();
    if (state != null) {
      state.getStates().forEach(task -> handles.addAll(task.getManagedOperatorState()));
    }
    // Flink's own reader, as the state may be compressed.
    try (DefaultOperatorStateBackend backend =
        new DefaultOperatorStateBackendBuilder(
                Savepoint.class.getClassLoader(),
                new ExecutionConfig(),
                false,
                handles,
                new CloseableRegistry())
            .build()) {
      return backend.getUnionListState(JobKey.state()).get();
    }
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
