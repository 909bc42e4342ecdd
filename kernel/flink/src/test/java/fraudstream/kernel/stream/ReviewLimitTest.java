package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Event;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** At most 2 review alerts of an account and 5 of a task a minute, as {@link Configs} has it. */
class ReviewLimitTest {
  private static final long MINUTE_MS = 60_000;
  private static final long NOW_MS = 100 * MINUTE_MS;

  private JobConfig config = Configs.config();
  private Step<Row, Row> step;

  @BeforeEach
  void open() throws Exception {
    open(null);
  }

  private void open(OperatorSubtaskState saved) throws Exception {
    step = Step.reviews(config, saved);
    step.harness.setProcessingTime(NOW_MS);
  }

  private void openForFiles() throws Exception {
    step.close();
    config = Configs.config("writes_files", true);
    open();
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private static Row review(String account, String id, long timeMs, long arrivalMs) {
    return Row.of(account, id, "late", "why", timeMs, arrivalMs, 1_000.0, "sha-256 of " + id);
  }

  private void feed(String account, long arrivalMs, String... ids) throws Exception {
    for (String id : ids) {
      step.harness.processElement(review(account, id, 0, arrivalMs), 0);
    }
  }

  /** The alerts since the last call: account and transaction, or what a summary covers. */
  private List<String> alerts() throws Exception {
    List<String> found = new ArrayList<>();
    for (Row row : step.drain()) {
      JsonNode alert = Step.payload(row);
      String account = alert.get("account_id").asText();
      assertEquals(alert.get("account_id").isNull() ? "many_accounts" : account, row.getField(0));
      JsonNode transaction = alert.get("transaction_id");
      found.add(
          account
              + " "
              + (transaction.isNull()
                  ? alert.at("/review/reason").asText() + " " + alert.at("/review/count")
                  : transaction.asText()));
    }
    return found;
  }

  private void clock(long afterMs) throws Exception {
    step.harness.setProcessingTime(NOW_MS + afterMs);
  }

  // ---- one account ----

  @Test
  void theFirstReviewsOfAMinuteAreAlertsAtOnce() throws Exception {
    feed("A", NOW_MS, "a", "b");
    assertEquals(List.of("A a", "A b"), alerts());
    assertEquals(2, step.count("reviews"));
  }

  @Test
  void theRestIsOneAlertAfterTheMinute() throws Exception {
    feed("A", NOW_MS + 5, "a", "b", "c", "d", "e");
    assertEquals(List.of("A a", "A b"), alerts());
    clock(MINUTE_MS + ReviewLimit.GRACE_MS - 1);
    assertEquals(List.of(), alerts());
    clock(MINUTE_MS + ReviewLimit.GRACE_MS);
    assertEquals(List.of("A many_reviews 3"), alerts());
    assertEquals(3, step.count("summed_up"));
  }

  @Test
  void theNextMinuteBeginsAnewAndEndsTheOneBefore() throws Exception {
    feed("A", NOW_MS, "a", "b", "c");
    feed("A", NOW_MS + MINUTE_MS, "d", "e", "f");
    assertEquals(List.of("A a", "A b", "A many_reviews 1", "A d", "A e"), alerts());
  }

  @Test
  void eachAccountHasItsOwnLimit() throws Exception {
    feed("A", NOW_MS, "a", "b", "c");
    feed("B", NOW_MS, "a", "b", "c");
    assertEquals(List.of("A a", "A b", "B a", "B b"), alerts());
  }

  /** The minute is that of the arrival, so what comes late by the clock does not start again. */
  @Test
  void moreOfTheSameMinuteAfterItsSummaryIsAFurtherSummary() throws Exception {
    feed("A", NOW_MS, "a", "b", "c");
    clock(MINUTE_MS + ReviewLimit.GRACE_MS);
    feed("A", NOW_MS + 7, "d", "e");
    assertEquals(List.of("A a", "A b", "A many_reviews 1"), alerts());
    clock(3 * MINUTE_MS);
    assertEquals(List.of("A many_reviews 2"), alerts());
  }

  @Test
  void aReviewOfAnEarlierMinuteCountsInTheNewest() throws Exception {
    feed("A", NOW_MS, "a", "b");
    feed("A", NOW_MS - MINUTE_MS, "c");
    assertEquals(List.of("A a", "A b"), alerts());
  }

  @Test
  void aQuietAccountIsForgotten() throws Exception {
    feed("A", NOW_MS, "a", "b", "c");
    feed("B", NOW_MS, "a");
    assertEquals(2, step.keys());
    clock(3 * MINUTE_MS);
    clock(6 * MINUTE_MS);
    assertEquals(0, step.keys());
  }

  @Test
  void withoutAnArrivalTheMinuteIsTheClocks() throws Exception {
    feed("A", Event.NO_TIME, "a", "b", "c");
    clock(MINUTE_MS);
    feed("A", Event.NO_TIME, "d");
    assertEquals(List.of("A a", "A b", "A many_reviews 1", "A d"), alerts());
  }

  @Test
  void aReplayGivesTheSameIds() throws Exception {
    feed("A", NOW_MS, "a", "b", "c", "d");
    clock(2 * MINUTE_MS);
    List<Row> live = step.drain();
    step.close();
    open();
    clock(500 * MINUTE_MS);
    feed("A", NOW_MS, "a", "b", "c", "d");
    clock(502 * MINUTE_MS);
    List<Row> replayed = step.drain();
    assertEquals(3, live.size());
    for (int i = 0; i < live.size(); i++) {
      assertEquals(Step.payload(live.get(i)), Step.payload(replayed.get(i)));
    }
  }

  @Test
  void theCountGoesOnFromSavedState() throws Exception {
    feed("A", NOW_MS, "a", "b", "c");
    step.drain();
    OperatorSubtaskState saved = step.harness.snapshot(1, 1);
    step.close();
    open(saved);
    feed("A", NOW_MS + 1, "d");
    clock(2 * MINUTE_MS);
    assertEquals(List.of("A many_reviews 2"), alerts());
  }

  // ---- all accounts ----

  @Test
  void aFloodOverManyAccountsIsOneAlertAMinuteAndKeepsNoState() throws Exception {
    for (int account = 0; account < 100; account++) {
      feed("A" + account, NOW_MS, "a");
    }
    assertEquals(List.of("A0 a", "A1 a", "A2 a", "A3 a", "A4 a"), alerts());
    assertEquals(5, step.keys());
    clock(MINUTE_MS);
    assertEquals(List.of("null many_accounts 95"), alerts());
    feed("A99", NOW_MS + MINUTE_MS, "b");
    assertEquals(List.of("A99 b"), alerts());
  }

  @Test
  void aKnownAccountBeyondTheTasksLimitIsCountedToo() throws Exception {
    feed("A", NOW_MS, "a");
    for (int account = 0; account < 4; account++) {
      feed("B" + account, NOW_MS, "a");
    }
    step.drain();
    feed("A", NOW_MS, "b");
    step.harness.prepareSnapshotPreBarrier(1);
    assertEquals(List.of("null many_accounts 1"), alerts());
  }

  @Test
  void aCheckpointHasTheTasksSummaryBeforeIt() throws Exception {
    for (int account = 0; account < 8; account++) {
      feed("A" + account, NOW_MS, "a");
    }
    step.drain();
    step.harness.prepareSnapshotPreBarrier(1);
    assertEquals(List.of("null many_accounts 3"), alerts());
    step.harness.prepareSnapshotPreBarrier(2);
    assertEquals(List.of(), alerts());
  }

  @Test
  void twoSummariesOfATaskHaveTwoIds() throws Exception {
    for (int account = 0; account < 7; account++) {
      feed("A" + account, NOW_MS, "a");
      if (account == 5) {
        step.drain();
        step.harness.prepareSnapshotPreBarrier(1);
      }
    }
    step.harness.prepareSnapshotPreBarrier(2);
    List<Row> summaries = step.drain();
    assertEquals(2, summaries.size());
    assertNotEquals(
        Step.payload(summaries.get(0)).get("alert_id"),
        Step.payload(summaries.get(1)).get("alert_id"));
  }

  // ---- files ----

  private void feedAt(long timeMs, String account, String... ids) throws Exception {
    for (String id : ids) {
      step.harness.processElement(review(account, id, timeMs, Event.NO_TIME), 0);
    }
  }

  @Test
  void inAFileTheMinuteIsTheEventsAndNoClockRuns() throws Exception {
    openForFiles();
    feedAt(5 * MINUTE_MS, "A", "a", "b", "c");
    clock(500 * MINUTE_MS);
    feedAt(5 * MINUTE_MS + 1, "A", "d");
    assertEquals(List.of("A a", "A b"), alerts());
    feedAt(6 * MINUTE_MS, "A", "e");
    assertEquals(List.of("A many_reviews 2", "A e"), alerts());
  }

  /** One event in the far future must not swallow the rest of the account's. */
  @Test
  void inAFileAnEarlierMinuteBeginsAnewToo() throws Exception {
    openForFiles();
    feedAt(1_000_000 * MINUTE_MS, "A", "a", "b", "c");
    feedAt(5 * MINUTE_MS, "A", "d");
    feedAt(Event.NO_TIME, "A", "e");
    assertEquals(List.of("A a", "A b", "A many_reviews 1", "A d", "A e"), alerts());
  }

  @Test
  void theEndOfTheInputHasEverySummaryBeforeIt() throws Exception {
    openForFiles();
    feedAt(5 * MINUTE_MS, "A", "a", "b", "c");
    feedAt(Event.NO_TIME, "B", "a", "b", "c", "d");
    step.drain();
    step.harness.endInput();
    List<String> found = new ArrayList<>(alerts());
    found.sort(null);
    assertEquals(List.of("A many_reviews 1", "B many_reviews 2"), found);
  }

  @Test
  void filesHaveNoLimitOverAllAccounts() throws Exception {
    openForFiles();
    for (int account = 0; account < 100; account++) {
      feedAt(5 * MINUTE_MS, "A" + account, "a");
    }
    assertEquals(100, alerts().size());
  }
}
