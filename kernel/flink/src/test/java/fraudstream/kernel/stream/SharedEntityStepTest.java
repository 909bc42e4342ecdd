package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests of the step of an entity that many accounts share, some of which have a wrong clock. */
class SharedEntityStepTest {
  private static final int DEVICE = Entity.DEVICE_ID.ordinal();
  private static final int OF_DEVICE_PLACE = 2;
  private static final long FAR_MS = 1_000_000_000;

  private Step<Event, Event> step;
  private int accounts;

  @BeforeEach
  void open() throws Exception {
    step = Step.windows(Configs.config(), Entity.DEVICE_ID, null);
  }

  @AfterEach
  void close() throws Exception {
    step.close();
  }

  private Event arrive(long timeMs) throws Exception {
    Event event = Records.transaction("T", "A" + accounts++, timeMs);
    event.ids[DEVICE] = "D1";
    event.features = new double[] {Double.NaN, Double.NaN, Double.NaN, Double.NaN};
    List<Event> out = step.process(event);
    assertEquals(1, out.size());
    return out.get(0);
  }

  private double count(long timeMs) throws Exception {
    return arrive(timeMs).features[OF_DEVICE_PLACE];
  }

  @Test
  void oneFutureRowDoesNotEvictWhatOtherAccountsNeed() throws Exception {
    assertEquals(1, count(1_000));
    assertEquals(2, count(1_010));
    assertEquals(1, count(FAR_MS));
    assertEquals(3, count(1_020));
    assertEquals(4, count(1_030));
    assertEquals(5, count(1_040));
    assertEquals(0, step.count("out_of_reach"));
  }

  @Test
  void aTransactionOutOfReachIsPassedOnWithoutFeaturesMarkedAndCounted() throws Exception {
    for (int i = 0; i < 20; i++) {
      arrive(1_000);
    }
    long horizonMs =
        1_000 - Configs.WINDOW_MS - Configs.LATENESS_MS - Configs.TOLERANCE_MS;
    assertFalse(arrive(horizonMs + 1).isOutOfReach(Entity.DEVICE_ID));
    Event old = arrive(horizonMs);
    assertTrue(old.isOutOfReach(Entity.DEVICE_ID));
    assertEquals(Double.NaN, old.features[OF_DEVICE_PLACE]);
    assertEquals(22, old.ordinals[DEVICE]);
    assertEquals(1, step.count("out_of_reach"));
    assertEquals(List.of(), step.side(Outputs.DEAD_LETTERS));
  }

  @Test
  void aRestoredStepKeepsItsFrontier() throws Exception {
    for (int i = 0; i < 20; i++) {
      arrive(1_000);
    }
    for (int i = 0; i < 8; i++) {
      arrive(FAR_MS);
    }
    OperatorSubtaskState saved = step.harness.snapshot(1, 1);
    step.close();
    step = Step.windows(Configs.config(), Entity.DEVICE_ID, saved);
    assertEquals(21, count(1_001));
    assertEquals(9, count(FAR_MS));
    assertTrue(arrive(0).isOutOfReach(Entity.DEVICE_ID), "it knows the latest event times, so this was a jump of nine");
  }
}
