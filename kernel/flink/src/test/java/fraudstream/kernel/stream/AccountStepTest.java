package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.features.Catalogues;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.Records;
import java.util.List;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.streaming.util.AbstractStreamOperatorTestHarness;
import org.apache.flink.streaming.util.KeyedOneInputStreamOperatorTestHarness;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tests of the account's step for records as the parser leaves them: hashes, copies and keys. */
class AccountStepTest {
  private static final String DIGITS = "000102030405060708090a0b0c0d0e0f";
  private static final String OTHER_DIGITS = "ff".repeat(16);
  private static final JobConfig CONFIG =
      Configs.config(
          "future_tolerance_ms",
          -1,
          "catalogue",
          Catalogues.json(
              Catalogues.window("count", "account_id", "count", "'window':'1h'"),
              Catalogues.window(
                  "devices", "account_id", "distinct", "'column':'device_id','window':'1h'")));
  private static final int DEVICES = 1;

  private Step<Event, Event> step;

  private void open(JobKey key, OperatorSubtaskState state) throws Exception {
    step = Step.account(CONFIG, key, state);
  }

  private void open() throws Exception {
    open(JobKey.generated(), null);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  /** A record behind the parser: it has no hashes. */
  private static Event parsed(String... namesAndValues) throws Exception {
    Event event = new Event();
    event.raw = Records.utf8(Records.json(namesAndValues));
    assertSame(event, new Gate(CONFIG).transaction(event));
    assertEquals(0, event.idHash);
    return event;
  }

  private static Event parsedLabel(String account) throws Exception {
    Event record = new Event();
    record.raw = Records.utf8(Records.label("account_id", '"' + account + '"'));
    Event label = new Gate(CONFIG).label(record);
    assertEquals(0, label.idHash);
    return label;
  }

  private Event passed(String... namesAndValues) throws Exception {
    return step.process(parsed(namesAndValues)).get(0);
  }

  private Event.Kind kindOf(String... namesAndValues) throws Exception {
    return passed(namesAndValues).kind;
  }

  private OperatorSubtaskState saved() throws Exception {
    OperatorSubtaskState saved = step.harness.snapshot(1, 1);
    step.close();
    return saved;
  }

  // ---- copies and conflicts ----

  @Test
  void aCopyInAnyFormIsADuplicate() throws Exception {
    open();
    assertEquals(Event.Kind.TRANSACTION, kindOf("city", "\"Huế\"", "unknown", "1"));
    assertEquals(
        Event.Kind.DUPLICATE,
        kindOf("city", "\"Hu\\u1ebf\"", "transaction_amount_vnd", "1e3", "status", "null"));
    assertEquals(1, step.count("duplicates"));
    assertEquals(0, step.count("conflicts"));
  }

  @Test
  void theSameIdWithOtherContentsIsADeadLetterAndCountsInNoWindow() throws Exception {
    open();
    passed("device_id", "\"D1\"");
    String[][] others = {
      {"device_id", "\"D2\""},
      {"device_id", "\"D1\"", "transaction_amount_vnd", "390000000"},
      {"device_id", "\"D1\"", "event_time", "\"2026-01-02T03:04:05.679Z\""},
      {"device_id", "\"D1\"", "status", "\"completed\""},
      {},
    };
    for (String[] other : others) {
      assertEquals(List.of(), step.process(parsed(other)));
    }
    assertEquals(others.length, step.count("conflicts"));
    assertEquals(0, step.count("duplicates"));
    List<Row> letters = step.side(Outputs.DEAD_LETTERS);
    assertEquals(others.length, letters.size());
    assertEquals("A1", letters.get(0).getField(0));
    JsonNode letter = Step.payload(letters.get(0));
    assertEquals("conflicting_duplicate", letter.get("reason").textValue());
    assertEquals(
        "the account already has a transaction with this transaction_id and other contents; give"
            + " each transaction an id of its own, and copies the same contents",
        letter.get("detail").textValue());
    assertTrue(letter.get("raw").textValue().contains("\"D2\""));
    List<Row> reviews = step.side(Outputs.REVIEWS);
    assertEquals(others.length, reviews.size());
    assertEquals("A1", reviews.get(0).getField(Outputs.ACCOUNT));
    assertEquals("T1", reviews.get(0).getField(Outputs.TRANSACTION));
    assertEquals("conflicting_duplicate", reviews.get(0).getField(Outputs.REVIEW_REASON));

    assertEquals(Event.Kind.DUPLICATE, kindOf("device_id", "\"D1\""), "the first one is known");
    Event next = passed("transaction_id", "\"T2\"", "device_id", "\"D1\"");
    assertEquals(2, next.ordinals[0]);
    assertEquals(1, next.features[DEVICES]);
  }

  @Test
  void accountsMayHaveTheSameIds() throws Exception {
    open();
    for (String account : List.of("A1", "A2", "A3")) {
      Event event = passed("account_id", '"' + account + '"');
      assertEquals(Event.Kind.TRANSACTION, event.kind);
      assertEquals(1, event.ordinals[0]);
    }
  }

  /** Ids and devices that collide under MurmurHash3, which needs no key. */
  @Test
  void idsMadeToCollideSwallowNothing() throws Exception {
    open();
    passed(
        "transaction_id", "\"HARMLESS-PAYMENT-00000000000001x\"",
        "device_id", "\"DEVICE-000000000000000000000000x\"");
    Event fraud =
        passed(
            "transaction_id", "\"X4937453660167190\\\\}(>o^d\\\\#dM?1,j\"",
            "device_id", "\"X653653025769656OhA2f?zjfp0-4^)V\"");
    assertEquals(Event.Kind.TRANSACTION, fraud.kind);
    assertEquals(2, fraud.ordinals[0]);
    assertEquals(2, fraud.features[DEVICES]);
  }

  @Test
  void anEventLeavesWithItsHashesAndWithoutItsContents() throws Exception {
    open(JobKey.ofSettings(DIGITS), null);
    Event event = passed("device_id", "\"D1\"");
    Event expected = parsed("device_id", "\"D1\"");
    CONFIG.catalogue().hash(HashKey.fromHex(DIGITS)).hash(expected);
    assertEquals(expected.idHash, event.idHash);
    assertEquals(expected.words[0], event.words[0]);
    assertNotEquals(0, event.words[0]);
    assertEquals(0, event.contents.length);
  }

  @Test
  void aLabelLeavesWithTheIdOfItsTransaction() throws Exception {
    open();
    Event event = passed();
    assertEquals(event.idHash, step.process(parsedLabel("A1")).get(0).idHash);
  }

  // ---- keys of restored jobs ----

  /** Each run of the client generates a key, and in application mode it runs at each restart. */
  @Test
  void theRestoredKeyWinsOverTheOneThatIsGeneratedAgain() throws Exception {
    open();
    Event first = passed();
    OperatorSubtaskState state = saved();
    for (int restart = 0; restart < 2; restart++) {
      open(JobKey.generated(), state);
      assertEquals(Event.Kind.DUPLICATE, kindOf());
      assertEquals(first.idHash, passed("transaction_amount_vnd", "1000").idHash);
      state = saved();
    }
    open(JobKey.generated(), null);
    assertNotEquals(first.idHash, passed().idHash);
  }

  @Test
  void aKeyFromTheSettingsIsGivenAgain() throws Exception {
    open(JobKey.ofSettings(DIGITS), null);
    passed();
    OperatorSubtaskState state = saved();
    open(JobKey.ofSettings(DIGITS), state);
    assertEquals(Event.Kind.DUPLICATE, kindOf());
  }

  /** From then on the state has only its fingerprint. */
  @Test
  void aGeneratedKeyMayBecomeOneFromTheSettings() throws Exception {
    JobKey generated = JobKey.generated();
    open(generated, null);
    passed();
    OperatorSubtaskState state = saved();
    JobKey same = JobKey.ofSettings(hex(generated.key()));
    open(same, state);
    assertEquals(Event.Kind.DUPLICATE, kindOf());
    OperatorSubtaskState later = saved();
    assertThrows(IllegalStateException.class, () -> open(JobKey.generated(), later));
    open(same, later);
  }

  private static String hex(HashKey key) {
    StringBuilder digits = new StringBuilder();
    for (byte each : key.toBytes()) {
      digits.append(String.format("%02x", each));
    }
    return digits.toString();
  }

  private static String shown(String digits) {
    return HashKey.shown(HashKey.fromHex(digits).fingerprint());
  }

  private String refusal(JobKey key, OperatorSubtaskState state) throws Exception {
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> open(key, state));
    return refused.getMessage();
  }

