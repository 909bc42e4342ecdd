package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EntityKeyTest {
  private static final int EVENTS = 20_000;
  private static final int KEY_GROUPS = 128;

  private static Event event(Entity entity, String id) {
    Event event = Records.transaction("T1", "A1", 0);
    event.ids[entity.ordinal()] = id;
    return event;
  }

  @ParameterizedTest
  @EnumSource
  void aTransactionAndItsLabelHaveTheIdOfTheEntityAsTheirKey(Entity entity) {
    Event transaction = event(entity, "X");
    Event label = Records.labelOf(transaction, 1);
    assertEquals("X", new EntityKey(entity).getKey(transaction));
    assertEquals("X", new EntityKey(entity).getKey(label));
    assertFalse(EntityKey.passes(transaction, entity));
    assertFalse(EntityKey.passes(label, entity));
  }

  /** Asserts that such events use many keys: one key would keep one task busy and others idle. */
  private static void assertSpread(Entity entity, UnaryOperator<Event> change) {
    EntityKey selector = new EntityKey(entity);
    Set<String> keys = new HashSet<>();
    int[] ofGroup = new int[KEY_GROUPS];
    for (int i = 0; i < EVENTS; i++) {
      Event event = change.apply(Records.transaction("T" + i, "A1", 0));
      assertTrue(EntityKey.passes(event, entity));
      String key = selector.getKey(event);
      assertEquals(key, selector.getKey(event), "a key never changes");
      keys.add(key);
      ofGroup[KeyGroupRangeAssignment.assignToKeyGroup(key, KEY_GROUPS)]++;
    }
    assertTrue(keys.size() > 2_000, keys.size() + " keys");
    for (int count : ofGroup) {
      int fair = EVENTS / KEY_GROUPS;
      assertTrue(count > fair / 4 && count < fair * 4, count + " in a group, not about " + fair);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ACCOUNT_ID")
  void whatHasNoIdIsDealtOutOverManyKeys(Entity entity) {
    assertSpread(entity, event -> event);
    assertSpread(entity, event -> Records.labelOf(event, 1));
  }

  @ParameterizedTest
  @EnumSource
  void duplicatesAreDealtOutOverManyKeysThoughTheyHaveAnId(Entity entity) {
    assertSpread(
        entity,
        event -> {
          event.kind = Event.Kind.DUPLICATE;
          event.ids[entity.ordinal()] = "X";
          return event;
        });
  }

  @Test
  void anyHashHasAKey() {
    for (long hash : new long[] {0, -1, 1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      Event event = Records.transaction("T1", "A1", 0);
      event.idHash = hash;
      assertTrue(new EntityKey(Entity.DEVICE_ID).getKey(event).startsWith("passing "));
    }
  }

  @Test
  void theSelectorTravelsToTheWorkers() throws IOException, ClassNotFoundException {
    EntityKey there = InstantiationUtil.clone(new EntityKey(Entity.DEVICE_ID));
    assertEquals("D", there.getKey(event(Entity.DEVICE_ID, "D")));
  }
}
