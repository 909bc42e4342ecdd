package fraudstream.kernel.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.json.ReviewJson.Subject;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.commons.codec.digest.DigestUtils;
import org.junit.jupiter.api.Test;

/** {@code tests/job/test_review_alerts.py} compares these alerts with those of Python. */
class ReviewJsonTest {
  private static final long MINUTE_MS = 1_767_323_040_000L;

  private final ReviewJson json =
      new ReviewJson(
          Map.of("late", List.of("Late.", "Trễ."), "other", List.of("Odd.", "Lạ.")), "v1", "abc");

  private static final Subject SUBJECT = subject("A1", "T1", "{}");

  private static Subject subject(String account, String transactionId, String record) {
    return subject(account, transactionId, record, Event.NO_TIME);
  }

  private static Subject subject(
      String account, String transactionId, String record, long arrivalMs) {
    return new Subject(
        account, transactionId, Event.NO_TIME, arrivalMs, Double.NaN, DigestUtils.sha256Hex(record));
  }

  private static ReasonCounts counts() {
    ReasonCounts counts = new ReasonCounts();
    counts.add("oversize", 2);
    counts.add("late", 4);
    counts.add("late", 1);
    return counts;
  }

  private static JsonNode read(byte[] alert) throws IOException {
    return new ObjectMapper().readTree(alert);
  }

  @Test
  void anAlertSaysWhoseTransactionItIsAndWhyNobodyJudgedIt() throws IOException {
    Subject subject =
        new Subject("A1", "T1", 1_767_323_045_678L, 1_767_323_046_000L, 250_000.5, "ab");
    String id = read(json.one(subject, "late", "25 h")).get("alert_id").textValue();
    assertEquals(
        "{\"schema_version\":2,\"alert_id\":\""
            + id
            + "\",\"kind\":\"review\",\"transaction_id\":\"T1\",\"account_id\":\"A1\","
            + "\"event_time\":\"2026-01-02T03:04:05.678Z\","
            + "\"arrival_time\":\"2026-01-02T03:04:06.000Z\",\"scored_at\":null,"
            + "\"transaction_amount_vnd\":250000.5,\"score\":null,\"threshold\":null,"
            + "\"likely_fraud_type\":null,\"risk_level\":\"review\",\"review\":{\"reason\":\"late\","
            + "\"detail\":\"25 h\",\"sentence_en\":\"Late.\",\"sentence_vi\":\"Trễ.\",\"count\":1,"
            + "\"reasons\":{\"late\":1}},\"flags\":[],\"features\":{},\"model_version\":\"v1\","
            + "\"catalogue_version\":\"abc\"}",
        read(json.one(subject, "late", "25 h")).toString());
  }

  @Test
  void whatIsUnknownIsNull() throws IOException {
    JsonNode alert = read(json.one(SUBJECT, "late", ""));
    for (String field : new String[] {"event_time", "arrival_time", "transaction_amount_vnd"}) {
      assertTrue(alert.get(field).isNull(), field);
    }
  }

  @Test
  void aReasonWithoutWordsHasThoseOfAnyOther() throws IOException {
    JsonNode review = read(json.one(SUBJECT, "unheard_of", "")).get("review");
    assertEquals("Odd.", review.get("sentence_en").textValue());
    assertEquals("unheard_of", review.get("reason").textValue());
  }

  private String idOf(Subject subject, String reason) throws IOException {
    return read(json.one(subject, reason, "")).get("alert_id").textValue();
  }

  @Test
  void theIdIsThatOfAccountTransactionReasonAndRecordAlone() throws IOException {
    String id = idOf(SUBJECT, "late");
    // tests/unit/domain/test_review.py has the same case.
    assertEquals("7519542552954507febc526f947e386b", id);
    assertEquals(id, idOf(new Subject("A1", "T1", 5, 6, 7, DigestUtils.sha256Hex("{}")), "late"));
    assertNotEquals(id, idOf(SUBJECT, "oversize"));
    assertNotEquals(id, idOf(subject("A2", "T1", "{}"), "late"));
    assertNotEquals(id, idOf(subject("A1", "T2", "{}"), "late"));
    assertNotEquals(id, idOf(subject("A1T", "1", "{}"), "late"));
    assertNotEquals(id, idOf(subject("A1", "T1", "{ }"), "late"));
  }

  @Test
  void aLongDetailIsCutAndHalfACharacterReplaced() throws IOException {
    String detail = "x".repeat(999) + "😀" + "y".repeat(5_000);
    String kept = read(json.one(SUBJECT, "late", detail)).at("/review/detail").textValue();
    assertEquals("x".repeat(999) + "?", kept);
  }

  // ---- summaries ----

  @Test
  void theSummaryOfAnAccountCountsByReason() throws IOException {
    JsonNode alert = read(json.ofAccount(MINUTE_MS, 1, SUBJECT, "late", counts()));
    assertEquals("A1", alert.get("account_id").textValue());
    assertTrue(alert.get("transaction_id").isNull());
    JsonNode review = alert.get("review");
    assertEquals("many_reviews", review.get("reason").textValue());
    assertEquals(7, review.get("count").intValue());
    assertEquals("{\"late\":5,\"oversize\":2}", review.get("reasons").toString());
    assertEquals(
        "in the minute from 2026-01-02T03:04:00.000Z, besides those with an alert of their own:"
            + " 5 late, 2 oversize; see the dead letters",
        review.get("detail").textValue());
  }

  @Test
  void aMinuteThatNobodyKnowsIsSaidToBe() throws IOException {
    JsonNode alert = read(json.ofAccount(Event.NO_TIME, 1, SUBJECT, "late", counts()));
    assertTrue(alert.at("/review/detail").textValue().contains("from an unknown time"));
  }

  @Test
  void eachSummaryHasAnIdOfItsOwn() throws IOException {
    Subject another = subject("A1", "T2", "{}");
    ReasonCounts more = counts();
    more.add("late", 1);
    long distinct =
        List.of(
                json.ofAccount(MINUTE_MS, 1, SUBJECT, "late", counts()),
                json.ofAccount(MINUTE_MS, 2, SUBJECT, "late", counts()),
                json.ofAccount(MINUTE_MS + 60_000, 1, SUBJECT, "late", counts()),
                json.ofAccount(MINUTE_MS, 1, another, "late", counts()),
                json.ofAccount(MINUTE_MS, 1, SUBJECT, "oversize", counts()),
                json.ofTask(SUBJECT, "late", counts()),
                json.ofTask(another, "late", counts()),
                json.ofTask(SUBJECT, "late", more),
                json.ofTask(subject("A1", "T1", "{}", MINUTE_MS), "late", counts()),
                json.ofTask(subject("A1", "T1", "{ }"), "late", counts()),
                json.one(SUBJECT, "late", ""))
            .stream()
            .map(alert -> alertId(alert))
            .distinct()
            .count();
    assertEquals(11, distinct);
  }

  private static String alertId(byte[] alert) {
    try {
      return read(alert).get("alert_id").textValue();
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Test
  void theSummaryOfATaskIsOfNoAccount() throws IOException {
    JsonNode alert = read(json.ofTask(SUBJECT, "late", counts()));
    assertTrue(alert.get("account_id").isNull());
    assertTrue(alert.get("transaction_id").isNull());
    assertEquals("many_accounts", alert.at("/review/reason").textValue());
    assertEquals(
        "of many accounts, the first A1, besides those with an alert of their own: 5 late, 2"
            + " oversize; see the dead letters",
        alert.at("/review/detail").textValue());
  }
}
