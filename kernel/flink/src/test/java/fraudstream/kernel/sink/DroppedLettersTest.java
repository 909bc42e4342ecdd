package fraudstream.kernel.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.json.DeadLetterJson;
import fraudstream.kernel.json.ReasonCounts;
import fraudstream.kernel.json.RecordRanges;
import fraudstream.kernel.record.Event;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DroppedLettersTest {
  private final DroppedLetters dropped = new DroppedLetters();

  private void drop(byte[] letter) {
    dropped.add(new Entry("k".getBytes(StandardCharsets.UTF_8), letter));
  }

  private static byte[] letter(String shard, String sequenceNumber) {
    Event record = new Event();
    record.raw = "{}".getBytes(StandardCharsets.UTF_8);
    record.shardId = shard;
    record.sequenceNumber = sequenceNumber;
    record.arrivalMs = 1_000;
    return DeadLetterJson.of(record, "late", "why");
  }

  private JsonNode summary() throws IOException {
    return new ObjectMapper().readTree(dropped.summary().payload);
  }

  private static byte[] summaryOfMany() {
    ReasonCounts reasons = new ReasonCounts();
    reasons.add("late", 3);
    reasons.add("oversize", 4);
    RecordRanges ranges = new RecordRanges();
    ranges.add("shard-1", "9", 1, 100);
    ranges.add("shard-1", "120", 3, 100);
    ranges.add("shard-2", "7", 2, 100);
    ranges.add(null, null, 1, 100);
    return DeadLetterJson.ofRanges(reasons, ranges);
  }

  @Test
  void aDroppedSummaryKeepsItsReasonsAndItsPlaces() throws IOException {
    drop(summaryOfMany());
    JsonNode expected = new ObjectMapper().readTree(summaryOfMany());
    assertEquals(expected, summary());
  }

  @Test
  void aDroppedSummaryIsMergedWithOtherLettersAndSummaries() throws IOException {
    byte[] first = letter("shard-1", "10");
    byte[] last = letter("shard-2", "1000");
    drop(first);
    drop(summaryOfMany());
    drop(last);
    drop(summaryOfMany());
    JsonNode summary = summary();
    assertEquals(16, summary.get("count").intValue());
    assertEquals("{\"late\":8,\"oversize\":8}", summary.get("reasons").toString());
    assertEquals(
        "[{'shard_id':null,'first_sequence_number':null,'last_sequence_number':null,'count':2},"
            + "{'shard_id':'shard-1','first_sequence_number':'9','last_sequence_number':'120',"
            + "'count':9},{'shard_id':'shard-2','first_sequence_number':'7',"
            + "'last_sequence_number':'1000','count':5}]",
        summary.get("ranges").toString().replace('"', '\''));
    assertEquals(800 + first.length + last.length, summary.get("size_bytes").intValue());
  }

  @Test
  void aClearedSummaryLeavesNothingBehind() {
    drop(summaryOfMany());
    dropped.clear();
    assertTrue(dropped.isEmpty());
  }
}
