package fraudstream.kernel.features;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Column;
import fraudstream.kernel.record.EventHash;
import fraudstream.kernel.record.Fields;
import fraudstream.kernel.record.Hash64;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The distinct columns that the windows of all entities use. */
final class ColumnTable {
  /** The bit that marks the id of a row feature; the ids of fields are small numbers. */
  private static final long DERIVED = Long.MIN_VALUE;

  private final List<WindowColumn> columns = new ArrayList<>();
  private final List<Column> fields = new ArrayList<>();
  private final List<Integer> offsets = new ArrayList<>();
  private final Map<String, Integer> rowFeatures = new TreeMap<>();
  private final Map<String, JsonNode> meanings = new TreeMap<>();

  /** Makes a row feature available as a column. */
  void offer(String name, JsonNode spec, int offset) {
    rowFeatures.put(name, offset);
    meanings.put(name, Specs.meaning(spec, meanings));
  }

  /** The column of that name: a field of the transaction, or an earlier row feature. */
  WindowColumn named(JsonNode spec, String name) {
    Column field = Column.ofFeature(name);
    if (field != null && field.isMetadata && field.kind == Column.Kind.TEXT) {
      // Texts are hashed from the record's contents, of which metadata are no part.
      throw Specs.wrong(spec, "column can't be a text of the metadata; use a 'code' of it");
    }
    if (field != null) {
      return of(field);
    }
    Integer offset = rowFeatures.get(name);
    if (offset == null) {
      throw Specs.wrong(spec, "column must be a field, or an earlier transaction feature");
    }
    byte[] meaning = meanings.get(name).toString().getBytes(StandardCharsets.UTF_8);
    long id = Hash64.of(meaning) | DERIVED;
    return column(id, false, null, offset);
  }

  WindowColumn of(Column field) {
    return column(field.ordinal(), field.kind == Column.Kind.TEXT, field, -1);
  }

  private WindowColumn column(long id, boolean isText, Column field, int offset) {
    for (WindowColumn known : columns) {
      if (known.id == id) {
        return known;
      }
    }
    WindowColumn column = new WindowColumn(id, isText, columns.size());
    columns.add(column);
    fields.add(field);
    offsets.add(offset);
    return column;
  }

  /** For each field, the index of its text's word; {@link EventHash#UNUSED} if it has none. */
  int[] textPlaces() {
    int[] places = new int[Column.COUNT];
    Arrays.fill(places, EventHash.UNUSED);
    for (WindowColumn column : columns) {
      if (column.isText) {
        places[fields.get(column.place).ordinal()] = column.place;
      }
    }
    return places;
  }

  /** The words of all columns; those of texts are 0 until {@link EventHash} sets them. */
  long[] words(Fields values, double[] features) {
    long[] words = new long[columns.size()];
    for (int i = 0; i < words.length; i++) {
      Column field = fields.get(i);
      words[i] =
          field == null
              ? Double.doubleToRawLongBits(features[offsets.get(i)] + 0.0)
              : word(values, field);
    }
    return words;
  }

  private static long word(Fields values, Column field) {
    switch (field.kind) {
      case TEXT:
        return 0;
      case TIME:
        return Double.doubleToRawLongBits(values.timeMs);
      default:
        return Double.doubleToRawLongBits(values.number(field));
    }
  }
}
