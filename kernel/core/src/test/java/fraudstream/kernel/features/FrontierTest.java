package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Event;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FrontierTest {
  private static final long FAR_MS = 1_000_000_000;

  private final Frontier frontier = new Frontier();
  private final long[] scratch = new long[Frontier.RECENT];

  private long arrive(long... timesMs) {
    for (long timeMs : timesMs) {
      frontier.arrived(timeMs, scratch);
    }
    return frontier.onTimeMs();
  }

  private static long[] times(int count, long timeMs) {
    return LongStream.generate(() -> timeMs).limit(count).toArray();
  }

  @Test
  void thereIsNoneBeforeTheNinthTransaction() {
    assertEquals(Event.NO_TIME, arrive(1, 2, 3, 4, 5, 6, 7, 8));
    assertEquals(1, arrive(9));
  }

  @Test
  void itIsTheNinthNewestOfTransactionsInOrder() {
    assertEquals(92, arrive(LongStream.rangeClosed(1, 100).toArray()));
  }

  @Test
  void eightOutliersInARowRaiseItNoFurtherThanOthersHaveReached() {
    arrive(times(20, 100));
    assertEquals(100, arrive(times(8, FAR_MS)));
    assertEquals(101, arrive(times(8, 101)));
  }

  @Test
  void aJumpOfNineIsFollowed() {
    arrive(times(20, 100));
    assertEquals(FAR_MS, arrive(times(9, FAR_MS)));
  }

  @Test
  void oneOutlierInEveryTwoNeverRaisesIt() {
    arrive(times(20, 100));
    for (int i = 0; i < 100; i++) {
      assertTrue(arrive(200 + i, FAR_MS) < 300 + i);
    }
  }

  @Test
  void aFrontierThatOutliersHaveRaisedComesBackWithThirteenThatAreRight() {
    arrive(times(20, 100));
    arrive(times(16, FAR_MS));
    assertEquals(FAR_MS, arrive(times(12, 101)));
    assertEquals(101, arrive(101));
  }

  @Test
  void outliersOfThePastDoNotLowerItWhileFourOfSixteenAreRight() {
    arrive(times(20, 100));
    assertEquals(100, arrive(times(12, -FAR_MS)));
    assertEquals(-FAR_MS, arrive(-FAR_MS), "thirteen are a majority that it follows");
  }

  @Test
  void whatIsLostBehindIsMissedUntilNoWindowReachesIt() {
    assertTrue(frontier.isComplete(Long.MIN_VALUE));
    frontier.lostBehind(100, 10);
    frontier.lostBehind(50, 10);
    assertFalse(frontier.isComplete(109));
    assertTrue(frontier.isComplete(110));
  }

  @Test
  void whatIsLostAheadIsMissedFromItselfUntilNoWindowReachesIt() {
    frontier.lostAhead(100, 10, 0);
    frontier.lostAhead(120, 10, 0);
    assertTrue(frontier.isComplete(99));
    assertFalse(frontier.isComplete(100));
    assertFalse(frontier.isComplete(129));
    assertTrue(frontier.isComplete(130));
  }

  @Test
  void aGapThatTheFrontierHasPassedIsNotJoinedWithTheNext() {
    frontier.lostAhead(100, 10, 0);
    frontier.lostAhead(500, 10, 110);
    assertFalse(frontier.isComplete(109), "it stays lost");
    assertTrue(frontier.isComplete(110));
    assertTrue(frontier.isComplete(499));
    assertFalse(frontier.isComplete(500));
  }
}
