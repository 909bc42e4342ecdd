package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IdFilterTest {
  private static final long SEED = 20_260_101;

  private static IdFilter empty() {
    return new IdFilter(new History(HistorySchema.of(List.of(), true)));
  }

  @Test
  void noIdThatWasAddedIsEverDenied() {
    Random random = new Random(SEED);
    IdFilter filter = empty();
    long[] ids = random.longs(200).toArray();
    for (long id : ids) {
      filter.add(id);
    }
    for (long id : ids) {
      assertTrue(filter.mayHold(id));
    }
  }

  @Test
  void of64IdsAboutOneInTwentyOthersHasToBeLookedFor() {
    Random random = new Random(SEED);
    IdFilter filter = empty();
    random.longs(64).forEach(filter::add);
    long taken = random.longs(10_000).filter(filter::mayHold).count();
    assertTrue(taken > 200 && taken < 800, taken + " of 10,000");
  }

  /** Ids arrive, are evicted and arrive again, while the history grows long and short again. */
  @Test
  void aHistoryRemembersWhatItHasWhateverItsFilterSays() {
    EntityWindows windows =
        Windows.account(List.of(Windows.count(1_000, 0, 0)), 0, Limits.PRODUCTION);
    History history = windows.newHistory();
    Random random = new Random(SEED);
    Map<Long, Long> times = new HashMap<>();
    long timeMs = 0;
    for (int i = 0; i < 5_000; i++) {
      timeMs += random.nextInt(i / 1_000 % 2 == 0 ? 100 : 10);
      long id = random.nextInt(300) * 0x9E3779B97F4A7C15L + 1;
      long horizonMs = i == 0 ? timeMs : history.newestMs() - 1_000;
      boolean isThere = times.getOrDefault(id, Long.MIN_VALUE) > horizonMs;
      assertEquals(isThere, windows.remembers(history, id), "transaction " + i);
      if (!isThere) {
        windows.transaction(history, Windows.transaction(timeMs, id, 1, 1));
        times.put(id, timeMs);
      }
    }
  }
}
