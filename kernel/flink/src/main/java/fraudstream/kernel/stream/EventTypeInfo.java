package fraudstream.kernel.stream;

import fraudstream.kernel.record.Event;
import org.apache.flink.api.common.ExecutionConfig;
import org.apache.flink.api.common.serialization.SerializerConfig;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeutils.TypeSerializer;

/** Flink type information of events; selects {@link EventSerializer}. */
final class EventTypeInfo extends TypeInformation<Event> {
  static final EventTypeInfo EVENT = new EventTypeInfo();

  private static final long serialVersionUID = 1L;

  private EventTypeInfo() {}

  @Override
  public boolean isBasicType() {
    return false;
  }

  @Override
  public boolean isTupleType() {
    return false;
  }

  @Override
  public int getArity() {
    return 1;
  }

  @Override
  public int getTotalFields() {
    return 1;
  }

  @Override
  public Class<Event> getTypeClass() {
    return Event.class;
  }

  @Override
  public boolean isKeyType() {
    return false;
  }

  @Override
  public TypeSerializer<Event> createSerializer(SerializerConfig config) {
    return EventSerializer.INSTANCE;
  }

  /** Required by Flink 1.20. No {@code @Override}, as Flink 2 has only the other overload. */
  @SuppressWarnings("deprecation")
  public TypeSerializer<Event> createSerializer(ExecutionConfig config) {
    return EventSerializer.INSTANCE;
  }

  @Override
  public String toString() {
    return "Event";
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof EventTypeInfo;
  }

  @Override
  public int hashCode() {
    return EventTypeInfo.class.hashCode();
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof EventTypeInfo;
  }
}
