package fraudstream.kernel.profiles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DirtyKeysTest {
  private final DirtyKeys keys = new DirtyKeys(2);

  @Test
  void theFirstAndTheLastChangeOfAKeyAreKept() {
    keys.mark("a", 10);
    keys.mark("a", 20);
    DirtyKeys.Change change = keys.iterator().next().getValue();
    assertEquals(10, change.firstMs);
    assertEquals(20, change.lastMs());
    assertEquals(1, keys.size());
  }

  @Test
  void aKeyWithoutRoomIsRememberedAsAnOverflow() {
    keys.mark("a", 10);
    keys.mark("b", 11);
    keys.mark("a", 12);
    assertFalse(keys.hasOverflown());
    keys.mark("c", 13);
    assertTrue(keys.hasOverflown());
    assertEquals(2, keys.size());
    assertEquals(13, keys.takeOverflow());
    assertFalse(keys.hasOverflown());
  }

  @Test
  void aChangeOfASweptKeyMakesItsTimeKnown() {
    keys.addEarlier("a", new DirtyKeys.Change(5, 6, true));
    keys.mark("a", 20);
    DirtyKeys.Change change = keys.iterator().next().getValue();
    assertEquals(5, change.firstMs);
    assertEquals(20, change.lastMs());
    assertFalse(change.isSwept);
  }

  @Test
  void marksAndSweptKeysTakeTurnsEachInItsOrder() {
    DirtyKeys many = new DirtyKeys(10);
    many.addEarlier("s1", new DirtyKeys.Change(1, 1, true));
    many.addEarlier("s2", new DirtyKeys.Change(1, 1, true));
    many.mark("m1", 5);
    many.mark("m2", 6);
    many.mark("m3", 7);
    List<String> order = new ArrayList<>();
    many.iterator().forEachRemaining(each -> order.add(each.getKey()));
    assertEquals(List.of("m1", "s1", "m2", "s2", "m3"), order);
  }

  /** The oldest change is found without a look at each, whatever the clock did. */
  @Test
  void anyChangesAreThoseOfAPlainMap() {
    for (int seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      DirtyKeys some = new DirtyKeys(8);
      Map<String, long[]> plain = new HashMap<>();
      long overflowMs = Long.MAX_VALUE;
      long nowMs = 1_000;
      for (int step = 0; step < 100; step++) {
        nowMs += random.nextInt(20) == 0 ? -50 : random.nextInt(3);
        String key = "k" + random.nextInt(10);
        int action = random.nextInt(10);
        if (action < 6 || action == 9) {
          boolean isSwept = action == 9;
          long firstMs = isSwept ? nowMs - 100 : nowMs;
          if (plain.containsKey(key)) {
            plain.get(key)[0] = Math.min(plain.get(key)[0], isSwept ? firstMs : Long.MAX_VALUE);
          } else if (plain.size() < 8) {
            plain.put(key, new long[] {firstMs});
          } else {
            overflowMs = Math.min(overflowMs, firstMs);
          }
          if (isSwept) {
            some.addEarlier(key, new DirtyKeys.Change(firstMs, nowMs, true));
          } else {
            some.mark(key, nowMs);
          }
        } else {
          Iterator<Map.Entry<String, DirtyKeys.Change>> all = some.iterator();
          while (all.hasNext()) {
            Map.Entry<String, DirtyKeys.Change> each = all.next();
            assertEquals(plain.get(each.getKey())[0], each.getValue().firstMs);
            if (random.nextBoolean()) {
              all.remove();
              plain.remove(each.getKey());
            }
          }
        }
        long oldestMs = overflowMs;
        for (long[] each : plain.values()) {
          oldestMs = Math.min(oldestMs, each[0]);
        }
        assertEquals(oldestMs, some.oldestMs());
        assertEquals(plain.size(), some.size());
      }
    }
  }

  @Test
  void savedChangesAreReadAgain() throws IOException {
    SavedProfiles saved = new SavedProfiles(7, true);
    saved.add("khoá \uD83D\uDE00", new DirtyKeys.Change(1, 2, false));
    SavedProfiles read = SavedProfiles.of(saved.toBytes());
    assertEquals(7, read.epochMs);
    assertTrue(read.isSweeping);
    assertEquals(2, read.changes.get("khoá \uD83D\uDE00").lastMs());
  }

  @Test
  void aBudgetIsUsedUpAndFillsWithTime() {
    TimeBudget budget = new TimeBudget(0.1, 50, 0);
    budget.spend(60);
    assertEquals(100, budget.waitNanos(0));
    assertEquals(0, budget.waitNanos(100));
    assertEquals(50, budget.leftNanos(10_000));
  }
}
