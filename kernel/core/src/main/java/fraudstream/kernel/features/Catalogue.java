package fraudstream.kernel.features;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Fields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The list of features, made ready to run.
 *
 * <p>A transaction goes through it in three parts: {@link #begin} where its fields are at hand, the
 * {@link #windows} of each entity, and {@link #finish} for what depends on windows.
 */
public final class Catalogue {
  private final List<Feature> features;
  private final int width;
  private final ColumnTable columns;
  private final List<RowStep> atBegin;
  private final List<RowStep> atEnd;
  private final Map<Entity, List<WindowSpec>> windows;

  /** A feature's name and its places in the vector. */
  public static final class Feature {
    public final String name;
    public final int offset;

    /** How many triples of {@link WindowSpec.Statistic#LAST_N} it is at most; 0 for a single number. */
    public final int triples;

    /** The entity whose window it is; null for a feature of the row. */
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

  /** Reads {@code {"features": [...]}}, which {@code fraudstream/domain/catalogue.py} has checked. */
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

  /** How many numbers the vector has. */
  public int width() {
    return width;
  }

  /** The entities that have a step: the account, and those with a window, in the order of the steps. */
  public List<Entity> entities() {
    return List.copyOf(windows.keySet());
  }

  /** The windows of one entity; the account's also remembers the ids of its transactions. */
  public EntityWindows windows(Entity entity, long allowedLatenessMs) {
    boolean rememberIds = entity == Entity.ACCOUNT_ID;
    return new EntityWindows(entity, windows.get(entity), rememberIds, allowedLatenessMs);
  }

  /** Makes an event of a transaction's fields, with the features that look at no other transaction. */
  public void begin(Fields fields, Event event) {
    double[] vector = new double[width];
    Arrays.fill(vector, Double.NaN);
    for (RowStep step : atBegin) {
      vector[step.offset] = step.feature.value(fields, vector);
    }
    event.features = vector;
    event.words = columns.words(fields, vector);
  }

  /** Computes the features that depend on windows. */
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
