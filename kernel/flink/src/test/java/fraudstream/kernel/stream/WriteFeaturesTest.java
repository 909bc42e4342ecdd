package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.flink.types.Row;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WriteFeaturesTest {
  private Step<Event, Row> step;

  @BeforeEach
  void open() throws Exception {
    step = Step.of(new WriteFeatures(Configs.config()), Outputs.KEYED_JSON);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private static Event transaction(String id, double count, double often) {
    Event event = Records.transaction(id, "A1", 1_000);
    event.features = new double[] {3, count, Double.NaN, often};
    return event;
  }

  private static String line(String id, int count, int often) {
    return String.format(
        "{\"transaction_id\":\"%s\",\"account_id\":\"A1\","
            + "\"hour\":3,\"count\":%d,\"of_device\":null,\"often\":%d}",
        id, count, often);
  }

  @Test
  void eachTransactionIsALineOfItsFeaturesAsTheyAre() throws Exception {
    step.process(transaction("T1", 1, 0));
    step.process(transaction("T2", 2, 1));
    step.harness.endInput();
    List<Row> rows = step.drain();
    assertEquals(1, rows.size());
    assertEquals(
        line("T1", 1, 0) + "\n" + line("T2", 2, 1),
        new String((byte[]) rows.get(0).getField(1), StandardCharsets.UTF_8));
  }

  @Test
  void whatDoesNotCountHasNoLine() throws Exception {
    Event duplicate = transaction("T1", 1, 0);
    duplicate.kind = Event.Kind.DUPLICATE;
    step.process(duplicate);
    step.process(Records.labelOf(duplicate, 2_000));
    step.harness.endInput();
    assertEquals(List.of(), step.drain());
  }
}
