package fraudstream.kernel.stream;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import org.apache.flink.api.java.functions.KeySelector;

/**
 * The key of an entity's step: its id.
 *
 * <p>What the step has no state for (no id, or a duplicate) is dealt out over many keys, so that it
 * doesn't pile up behind one. It touches no state, so an id of the same name would come to no harm.
 */
final class EntityKey implements KeySelector<Event, String> {
  private static final long serialVersionUID = 1L;

  /** More than the most slots that anyone has. */
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

  /** Whether the entity's step lets an event through untouched. */
  static boolean passes(Event event, Entity entity) {
    return event.kind == Event.Kind.DUPLICATE || event.ids[entity.ordinal()] == null;
  }
}
