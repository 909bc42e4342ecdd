package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FinishFeaturesTest {
  private Step<Event, Event> step;

  @BeforeEach
  void open() throws Exception {
    step = Step.of(new FinishFeatures(Configs.config()), EventTypeInfo.EVENT);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private static Event transaction(double count) {
    Event event = Records.transaction("T1", "A1", 1_000);
    event.features = new double[] {3, count, Double.NaN, Double.NaN};
    return event;
  }

  @Test
  void aTransactionGetsTheFeaturesThatDependOnItsWindows() throws Exception {
    double[] once = step.process(transaction(1)).get(0).features;
    double[] twice = step.process(transaction(2)).get(0).features;
    assertArrayEquals(new double[] {3, 1, Double.NaN, 0}, once);
    assertArrayEquals(new double[] {3, 2, Double.NaN, 1}, twice);
  }

  @Test
  void duplicatesAndLabelsPassAsTheyAre() throws Exception {
    Event duplicate = transaction(1);
    duplicate.kind = Event.Kind.DUPLICATE;
    Event label = Records.labelOf(duplicate, 2_000);
    for (Event event : List.of(duplicate, label)) {
      List<Event> passed = step.process(event);
      assertEquals(1, passed.size());
      EventSerializerTest.assertSameEvent(event, passed.get(0));
    }
  }

  @Test
  void thereIsNothingToSave() throws Exception {
    step.process(transaction(1));
    assertFalse(step.harness.snapshot(1, 1).hasState());
  }
}
