package fraudstream.kernel.profiles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
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
