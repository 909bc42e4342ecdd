package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Entity;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JobConfigTest {
  private static void assertRefused(String json, String shown) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> JobConfig.fromJson(json));
    String beginning = "the job's Python and Java parts are of different releases: ";
    assertTrue(refused.getMessage().startsWith(beginning), refused.getMessage());
    assertTrue(refused.getMessage().contains(shown), refused.getMessage());
  }

  private static void assertRead(JobConfig config) {
    assertEquals(Configs.CATALOGUE, config.catalogueJson);
    assertEquals("cv", config.catalogueVersion);
    assertEquals("mv", config.modelVersion);
    assertEquals(1, config.maxRecordBytes);
    assertEquals(-2, config.futureToleranceMs);
    assertEquals(3_000_000_000L, config.allowedLatenessMs);
    assertEquals(15, config.retentionToleranceMs);
    assertEquals(4, config.stateTtlMarginMs);
    assertEquals(9, config.stateTtlMs);
    assertEquals(5, config.batchSize);
    assertEquals(6, config.batchTimeMs);
    assertTrue(config.isLabelled);
    assertEquals(7.5, config.transactionsPerSecond);
    assertEquals(8, config.rampMs);
    assertTrue(config.writesFiles);
    assertFalse(config.withReviews);
    assertEquals(10, config.reviewsPerMinute);
    assertEquals(11, config.reviewsOfTaskPerMinute);
    assertEquals(Map.of("late", List.of("Late.", "Trễ.")), config.reviewSentences);
    assertEquals(12, config.deadLettersPerRecord);
    assertEquals(13, config.deadLettersPerMinute);
    assertEquals(14_000_000_000L, config.deadLetterBytesPerMinute);
    assertEquals("dynamodb:users 16 17000000000 18 r null", config.customers.toString());
    assertEquals("users", config.customers.table());
  }

  @Test
  void eachSettingIsReadAndTravelsToTheWorkers() throws IOException, ClassNotFoundException {
    JobConfig config =
        Configs.config(
            "catalogue_version", "cv",
            "model_version", "mv",
            "max_record_bytes", 1,
            "future_tolerance_ms", -2,
            "allowed_lateness_ms", 3_000_000_000L,
            "retention_tolerance_ms", 15,
            "state_ttl_margin_ms", 4,
            "state_ttl_ms", 9,
            "batch_size", 5,
            "batch_time_ms", 6,
            "is_labelled", true,
            "transactions_per_second", 7.5,
            "ramp_ms", 8,
            "writes_files", true,
            "with_reviews", false,
            "reviews_per_minute", 10,
            "reviews_of_task_per_minute", 11,
            "review_sentences", Map.of("late", List.of("Late.", "Trễ.")),
            "dead_letters_per_record", 12,
            "dead_letters_per_minute", 13,
            "dead_letter_bytes_per_minute", 14_000_000_000L,
            "customers", customers());
    assertRead(config);
    assertRead(InstantiationUtil.clone(config));
  }

  private static Map<String, Object> customers() {
    Map<String, Object> options = new HashMap<>();
    options.put("source", "dynamodb:users");
    options.put("max_customers", 16);
    options.put("refresh_ms", 17_000_000_000L);
    options.put("timeout_ms", 18);
    options.put("region", "r");
    options.put("endpoint", null);
    return options;
  }

  @Test
  void withoutMetadataThereAreNoOptionsOfThem() {
    assertNull(Configs.config().customers);
  }

  @Test
  void theCatalogueIsReadFromItsText() {
    assertEquals(
        List.of(Entity.ACCOUNT_ID, Entity.DEVICE_ID), Configs.config().catalogue().entities());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "catalogue", "catalogue_version", "model_version", "max_record_bytes",
        "future_tolerance_ms", "allowed_lateness_ms", "retention_tolerance_ms", "state_ttl_margin_ms",
        "state_ttl_ms", "batch_size", "batch_time_ms", "is_labelled", "transactions_per_second",
        "writes_files", "with_reviews", "reviews_per_minute", "reviews_of_task_per_minute",
        "review_sentences", "dead_letters_per_record", "dead_letters_per_minute",
        "dead_letter_bytes_per_minute", "customers"
      })
  void aMissingSettingIsRefusedByItsName(String name) {
    assertRefused(Configs.json(name, null), "'" + name + "'");
  }

  @Test
  void aSettingThatIsNotKnownIsRefusedByItsName() {
    assertRefused(Configs.json("bundle_size", 1), "\"bundle_size\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{", "1", "\"text\""})
  void whatIsNoObjectIsRefused(String json) {
    assertRefused(json, "");
  }
}
