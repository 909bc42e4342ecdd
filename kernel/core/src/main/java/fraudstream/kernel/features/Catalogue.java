package fraudstream.kernel.features;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.EventHash;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.HashKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The feature catalogue in executable form.
 *
 * <p>A transaction's features are computed in three stages: {@link #begin} computes those that need
 * only its own fields, the {@link #windows} of each entity theirs, and {@link #finish} the row
 * features that depend on windows.
 */
public final class Catalogue {
  private final List<Feature> features;
  private final int width;
  private final ColumnTable columns;
  private final List<RowStep> atBegin;
  private final List<RowStep> atEnd;
  private final Map<Entity, List<WindowSpec>> windows;

  /** The name of a feature and its position in the feature vector. */
  public static final class Feature {
    public final String name;
    public final int offset;

    /** For {@link WindowSpec.Statistic#LAST_N}, the maximum number of triples; else 0. */
    public final int triples;

    /** The entity of a window feature; null for a row feature. */
    public final Entity entity;

    Feature(String name, int offset, int triples, Entity entity) {
      this.name = name;
      this.offset = offset;
      this.triples = triples;
      this.entity = entity;
    }
  }

  private static final class RowStep {
    final RowFeature feature;
    final int offset;

    RowStep(RowFeature feature, int offset) {
      this.feature = feature;
      this.offset = offset;
    }
  }

  private Catalogue(Builder builder) {
    features = List.copyOf(builder.features);
    width = builder.width;
    columns = builder.columns;
    atBegin = List.copyOf(builder.atBegin);
    atEnd = List.copyOf(builder.atEnd);
    windows = builder.windows;
  }

  /** Reads {@code {"features": [...]}}, validated by {@code fraudstream/domain/catalogue.py}. */
  public static Catalogue fromJson(String json) {
    JsonNode specs;
    try {
      specs = new ObjectMapper().readTree(json).path("features");
    } catch (JsonProcessingException problem) {
      throw new IllegalArgumentException("the catalogue is not JSON", problem);
    }
    Builder builder = new Builder();
    specs.forEach(builder::add);
    return new Catalogue(builder);
  }

  public List<Feature> features() {
    return features;
  }

  /** The length of the feature vector. */
  public int width() {
    return width;
  }

  /** The entities that have a step, in its order: the account, and those with a window. */
  public List<Entity> entities() {
    return List.copyOf(windows.keySet());
  }

  /**
   * The windows of one entity; those of the account also recognise copies of transactions.
   *
   * @param toleranceMs the most by which event times of a live job may be ahead of their arrival;
   *     shared entities keep as much more, in batch mode too, so that both have the same features
   */
  public EntityWindows windows(Entity entity, long allowedLatenessMs, long toleranceMs) {
    boolean recognisesCopies = entity == Entity.ACCOUNT_ID;
    return new EntityWindows(
        entity,
        windows.get(entity),
        recognisesCopies,
        allowedLatenessMs,
        toleranceMs,
        Limits.PRODUCTION);
  }

  /** The hash of events with that key, to be set between {@link #begin} and the windows. */
  public EventHash hash(HashKey key) {
    return new EventHash(key, columns.textPlaces());
  }

  /**
   * Sets the words of an event's numbers and the features that need only the transaction's own
   * fields.
   */
  public void begin(Fields fields, Event event) {
    double[] vector = new double[width];
    Arrays.fill(vector, Double.NaN);
    for (RowStep step : atBegin) {
      vector[step.offset] = step.feature.value(fields, vector);
    }
    event.features = vector;
    event.words = columns.words(fields, vector);
  }

  /** Computes the row features that depend on windows, directly or indirectly. */
  public void finish(Event event) {
    for (RowStep step : atEnd) {
      event.features[step.offset] = step.feature.value(null, event.features);
    }
  }

  private static final class Builder {
    private static final String TRANSACTION = "transaction";

    final List<Feature> features = new ArrayList<>();
    final ColumnTable columns = new ColumnTable();
    final List<RowStep> atBegin = new ArrayList<>();
    final List<RowStep> atEnd = new ArrayList<>();
    final Map<Entity, List<WindowSpec>> windows = new EnumMap<>(Entity.class);
    private final Map<String, Integer> offsets = new TreeMap<>();
    private final Map<Integer, Boolean> isOfTheRow = new TreeMap<>();
    int width;

    Builder() {
      windows.put(Entity.ACCOUNT_ID, new ArrayList<>());
    }

    void add(JsonNode spec) {
      String name = Specs.text(spec, "name");
      int offset = width;
      int triples = 0;
      Entity entity = null;
      if (Specs.text(spec, "entity").equals(TRANSACTION)) {
        addRow(spec, name, offset);
        width++;
      } else {
        WindowSpec window = WindowSpecs.read(spec, columns, offset);
        entity = Specs.entity(spec);
        windows.computeIfAbsent(entity, unused -> new ArrayList<>()).add(window);
        isOfTheRow.put(offset, false);
        triples = window.n;
        width += window.width();
      }
      offsets.put(name, offset);
      features.add(new Feature(name, offset, triples, entity));
    }

    private void addRow(JsonNode spec, String name, int offset) {
      RowFeature feature = new RowFeature(spec, offsets);
      boolean ofTheRow = true;
      for (int of : feature.of()) {
        ofTheRow &= isOfTheRow.get(of);
      }
      isOfTheRow.put(offset, ofTheRow);
      (ofTheRow ? atBegin : atEnd).add(new RowStep(feature, offset));
      if (ofTheRow) {
        columns.offer(name, spec, offset);
      }
    }
  }
}