  @Test
  void anotherKeyThanTheRestoredOneIsRefused() throws Exception {
    open(JobKey.ofSettings(DIGITS), null);
    OperatorSubtaskState ofSettings = saved();
    assertEquals(
        "the saved state can't be used: its ids and texts are hashed with the key "
            + shown(DIGITS)
            + " (its fingerprint), not with the given one, "
            + shown(OTHER_DIGITS)
            + ": give that key as hash_key",
        refusal(JobKey.ofSettings(OTHER_DIGITS), ofSettings));
    assertEquals(
        "the saved state can't be used: its ids and texts are hashed with a key from settings,"
            + " which the state does not have (its fingerprint is "
            + shown(DIGITS)
            + "): give that key as hash_key",
        refusal(JobKey.generated(), ofSettings));
    open();
    OperatorSubtaskState generated = saved();
    String message = refusal(JobKey.ofSettings(DIGITS), generated);
    assertTrue(message.endsWith("give that key as hash_key, or none, as the state has it"), message);
    open();
  }

  // ---- parallelism ----

  private static KeyedOneInputStreamOperatorTestHarness<String, Event, Event> task(
      JobKey key, int parallelism, int task) throws Exception {
    KeyedOneInputStreamOperatorTestHarness<String, Event, Event> harness =
        new KeyedOneInputStreamOperatorTestHarness<>(
            new AccountStep(CONFIG, key),
            new EntityKey(Entity.ACCOUNT_ID),
            Types.STRING,
            Step.KEY_GROUPS,
            parallelism,
            task);
    harness.setup(EventSerializer.INSTANCE);
    return harness;
  }

