package fraudstream.kernel.stream;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.customers.CustomerOptions;
import fraudstream.kernel.features.Catalogue;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/** Settings of the job's steps, set by {@code jobs/kernel.py} and serialized with the steps. */
public final class JobConfig implements Serializable {
  private static final long serialVersionUID = 1L;

  final String catalogueJson;
  final String catalogueVersion;
  final String modelVersion;
  final int maxRecordBytes;

  /**
   * The maximum by which an event time may be later than the arrival time; negative for no limit.
   */
  final long futureToleranceMs;

  final long allowedLatenessMs;

  /**
   * The future tolerance of live jobs, in batch mode too: entities that accounts share keep as much
   * more than their windows need.
   */
  final long retentionToleranceMs;

  /** Added to the time for which windows need an entity's state, to get its time to live. */
  final long stateTtlMarginMs;

  /** The time to live of state; negative to derive it from the windows and the margin. */
  final long stateTtlMs;

  /** The maximum number of transactions in a batch for scoring. */
  final int batchSize;

  /** The maximum time that a transaction waits for its batch to fill. */
  final long batchTimeMs;

  /** Whether a file's lines begin with a letter: T for a transaction, L for a label. */
  final boolean isLabelled;

  /** The rate at which transactions are read from a file; 0 for no limit. */
  final double transactionsPerSecond;

  /** The time in which the rate rises linearly from 0 to {@link #transactionsPerSecond}. */
  final long rampMs;

  /** Whether the job's outputs are files. */
  final boolean writesFiles;

  /** Whether transactions that can't be judged have review alerts. */
  final boolean withReviews;

  /** The maximum number of review alerts of an account, and of all accounts of a task, a minute. */
  final int reviewsPerMinute;

  final int reviewsOfTaskPerMinute;

  /** The sentence in English and in Vietnamese of a review alert, by reason. */
  final Map<String, List<String>> reviewSentences;

  /** The maximum number of dead letters of one stream record. */
  final int deadLettersPerRecord;

  /** The maximum number of dead letters of a task in a minute; 0 for no limit. */
  final int deadLettersPerMinute;

  final long deadLetterBytesPerMinute;

  /** Null if the job writes no profiles. */
  final ProfileOptions profiles;

  /** Where the customers' metadata are; null if no feature uses them. */
  final CustomerOptions customers;

  @JsonCreator
  JobConfig(
      @JsonProperty(value = "catalogue", required = true) String catalogueJson,
      @JsonProperty(value = "catalogue_version", required = true) String catalogueVersion,
      @JsonProperty(value = "model_version", required = true) String modelVersion,
      @JsonProperty(value = "max_record_bytes", required = true) int maxRecordBytes,
      @JsonProperty(value = "future_tolerance_ms", required = true) long futureToleranceMs,
      @JsonProperty(value = "allowed_lateness_ms", required = true) long allowedLatenessMs,
      @JsonProperty(value = "retention_tolerance_ms", required = true)
          long retentionToleranceMs,
      @JsonProperty(value = "state_ttl_margin_ms", required = true) long stateTtlMarginMs,
      @JsonProperty(value = "state_ttl_ms", required = true) long stateTtlMs,
      @JsonProperty(value = "batch_size", required = true) int batchSize,
      @JsonProperty(value = "batch_time_ms", required = true) long batchTimeMs,
      @JsonProperty(value = "is_labelled", required = true) boolean isLabelled,
      @JsonProperty(value = "transactions_per_second", required = true) double transactionsPerSecond,
      @JsonProperty(value = "ramp_ms", required = true) long rampMs,
      @JsonProperty(value = "writes_files", required = true) boolean writesFiles,
      @JsonProperty(value = "with_reviews", required = true) boolean withReviews,
      @JsonProperty(value = "reviews_per_minute", required = true) int reviewsPerMinute,
      @JsonProperty(value = "reviews_of_task_per_minute", required = true)
          int reviewsOfTaskPerMinute,
      @JsonProperty(value = "review_sentences", required = true)
          Map<String, List<String>> reviewSentences,
      @JsonProperty(value = "dead_letters_per_record", required = true) int deadLettersPerRecord,
      @JsonProperty(value = "dead_letters_per_minute", required = true) int deadLettersPerMinute,
      @JsonProperty(value = "dead_letter_bytes_per_minute", required = true)
          long deadLetterBytesPerMinute,
      @JsonProperty(value = "profiles", required = true) ProfileOptions profiles,
      @JsonProperty(value = "customers", required = true) CustomerOptions customers) {
    this.catalogueJson = catalogueJson;
    this.catalogueVersion = catalogueVersion;
    this.modelVersion = modelVersion;
    this.maxRecordBytes = maxRecordBytes;
    this.futureToleranceMs = futureToleranceMs;
    this.allowedLatenessMs = allowedLatenessMs;
    this.retentionToleranceMs = retentionToleranceMs;
    this.stateTtlMarginMs = stateTtlMarginMs;
    this.stateTtlMs = stateTtlMs;
    this.batchSize = batchSize;
    this.batchTimeMs = batchTimeMs;
    this.isLabelled = isLabelled;
    this.transactionsPerSecond = transactionsPerSecond;
    this.rampMs = rampMs;
    this.writesFiles = writesFiles;
    this.withReviews = withReviews;
    this.reviewsPerMinute = reviewsPerMinute;
    this.reviewsOfTaskPerMinute = reviewsOfTaskPerMinute;
    this.reviewSentences = reviewSentences;
    this.deadLettersPerRecord = deadLettersPerRecord;
    this.deadLettersPerMinute = deadLettersPerMinute;
    this.deadLetterBytesPerMinute = deadLetterBytesPerMinute;
    this.profiles = profiles;
    this.customers = customers;
  }

  /** Reads the JSON object written by {@code jobs/kernel.py}. */
  public static JobConfig fromJson(String json) {
    try {
      return new ObjectMapper().readValue(json, JobConfig.class);
    } catch (JsonProcessingException problem) {
      throw new IllegalArgumentException(
          "the job's Python and Java parts are of different releases: " + problem.getMessage(),
          problem);
    }
  }

  Catalogue catalogue() {
    return Catalogue.fromJson(catalogueJson);
  }
}
