package fraudstream.kernel.sink;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import org.junit.jupiter.api.Test;

/** A backlog of four rows whose clock is moved on only by its waits, during which a sink may write. */
class BacklogTest {
  private static final int ROOM = 4;
  private static final long PATIENCE_MS = 10_000;
  private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
  private static final long NEVER = Long.MAX_VALUE;

  private final FakeClock clock = new FakeClock();
  private final Backlog backlog =
      new Backlog(
          new DetachedOptions("rows", (long) ROOM * row().bytes(), PATIENCE_MS, 0, false),
          List.of(),
          clock);

  /** Writes the oldest row at each multiple of a period. */
  private final class FakeClock implements Backlog.Clock {
    long nowNanos = -PATIENCE_NANOS;
    long waitedNanos;
    long periodNanos = NEVER;
    long untilWriteNanos = NEVER;

    @Override
    public long nanos() {
      return nowNanos;
    }

    @Override
    public void await(Condition signal, long nanos) throws InterruptedException {
      long stepNanos = Math.min(nanos, untilWriteNanos);
      nowNanos += stepNanos;
      waitedNanos += stepNanos;
      if (periodNanos != NEVER) {
        untilWriteNanos -= stepNanos;
        if (untilWriteNanos == 0) {
          untilWriteNanos = periodNanos;
          sinkWrites(1);
        }
      }
    }

    void writeEvery(long nanos) {
      periodNanos = nanos;
      untilWriteNanos = nanos;
    }
  }

  private static Entry row() {
    return new Entry("k".getBytes(StandardCharsets.UTF_8), new byte[1]);
  }

  private void add(int rows) throws InterruptedException {
    for (int i = 0; i < rows; i++) {
      backlog.add(row());
    }
  }

  private void sinkWrites(int rows) throws InterruptedException {
    backlog.written(List.copyOf(backlog.oldest().subList(0, rows)));
  }

  private long waitingRows() {
    return backlog.bytes() / row().bytes();
  }

  @Test
  void aSinkThatWritesNothingHoldsUpTheTaskOnce() throws Exception {
    add(ROOM + 10);
    assertEquals(PATIENCE_NANOS, clock.waitedNanos);
    assertEquals(10, backlog.droppedRows());
  }

  /** Each written row used to begin the patience again, so nothing was dropped, ever. */
  @Test
  void aSinkThatTricklesHoldsUpTheTaskNoLongerThanOneThatStandsStill() throws Exception {
    clock.writeEvery(PATIENCE_NANOS / 10 * 9);
    add(ROOM + 20);
    assertEquals(PATIENCE_NANOS, clock.waitedNanos);
    assertEquals(19, backlog.droppedRows(), "one found room in time");
    assertEquals(ROOM, waitingRows());
  }

  @Test
  void rowsAreDroppedUntilHalfOfTheBacklogIsEmpty() throws Exception {
    add(ROOM + 1);
    sinkWrites(1);
    add(1);
    assertEquals(2, backlog.droppedRows(), "though there is room for a row");
    sinkWrites(1);
    add(1);
    assertEquals(2, backlog.droppedRows());
    assertEquals(ROOM / 2 + 1, waitingRows());
  }

  @Test
  void patienceBeginsAgainOnceHalfOfTheBacklogWasEmpty() throws Exception {
    add(ROOM + 1);
    sinkWrites(ROOM / 2);
    add(ROOM / 2 + 1);
    assertEquals(2 * PATIENCE_NANOS, clock.waitedNanos);
    assertEquals(2, backlog.droppedRows());
  }

  @Test
  void patienceGoesOnWhileTheBacklogIsMoreThanHalfFull() throws Exception {
    clock.writeEvery(PATIENCE_NANOS / 2);
    add(ROOM + 1);
    assertEquals(PATIENCE_NANOS / 2, clock.waitedNanos);
    clock.nowNanos += PATIENCE_NANOS;
    add(1);
    assertEquals(PATIENCE_NANOS / 2, clock.waitedNanos, "the patience is over");
    assertEquals(1, backlog.droppedRows());
  }

  @Test
  void aSinkThatIsFastEnoughLosesNothingHoweverMuchItHasToCatchUpWith() throws Exception {
    clock.writeEvery(PATIENCE_NANOS / 3);
    add(1_000);
    assertEquals(0, backlog.droppedRows());
  }

  // ---- before a checkpoint ----

  private static final long DRAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(DrainBudget.LONGEST_MS);

  /** Saved rows that are also written would be written again by a job that continues from there. */
  @Test
  void aCheckpointWaitsForRowsThatAreBeingWritten() throws Exception {
    clock.writeEvery(DRAIN_NANOS / 10);
    add(3);
    backlog.drain();
    assertEquals(0, waitingRows());
    assertEquals(3 * (DRAIN_NANOS / 10), clock.waitedNanos);
  }

  @Test
  void anOutageHoldsUpOneCheckpoint() throws Exception {
    add(2);
    backlog.drain();
    assertEquals(DRAIN_NANOS, clock.waitedNanos);
    backlog.drain();
    sinkWrites(1);
    backlog.drain();
    assertEquals(DRAIN_NANOS, clock.waitedNanos, "not all are written since");
    assertEquals(1, backlog.unwritten().size());
    sinkWrites(1);
    add(1);
    clock.nowNanos += 10 * DRAIN_NANOS;
    backlog.drain();
    assertEquals(2 * DRAIN_NANOS, clock.waitedNanos);
  }

  /** The backlog of a busy job is hardly ever empty. */
  @Test
  void checkpointsWaitAgainOnceTheRowsOfAFailureAreWritten() throws Exception {
    add(2);
    backlog.failed();
    add(1);
    sinkWrites(2);
    clock.writeEvery(DRAIN_NANOS / 10);
    backlog.drain();
    assertEquals(0, waitingRows());
  }

  @Test
  void checkpointsWaitForATenthOfTheTimeAtMost() throws Exception {
    clock.writeEvery(DRAIN_NANOS / 5 * 4);
    add(1);
    backlog.drain();
    assertEquals(DRAIN_NANOS / 5 * 4, clock.waitedNanos);
    clock.writeEvery(NEVER);
    add(1);
    clock.nowNanos += 2 * DRAIN_NANOS;
    backlog.drain();
    long earnedNanos = (DRAIN_NANOS / 5 * 4 + 2 * DRAIN_NANOS) / 10;
    assertEquals(DRAIN_NANOS + earnedNanos, clock.waitedNanos);
  }

  @Test
  void aWaitingCheckpointEndsTheWaitForMoreRows() throws Exception {
    DetachedOptions options =
        new DetachedOptions("rows", 1_000L * row().bytes(), 600_000, 600_000, false);
    Backlog lingering = new Backlog(options, List.of());
    Thread sender =
        new Thread(
            () -> {
              try {
                lingering.written(lingering.oldest());
              } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
              }
            });
    sender.start();
    lingering.add(row());
    lingering.drain();
    assertEquals(0, lingering.bytes());
    sender.join();
  }

  @Test
  void noCheckpointWaitsForASinkThatFailed() throws Exception {
    add(2);
    backlog.failed();
    backlog.drain();
    assertEquals(0, clock.waitedNanos);
  }
}
