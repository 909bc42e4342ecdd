package fraudstream.kernel.features;

import static fraudstream.kernel.features.Catalogues.row;
import static fraudstream.kernel.features.Catalogues.spec;
import static fraudstream.kernel.record.Records.fields;
import static fraudstream.kernel.record.Records.utf8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Column;
import fraudstream.kernel.record.EventHash;
import fraudstream.kernel.record.Hash64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ColumnTableTest {
  private static final JsonNode WINDOW = spec("{'name':'w'}");

  private final ColumnTable table = new ColumnTable();

  /** The id of the last of these row features in saved state. */
  private static long idOf(String... features) {
    ColumnTable columns = new ColumnTable();
    String name = "";
    for (int i = 0; i < features.length; i++) {
      JsonNode feature = spec(features[i]);
      name = feature.get("name").textValue();
      columns.offer(name, feature, i);
    }
    return columns.named(WINDOW, name).id;
  }

  // ---- column ids in saved state ----

  @ParameterizedTest
  @EnumSource
  void aFieldIsKnownByItsPlaceAmongTheColumns(Column field) {
    if (field == Column.CUSTOMER_SEGMENT) {
      String segment = field.fieldName;
      assertThrows(IllegalArgumentException.class, () -> table.named(WINDOW, segment));
      return;
    }
    WindowColumn column = table.named(WINDOW, field.fieldName);
    assertEquals(field.ordinal(), column.id);
    assertEquals(field.kind == Column.Kind.TEXT, column.isText);
  }

  /** Saved state contains these ids: if this test fails, histories lose the columns' values. */
  @Test
  void aDerivedColumnIsKnownByTheHashOfWhatItMeans() {
    String spec = "{\"entity\":\"transaction\",\"statistic\":\"hour\"}";
    assertEquals(Hash64.of(utf8(spec)) | Long.MIN_VALUE, idOf(row("h", "hour", "")));
    assertEquals(
        Hash64.of(
                utf8(
                    "{\"entity\":\"transaction\",\"statistic\":\"above\",\"of\":["
                        + spec
                        + "],\"threshold\":3.0}"))
            | Long.MIN_VALUE,
        idOf(row("h", "hour", ""), row("f", "above", "'of':['h'],'threshold':3.0")));
  }

  @Test
  void aNameIsNoPartOfTheMeaningNotEvenThatOfAFeatureReferredTo() {
    assertEquals(idOf(row("a", "hour", "")), idOf(row("b", "hour", "")));
    assertEquals(
        idOf(row("a", "hour", ""), row("x", "above", "'of':['a'],'threshold':3")),
        idOf(
            row("other", "weekend", ""),
            row("b", "hour", ""),
            row("y", "above", "'of':['b'],'threshold':3")));
  }

  @Test
  void differentMeaningsHaveDifferentIdsAndNoneIsThatOfAField() {
    List<Long> ids =
        List.of(
            idOf(row("f", "hour", "")),
            idOf(row("f", "weekend", "")),
            idOf(row("f", "value", "'column':'latitude'")),
            idOf(row("f", "value", "'column':'longitude'")),
            idOf(row("f", "above", "'column':'latitude','threshold':3")),
            idOf(row("f", "above", "'column':'latitude','threshold':4")),
            idOf(row("f", "at_least", "'column':'latitude','threshold':3")),
            idOf(row("h", "hour", ""), row("f", "above", "'of':['h'],'threshold':3")),
            idOf(row("h", "weekend", ""), row("f", "above", "'of':['h'],'threshold':3")),
            idOf(row("f", "code", "'column':'city','values':['a','b']")),
            idOf(row("f", "code", "'column':'city','values':['b','a']")));
    Set<Long> different = new HashSet<>(ids);
    assertEquals(ids.size(), different.size(), ids.toString());
    assertTrue(different.stream().allMatch(id -> id < 0), ids.toString());
  }

  // ---- columns are shared ----

  @Test
  void aColumnIsThereOnceHoweverManyWindowsLookAtIt() {
    table.offer("h", spec(row("h", "hour", "")), 4);
    table.offer("same", spec(row("same", "hour", "")), 5);
    WindowColumn amount = table.of(Column.TRANSACTION_AMOUNT_VND);
    WindowColumn device = table.of(Column.DEVICE_ID);
    WindowColumn hour = table.named(WINDOW, "h");
    assertSame(amount, table.named(WINDOW, "transaction_amount_vnd"));
    assertSame(device, table.of(Column.DEVICE_ID));
    assertSame(hour, table.named(WINDOW, "same"), "it computes the same");
    assertEquals(List.of(0, 1, 2), List.of(amount.place, device.place, hour.place));
  }

  @Test
  void aFieldsNameWinsOverThatOfAFeature() {
    table.offer("latitude", spec(row("latitude", "hour", "")), 0);
    assertEquals(Column.LATITUDE.ordinal(), table.named(WINDOW, "latitude").id);
  }

  @Test
  void aNameThatIsNoColumnIsRefusedWithTheSpecThatAsksForIt() {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> table.named(WINDOW, "is_fraud"));
    assertEquals(
        "feature {\"name\":\"w\"}: column must be a field, or an earlier transaction feature",
        refused.getMessage());
  }

  // ---- words ----

  private static long bits(double value) {
    return Double.doubleToRawLongBits(value);
  }

  @Test
  void aWordIsTheBitsOfANumberAndThatOfATextIsLeftToTheHash() {
    table.offer("f", spec(row("f", "hour", "")), 1);
    table.named(WINDOW, "latitude");
    table.named(WINDOW, "city");
    table.named(WINDOW, "npl_flag");
    table.named(WINDOW, "event_time");
    table.named(WINDOW, "f");
    assertArrayEquals(
        new long[] {bits(-2.5), 0, bits(1), bits(7_000), bits(23)},
        table.words(
            fields("latitude", -2.5, "city", "Huế", "npl_flag", true, "event_time", 7_000L),
            new double[] {5, 23}));
    int[] places = table.textPlaces();
    for (Column column : Column.values()) {
      int place = column == Column.CITY ? 1 : EventHash.UNUSED;
      assertEquals(place, places[column.ordinal()], column.fieldName);
    }
  }

  @Test
  void whatIsAbsentHasTheWordThatItsColumnHasForNull() {
    table.offer("f", spec(row("f", "value", "'column':'longitude'")), 0);
    WindowColumn[] columns = {
      table.named(WINDOW, "latitude"),
      table.named(WINDOW, "city"),
      table.named(WINDOW, "npl_flag"),
      table.named(WINDOW, "f")
    };
    long[] words = table.words(fields(), new double[] {Double.NaN});
    for (WindowColumn column : columns) {
      assertEquals(column.nullWord(), words[column.place]);
    }
  }

  /** Windows compare values by their bits. */
  @Test
  void bothZerosAndAllNullsHaveOneWord() {
    table.offer("f", spec(row("f", "hour", "")), 0);
    table.named(WINDOW, "latitude");
    table.named(WINDOW, "f");
    long[] zeros = table.words(fields("latitude", -0.0), new double[] {-0.0});
    assertArrayEquals(new long[] {0, 0}, zeros);
    assertNotEquals(0, table.words(fields(), new double[] {Double.NaN})[0]);
  }
}
