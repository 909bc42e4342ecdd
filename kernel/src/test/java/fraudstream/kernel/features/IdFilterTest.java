package fraudstream.kernel.features;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdFilterTest {
  private static final int IDS = 64;

  private final Random random = new Random(5);
  private final EntityWindows windows =
      Windows.account(List.of(Windows.count(1_000, 0, 0)), 0, Limits.PRODUCTION);

  private History history(Set<Long> ids) {
    History history = windows.newHistory();
    for (long id : ids) {
      windows.transaction(history, Windows.transaction(1_000, id, 1, 1));
    }
    return history;
  }

  private Set<Long> ids() {
    Set<Long> ids = new HashSet<>();
    while (ids.size() < IDS) {
      ids.add(random.nextLong());
    }
    return ids;
  }

  @Test
  void itNeverDeniesAnIdThatIsThere() {
    for (int round = 0; round < 200; round++) {
      Set<Long> ids = ids();
      IdFilter ofAll = new IdFilter(history(ids));
      IdFilter ofNone = new IdFilter(windows.newHistory());
      for (long id : ids) {
        assertTrue(ofAll.mayHold(id));
        ofNone.add(id);
        assertTrue(ofNone.mayHold(id));
      }
    }
  }

  @Test
  void ofOthersItDeniesAllButOneInTwenty() {
    IdFilter filter = new IdFilter(history(ids()));
    int passed = 0;
    for (int i = 0; i < 10_000; i++) {
      passed += filter.mayHold(random.nextLong()) ? 1 : 0;
    }
    assertEquals(500, passed, 250);
  }

  /** Ids come, go with time, and come again; a history of them is short, then long, then short. */
  @Test
  void aHistoryRemembersWhatItHasWhateverTheFilterSays() {
    History history = windows.newHistory();
    Map<Long, Long> times = new HashMap<>();
    long timeMs = 0;
    for (int i = 0; i < 5_000; i++) {
      timeMs += random.nextInt(i / 1_000 % 2 == 0 ? 100 : 10);
      long id = random.nextInt(300) * 0x9E3779B97F4A7C15L + 1;
      long horizonMs = history.newestMs() == Long.MIN_VALUE ? timeMs : history.newestMs() - 1_000;
      boolean isThere = times.getOrDefault(id, Long.MIN_VALUE) > horizonMs;
      assertEquals(isThere, windows.remembers(history, id), "transaction " + i);
      if (!isThere) {
        windows.transaction(history, Windows.transaction(timeMs, id, 1, 1));
        times.put(id, timeMs);
      }
    }
  }
}
