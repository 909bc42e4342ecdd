package fraudstream.kernel.stream;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import org.apache.flink.api.java.functions.KeySelector;

/**
 * The key selector of an entity's step: the entity's id.
 *
 * <p>Events that the step only passes on (without an id, or duplicates) are spread over many keys,
 * to avoid a hot key. They don't access state, so a real id equal to such a key is not affected.
 */
final class EntityKey implements KeySelector<Event, String> {
  private static final long serialVersionUID = 1L;

  /** More than the slots of any expected cluster. */
  private static final int PASSING_KEYS = 4_096;

  private static final String[] PASSING = new String[PASSING_KEYS];

  static {
    for (int i = 0; i < PASSING_KEYS; i++) {
      PASSING[i] = "passing " + i;
    }
  }

  private final Entity entity;

  EntityKey(Entity entity) {
    this.entity = entity;
  }

  @Override
  public String getKey(Event event) {
    return passes(event, entity)
        ? PASSING[(int) Math.floorMod(event.idHash, (long) PASSING_KEYS)]
        : event.ids[entity.ordinal()];
  }

  /** Whether the entity's step passes an event on unchanged. */
  static boolean passes(Event event, Entity entity) {
    return event.kind == Event.Kind.DUPLICATE || event.ids[entity.ordinal()] == null;
  }
}
