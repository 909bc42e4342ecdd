package fraudstream.kernel.json;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Rfc3339;
import java.util.List;
import java.util.Map;

/**
 * Writes review alerts: a transaction that could not be judged, for a person to look at.
 *
 * <p>{@code Alert} in {@code fraudstream/domain/alert.py} defines the format; the kernel writes only
 * alerts of the kind {@code review}.
 */
public final class ReviewJson {
  /** The reason of an alert that sums up further reviews of one account and minute. */
  public static final String MANY_REVIEWS = "many_reviews";

  /** The reason of an alert that sums up reviews of many accounts. */
  public static final String MANY_ACCOUNTS = "many_accounts";

  /** The wording of a reason that has none of its own. */
  private static final String OTHER = "other";

  private static final int SCHEMA_VERSION = 2;

  private static final byte[] SCHEMA = JsonLine.name("schema_version");
  private static final byte[] ALERT_ID = JsonLine.name("alert_id");
  private static final byte[] KIND = JsonLine.name("kind");
  private static final byte[] TRANSACTION_ID = JsonLine.name("transaction_id");
  private static final byte[] ACCOUNT_ID = JsonLine.name(Entity.ACCOUNT_ID.fieldName);
  private static final byte[] EVENT_TIME = JsonLine.name("event_time");
  private static final byte[] ARRIVAL_TIME = JsonLine.name("arrival_time");
  private static final byte[] AMOUNT = JsonLine.name("transaction_amount_vnd");
  private static final byte[] RISK_LEVEL = JsonLine.name("risk_level");
  private static final byte[] REVIEW = JsonLine.name("review");
  private static final byte[] REASON = JsonLine.name("reason");
  private static final byte[] DETAIL = JsonLine.name("detail");
  private static final byte[] ENGLISH = JsonLine.name("sentence_en");
  private static final byte[] VIETNAMESE = JsonLine.name("sentence_vi");
  private static final byte[] COUNT = JsonLine.name("count");
  private static final byte[] REASONS = JsonLine.name("reasons");
  private static final byte[] MODEL_VERSION = JsonLine.name("model_version");
  private static final byte[] CATALOGUE_VERSION = JsonLine.name("catalogue_version");

  /** Fields that only a score has, in the order of the format. */
  private static final byte[][] OF_A_SCORE = {
    JsonLine.name("score"), JsonLine.name("threshold"), JsonLine.name("likely_fraud_type")
  };

  private static final byte[] SCORED_AT = JsonLine.name("scored_at");
  private static final byte[] FLAGS = JsonLine.name("flags");
  private static final byte[] FEATURES = JsonLine.name("features");

  private final Map<String, List<String>> sentences;
  private final String modelVersion;
  private final String catalogueVersion;
  private final JsonLine json = new JsonLine();

  /** @param sentences the sentence in English and in Vietnamese for each reason, and for "other" */
  public ReviewJson(
      Map<String, List<String>> sentences, String modelVersion, String catalogueVersion) {
    this.sentences = sentences;
    this.modelVersion = modelVersion;
    this.catalogueVersion = catalogueVersion;
  }

  /** What a review alert says of the transaction. */
  public static final class Subject {
    final String account;
    final String transactionId;
    final long timeMs;
    final long arrivalMs;
    final double amountVnd;
    final String recordSha256;

    /**
     * @param timeMs the event time, epoch ms; {@link Event#NO_TIME} if unknown
     * @param arrivalMs the arrival time, likewise
     * @param amountVnd NaN if unknown
     * @param recordSha256 hexadecimal digits: that of the dead letter
     */
    public Subject(
        String account,
        String transactionId,
        long timeMs,
        long arrivalMs,
        double amountVnd,
        String recordSha256) {
      this.account = account;
      this.transactionId = transactionId;
      this.timeMs = timeMs;
      this.arrivalMs = arrivalMs;
      this.amountVnd = amountVnd;
      this.recordSha256 = recordSha256;
    }

    /** An account and a transaction, or null, for a summary, which says no more of them. */
    public Subject(String account, String transactionId) {
      this(account, transactionId, Event.NO_TIME, Event.NO_TIME, Double.NaN, null);
    }
  }