  private static long idHash(JobKey key, int parallelism, int task, OperatorSubtaskState whole)
      throws Exception {
    var harness = task(key, parallelism, task);
    harness.initializeState(
        AbstractStreamOperatorTestHarness.repartitionOperatorState(
            whole, Step.KEY_GROUPS, Step.KEY_GROUPS, parallelism, task));
    harness.open();
    harness.processElement(parsedLabel(accountOf(task)), 0);
    long idHash = harness.extractOutputValues().get(0).idHash;
    harness.close();
    return idHash;
  }

  /** An account whose key group is that of the task, of one or two tasks. */
  private static String accountOf(int task) {
    for (int i = 0; ; i++) {
      if (KeyGroupRangeAssignment.assignToKeyGroup("A" + i, Step.KEY_GROUPS) == task) {
        return "A" + i;
      }
    }
  }

  @Test
  void allTasksOfAnyParallelismContinueWithTheSameKey() throws Exception {
    JobKey key = JobKey.generated();
    OperatorSubtaskState[] parts = new OperatorSubtaskState[2];
    for (int task = 0; task < 2; task++) {
      var harness = task(key, 2, task);
      harness.open();
      parts[task] = harness.snapshot(1, 1);
      harness.close();
    }
    OperatorSubtaskState whole = AbstractStreamOperatorTestHarness.repackageState(parts);
    for (int parallelism : new int[] {1, 2}) {
      for (int task = 0; task < parallelism; task++) {
        Event expected = parsedLabel(accountOf(task));
        CONFIG.catalogue().hash(key.key()).hash(expected);
        assertEquals(expected.idHash, idHash(JobKey.generated(), parallelism, task, whole));
      }
    }
    open();
    assertSame(Event.Kind.TRANSACTION, kindOf());
  }
}
