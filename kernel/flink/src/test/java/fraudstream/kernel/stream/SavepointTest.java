package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.Records;
import fraudstream.kernel.stream.JobKey.HashKeyException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.apache.flink.runtime.state.filesystem.AbstractFsCheckpointStorageAccess;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.graph.StreamGraph;
import org.apache.flink.streaming.api.graph.StreamGraphHasherV2;
import org.apache.flink.streaming.api.graph.StreamNode;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SavepointTest {
  private static final String DIGITS = "000102030405060708090a0b0c0d0e0f";
  private static final int MAX_PARALLELISM = 120;
  private static final String ACCOUNT = "windows-account_id";
  private static final String DEVICE = "windows-device_id";
  private static final String TABLE = "table-transactions";
  private static final String[] KNOWN = {DEVICE, TABLE, ACCOUNT, "windows-merchant_id"};

  private static OperatorSubtaskState someState;

  @TempDir private Path folder;

  @BeforeAll
  static void makeState() throws Exception {
    Step<Event, Event> step = Step.windows(Configs.config(), Entity.ACCOUNT_ID, null);
    Event event = Records.transaction("T1", "A1", 1_000);
    event.features = new double[4];
    step.process(event);
    someState = step.harness.snapshot(1, 1);
    step.close();
  }

  /** The operator id that Flink derives from a uid when it plans a job. */
  private static OperatorID flinksId(String identity) {
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.getExecutionEnvironment();
    environment.fromSequence(0, 1).uid(identity).sinkTo(new DiscardingSink<>());
    StreamGraph graph = environment.getStreamGraph();
    Map<Integer, byte[]> ids =
        new StreamGraphHasherV2().traverseStreamGraphAndGenerateHashes(graph);
    StreamNode node =
        graph.getStreamNodes().stream()
            .filter(some -> identity.equals(some.getTransformationUID()))
            .findFirst()
            .orElseThrow();
    return new OperatorID(ids.get(node.getId()));
  }

  private static OperatorState operator(String identity) {
    return new OperatorState(flinksId(identity), 2, MAX_PARALLELISM);
  }

  /** The account's state of a job with that key; each task but the first saves no key. */
  private Savepoint savedWith(JobKey key) throws Exception {
    Step<Event, Event> step = Step.account(Configs.config(), key, null);
    OperatorState operator = operator(ACCOUNT);
    operator.putState(0, step.harness.snapshot(1, 1));
    step.close();
    return saved(operator);
  }

  private static OperatorState operatorWithState(String identity) {
    OperatorState operator = operator(identity);
    operator.putState(1, someState);
    return operator;
  }

  private Savepoint saved(OperatorState... operators) throws IOException {
    Path file = folder.resolve(AbstractFsCheckpointStorageAccess.METADATA_FILE_NAME);
    try (OutputStream out = Files.newOutputStream(file)) {
      Checkpoints.storeCheckpointMetadata(
          new CheckpointMetadata(1, Arrays.asList(operators), List.of()), out);
    }
    return Savepoint.open(folder.toUri().toString());
  }

  private static List<String> identities(Savepoint savepoint) {
    List<String> identities = new ArrayList<>(List.of(savepoint.identities(KNOWN)));
    identities.sort(null);
    return identities;
  }

  @Test
  void theOperatorsWithStateAreNamed() throws IOException {
    Savepoint savepoint =
        saved(operatorWithState(ACCOUNT), operatorWithState(TABLE), operatorWithState(DEVICE));
    assertEquals(List.of(TABLE, ACCOUNT, DEVICE), identities(savepoint));
  }

  @Test
  void anOperatorThatSavedNothingIsNotAmongThem() throws IOException {
    OperatorState empty = operator(TABLE);
    empty.putState(0, OperatorSubtaskState.builder().build());
    Savepoint savepoint = saved(operatorWithState(ACCOUNT), operator(DEVICE), empty);
    assertEquals(List.of(ACCOUNT), identities(savepoint));
  }

  @Test
  void stateOfWhatNobodyKnowsIsSaidToBeThere() throws IOException {
    Savepoint savepoint =
        saved(operatorWithState("count words"), operatorWithState(ACCOUNT));
    assertEquals(List.of(Savepoint.UNKNOWN, ACCOUNT), identities(savepoint));
  }

  @Test
  void aSavepointMayHoldNothing() throws IOException {
    assertArrayEquals(new String[0], saved().identities(KNOWN));
  }

  @Test
  void theMaxParallelismIsThatOfTheOperatorAskedFor() throws IOException {
    OperatorState other = new OperatorState(flinksId(DEVICE), 1, 7);
    Savepoint savepoint = saved(operatorWithState(ACCOUNT), other);
    assertEquals(MAX_PARALLELISM, savepoint.maxParallelism(ACCOUNT));
    assertEquals(7, savepoint.maxParallelism(DEVICE));
    assertEquals(0, savepoint.maxParallelism(TABLE));
  }

  @Test
  void theMetadataFileItselfMayBeGivenToo() throws IOException {
    saved(operatorWithState(ACCOUNT));
    Path file = folder.resolve(AbstractFsCheckpointStorageAccess.METADATA_FILE_NAME);
    assertEquals(List.of(ACCOUNT), identities(Savepoint.open(file.toUri().toString())));
  }

  // ---- the hash key ----

  @Test
  void aGeneratedKeyIsFoundForOtherJobs() throws Exception {
    JobKey generated = JobKey.generated();
    assertEquals(generated.key(), savedWith(generated).key(ACCOUNT).key());
  }

  @Test
  void ofAKeyFromTheSettingsOnlyTheFingerprintIsThere() throws Exception {
    Savepoint savepoint = savedWith(JobKey.ofSettings(DIGITS));
    HashKeyException absent =
        assertThrows(HashKeyException.class, () -> savepoint.key(ACCOUNT));
    String shown = HashKey.shown(HashKey.fromHex(DIGITS).fingerprint());
    assertTrue(absent.getMessage().contains(shown), absent.getMessage());
    byte[] metadata =
        Files.readAllBytes(folder.resolve(AbstractFsCheckpointStorageAccess.METADATA_FILE_NAME));
    String bytes = new String(metadata, StandardCharsets.ISO_8859_1);
    byte[] key = HashKey.fromHex(DIGITS).toBytes();
    assertFalse(bytes.contains(new String(key, StandardCharsets.ISO_8859_1)));
  }

  @Test
  void aJobIsCheckedAgainstTheKeyThatTheStateWasMadeWith() throws Exception {
    Savepoint savepoint = savedWith(JobKey.ofSettings(DIGITS));
    savepoint.checkKey(ACCOUNT, JobKey.ofSettings(DIGITS));
    for (JobKey other : List.of(JobKey.generated(), JobKey.ofSettings("ff".repeat(16)))) {
      assertThrows(HashKeyException.class, () -> savepoint.checkKey(ACCOUNT, other));
    }
  }

  @Test
  void stateWithoutAKeyIsRefused() throws Exception {
    Savepoint savepoint = saved(operatorWithState(DEVICE));
    assertThrows(HashKeyException.class, () -> savepoint.checkKey(ACCOUNT, JobKey.generated()));
  }

  // ---- histories ----

  @Test
  void historiesOfThisReleaseCanBeRead() throws Exception {
    Savepoint savepoint = saved(operatorWithState(ACCOUNT), operator(DEVICE));
    savepoint.checkHistories(ACCOUNT);
    savepoint.checkHistories(DEVICE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "no metadata", "\u0000\u0000\u0000\u0000\u0000\u0000"})
  void whatIsNoSavepointIsRefused(String text) throws IOException {
    String uri = folder.toUri().toString();
    assertThrows(IOException.class, () -> Savepoint.open(uri));
    Path file = folder.resolve(AbstractFsCheckpointStorageAccess.METADATA_FILE_NAME);
    Files.write(file, Records.utf8(text));
    assertThrows(IOException.class, () -> Savepoint.open(uri));
    assertThrows(IOException.class, () -> Savepoint.open(uri + "nowhere"));
  }
}