  /**
   * The review alert of one transaction. Its id covers the bytes of the record, because another record
   * with the same ids and the same reason must raise an alert too.
   */
  public byte[] one(Subject subject, String reason, String detail) {
    String id =
        StableId.of(
            "fraudstream review",
            subject.account,
            subject.transactionId,
            reason,
            subject.recordSha256);
    ReasonCounts reasons = new ReasonCounts();
    reasons.add(reason, 1);
    return write(id, subject, reason, detail, reasons);
  }

  /**
   * The alert that sums up what exceeds the limit of one account.
   *
   * @param minuteMs the beginning of the minute, epoch ms; {@link Event#NO_TIME} if unknown
   * @param part the number of the summary within the minute, from 1
   * @param first the account, and the first transaction that the summary covers
   * @param firstReason the reason of that transaction
   * @param reasons the number of reviews by reason
   */
  public byte[] ofAccount(
      long minuteMs, int part, Subject first, String firstReason, ReasonCounts reasons) {
    String id =
        StableId.of(
            "fraudstream reviews of account",
            first.account,
            first.transactionId,
            firstReason,
            "" + minuteMs,
            "" + part);
    String detail =
        "in the minute from "
            + (minuteMs == Event.NO_TIME ? "an unknown time" : Rfc3339.format(minuteMs))
            + ", besides those with an alert of their own: "
            + reasons
            + "; see the dead letters";
    return write(id, new Subject(first.account, null), MANY_REVIEWS, detail, reasons);
  }

  /**
   * The alert that sums up what exceeds the limit of one task of the job.
   *
   * @param first the first transaction that the summary covers
   * @param firstReason the reason of that review
   * @param reasons the number of reviews by reason
   */
  public byte[] ofTask(Subject first, String firstReason, ReasonCounts reasons) {
    String id =
        StableId.of(
            "fraudstream reviews of task",
            first.account,
            first.transactionId,
            firstReason,
            first.recordSha256,
            "" + first.arrivalMs,
            reasons.toString());
    String detail =
        "of many accounts, the first "
            + first.account
            + ", besides those with an alert of their own: "
            + reasons
            + "; see the dead letters";
    return write(id, new Subject(null, null), MANY_ACCOUNTS, detail, reasons);
  }

  private byte[] write(
      String id, Subject subject, String reason, String detail, ReasonCounts reasons) {
    json.clear();
    json.begin('{');
    json.field(SCHEMA);
    json.whole(SCHEMA_VERSION);
    json.field(ALERT_ID);
    json.text(id);
    json.field(KIND);
    json.text("review");
    json.field(TRANSACTION_ID);
    json.text(subject.transactionId);
    json.field(ACCOUNT_ID);
    json.text(subject.account);
    json.field(EVENT_TIME);
    json.time(subject.timeMs);
    json.field(ARRIVAL_TIME);
    json.time(subject.arrivalMs);
    json.field(SCORED_AT);
    json.nothing();
    json.field(AMOUNT);
    json.number(subject.amountVnd);
    for (byte[] field : OF_A_SCORE) {
      json.field(field);
      json.nothing();
    }
    json.field(RISK_LEVEL);
    json.text("review");
    json.field(REVIEW);
    writeReview(reason, detail, reasons);
    json.field(FLAGS);
    json.begin('[');
    json.end(']');
    json.field(FEATURES);
    json.begin('{');
    json.end('}');
    json.field(MODEL_VERSION);
    json.text(modelVersion);
    json.field(CATALOGUE_VERSION);
    json.text(catalogueVersion);
    json.end('}');
    return json.toBytes();
  }

  private void writeReview(String reason, String detail, ReasonCounts reasons) {
    List<String> words = sentences.getOrDefault(reason, sentences.get(OTHER));
    json.begin('{');
    json.field(REASON);
    json.text(reason);
    json.field(DETAIL);
    json.text(DeadLetterJson.sound(detail));
    json.field(ENGLISH);
    json.text(words.get(0));
    json.field(VIETNAMESE);
    json.text(words.get(1));
    json.field(COUNT);
    json.whole(reasons.total());
    json.field(REASONS);
    reasons.write(json);
    json.end('}');
  }
}
