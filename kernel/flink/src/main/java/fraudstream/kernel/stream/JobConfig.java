package fraudstream.kernel.stream;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.features.Catalogue;
import java.io.Serializable;

/** What {@code jobs/kernel.py} tells the steps; travels with them to the workers. */
public final class JobConfig implements Serializable {
  private static final long serialVersionUID = 1L;

  final String catalogueJson;
  final String catalogueVersion;
  final String modelVersion;
  final int maxRecordBytes;

  /** Negative: no clock judges an event time. */
  final long futureToleranceMs;

  final long allowedLatenessMs;

  /** How much longer than any window can ask for the state of an entity is kept. */
  final long stateTtlMarginMs;

  /** In place of what windows ask for: how long that state is kept; negative if windows decide. */
  final long stateTtlMs;

  /** Most transactions scored at once, and the longest wait for others to be scored with. */
  final int batchSize;

  final long batchTimeMs;

  /** Whether a file's lines begin with a letter: T for a transaction, L for a label. */
  final boolean isLabelled;

  /** How many transactions a second are read of a file; 0 for as fast as it goes. */
  final double transactionsPerSecond;

  /** The time in which that rate is reached, evenly from 0. */
  final long rampMs;

  /** Whether what leaves the job goes to files. */
  final boolean writesFiles;

  @JsonCreator
  JobConfig(
      @JsonProperty(value = "catalogue", required = true) String catalogueJson,
      @JsonProperty(value = "catalogue_version", required = true) String catalogueVersion,
      @JsonProperty(value = "model_version", required = true) String modelVersion,
      @JsonProperty(value = "max_record_bytes", required = true) int maxRecordBytes,
      @JsonProperty(value = "future_tolerance_ms", required = true) long futureToleranceMs,
      @JsonProperty(value = "allowed_lateness_ms", required = true) long allowedLatenessMs,
      @JsonProperty(value = "state_ttl_margin_ms", required = true) long stateTtlMarginMs,
      @JsonProperty(value = "state_ttl_ms", required = true) long stateTtlMs,
      @JsonProperty(value = "batch_size", required = true) int batchSize,
      @JsonProperty(value = "batch_time_ms", required = true) long batchTimeMs,
      @JsonProperty(value = "is_labelled", required = true) boolean isLabelled,
      @JsonProperty(value = "transactions_per_second", required = true) double transactionsPerSecond,
      @JsonProperty(value = "ramp_ms", required = true) long rampMs,
      @JsonProperty(value = "writes_files", required = true) boolean writesFiles) {
    this.catalogueJson = catalogueJson;
    this.catalogueVersion = catalogueVersion;
    this.modelVersion = modelVersion;
    this.maxRecordBytes = maxRecordBytes;
    this.futureToleranceMs = futureToleranceMs;
    this.allowedLatenessMs = allowedLatenessMs;
    this.stateTtlMarginMs = stateTtlMarginMs;
    this.stateTtlMs = stateTtlMs;
    this.batchSize = batchSize;
    this.batchTimeMs = batchTimeMs;
    this.isLabelled = isLabelled;
    this.transactionsPerSecond = transactionsPerSecond;
    this.rampMs = rampMs;
    this.writesFiles = writesFiles;
  }

  /** Reads the JSON object that {@code jobs/kernel.py} writes. */
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
