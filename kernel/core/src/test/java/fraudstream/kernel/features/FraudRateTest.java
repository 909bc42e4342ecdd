package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Event;
import java.util.List;
import org.junit.jupiter.api.Test;

class FraudRateTest {
  private final EntityWindows windows =
      Windows.merchant(
          List.of(Windows.spec(Statistic.FRAUD_RATE, List.of(), 100, 0, 0)),
          1_000,
          0,
          Limits.PRODUCTION);

  private final History history = windows.newHistory();

  private double rate(long timeMs, long id) {
    Event event = Windows.transaction(timeMs, id, 1, 1);
    windows.transaction(history, event);
    return event.features[0];
  }

  /** Moves the on-time frontier to a time. */
  private void mostArriveAt(long timeMs) {
    for (int i = 0; i < Frontier.RISING; i++) {
      rate(timeMs, timeMs * 100 + i);
    }
  }

  private void label(long timeMs, long id, boolean isFraud, long availableAtMs) {
    windows.label(history, Windows.label(timeMs, id, isFraud, availableAtMs));
  }

  @Test
  void aFraudCountsOnceItIsKnown() {
    assertEquals(0, rate(10, 1));
    label(10, 1, true, 30);
    assertEquals(0, rate(29, 2), "not known yet");
    assertEquals(1 / 3.0, rate(30, 3));
  }

  @Test
  void theLabelThatArrivesLastCounts() {
    rate(10, 1);
    label(10, 1, true, 20);
    label(10, 1, false, 25);
    assertEquals(0, rate(30, 2));
    label(10, 1, true, 31);
    assertEquals(1 / 3.0, rate(31, 3));
  }

  @Test
  void aLabelMayArriveBeforeItsTransaction() {
    label(10, 1, true, 5);
    assertEquals(1, rate(10, 1));
    assertNull(history.pending());
  }

  @Test
  void aLabelThatWaitsIsTakenBackByTheNextOne() {
    label(10, 1, true, 5);
    label(10, 1, false, 5);
    assertNull(history.pending());
    assertEquals(0, rate(10, 1));
  }

  @Test
  void aLabelWaitsAsLongAsItsTransactionWouldBeKept() {
    label(10, 1, true, 5);
    mostArriveAt(1_109);
    assertNotNull(history.pending());
    mostArriveAt(1_110);
    assertNull(history.pending());
    label(10, 1, true, 5);
    assertNull(history.pending(), "and none waits that comes later");
  }

  @Test
  void aLabelOfAnotherTimeIsOfAnotherTransaction() {
    rate(10, 1);
    label(11, 1, true, 5);
    assertEquals(0, rate(20, 2));
  }

  @Test
  void anEmptyWindowHasNoRate() {
    EntityWindows delayed =
        Windows.merchant(
            List.of(Windows.spec(Statistic.FRAUD_RATE, List.of(), 100, 50, 0)),
            1_000,
            0,
            Limits.PRODUCTION);
    Event event = Windows.transaction(10, 1, 1, 1);
    delayed.transaction(delayed.newHistory(), event);
    assertEquals(Double.NaN, event.features[0]);
  }
}
