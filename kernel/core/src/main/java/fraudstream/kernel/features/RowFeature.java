package fraudstream.kernel.features;

import com.fasterxml.jackson.databind.JsonNode;
import fraudstream.kernel.record.Column;
import fraudstream.kernel.record.Fields;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A row feature: computed from the transaction's own fields, or from earlier features. */
final class RowFeature {
  private enum Statistic {
    /** The number of a field; a flag as 1 or 0. */
    VALUE,
    /** The hour of the day in Vietnam, 0 to 23. */
    HOUR,
    /** 1 if the hour in Vietnam is in [from_hour, to_hour), which may span midnight; else 0. */
    HOUR_BETWEEN,
    /** 1 on Saturday and Sunday in Vietnam; else 0. */
    WEEKEND,
    ABOVE,
    AT_LEAST,
    AT_MOST,
    /** 1 if the value is in [low, high); else 0; null for null. */
    BETWEEN,
    EQUALS,
    STARTS_WITH,
    /** The position of the value in a list, from 1; the length plus 1 for any other value. */
    CODE,
    /** A number divided by another; null if the divisor is 0. */
    RATIO,
    /** 1 if any of the features is 1; otherwise null if any is null; otherwise 0. */
    ANY
  }

  /** Vietnam has no daylight saving time. */
  private static final long VIETNAM_OFFSET_MS = TimeUnit.HOURS.toMillis(7);

  private static final int HOURS_PER_DAY = 24;
  private static final int DAYS_PER_WEEK = 7;

  /** 1970-01-01 was a Thursday, the fourth day of a week that starts on Monday. */
  private static final int EPOCH_DAY_OF_WEEK = 3;

  private static final int SATURDAY = 5;

  private final Statistic statistic;
  private final Column column;
  private final Column denominator;
  private final int[] of;
  private final double threshold;
  private final double high;
  private final String text;
  private final List<String> values;
  private final int fromHour;
  private final int toHour;

  /** @param offsets the positions of all earlier features in the feature vector, by name */
  RowFeature(JsonNode spec, Map<String, Integer> offsets) {
    statistic = Specs.constant(Statistic.class, spec);
    column = spec.hasNonNull("column") ? Specs.column(spec, "column") : null;
    denominator = statistic == Statistic.RATIO ? Specs.column(spec, "denominator") : null;
    of = Specs.offsets(spec, offsets);
    boolean isRange = statistic == Statistic.BETWEEN;
    threshold = isRange ? Specs.number(spec, "low") : compares() ? Specs.number(spec, "threshold") : 0;
    high = isRange ? Specs.number(spec, "high") : 0;
    text = textOperand(spec);
    values = statistic == Statistic.CODE ? Specs.texts(spec, "values") : List.of();
    boolean between = statistic == Statistic.HOUR_BETWEEN;
    fromHour = between ? (int) Specs.number(spec, "from_hour") : 0;
    toHour = between ? (int) Specs.number(spec, "to_hour") : 0;
    checkOperand(spec);
  }

  private boolean compares() {
    return statistic == Statistic.ABOVE
        || statistic == Statistic.AT_LEAST
        || statistic == Statistic.AT_MOST;
  }

  private String textOperand(JsonNode spec) {
    switch (statistic) {
      case STARTS_WITH:
        return Specs.text(spec, "prefix");
      case EQUALS:
        return Specs.text(spec, "text");
      default:
        return null;
    }
  }

  private void checkOperand(JsonNode spec) {
    boolean fits;
    switch (statistic) {
      case VALUE:
        fits = column != null && isNumeric(column);
        break;
      case RATIO:
        fits = isNumber(column) && isNumber(denominator);
        break;
      case STARTS_WITH:
      case EQUALS:
      case CODE:
        fits = column != null && column.kind == Column.Kind.TEXT;
        break;
      case ABOVE:
      case AT_LEAST:
      case AT_MOST:
        fits = column == null ? of.length == 1 : isNumber(column);
        break;
      case BETWEEN:
        fits = isNumber(column);
        break;
      case ANY:
        fits = of.length > 0;
        break;
      default:
        fits = column == null && of.length == 0;
    }
    if (!fits) {
      throw Specs.wrong(spec, "statistic and operand don't fit together");
    }
  }

  private static boolean isNumeric(Column column) {
    return isNumber(column) || column.kind == Column.Kind.FLAG;
  }

  private static boolean isNumber(Column column) {
    return column != null && column.kind == Column.Kind.NUMBER;
  }

  /** The positions of the features that this one uses; empty if it uses the transaction. */
  int[] of() {
    return of;
  }

  /**
   * Computes the feature.
   *
   * @param fields the fields of the transaction; not used if {@link #of} is not empty
   * @param features the feature vector, with all earlier features computed
   */
  double value(Fields fields, double[] features) {
    switch (statistic) {
      case VALUE:
        return fields.number(column);
      case HOUR:
        return hour(fields.timeMs);
      case HOUR_BETWEEN:
        return flag(isBetween(hour(fields.timeMs)));
      case WEEKEND:
        return flag(dayOfWeek(fields.timeMs) >= SATURDAY);
      case STARTS_WITH:
      case EQUALS:
      case CODE:
        String found = fields.text(column);
        return found == null ? Double.NaN : ofText(found);
      case RATIO:
        double divisor = fields.number(denominator);
        return divisor == 0 ? Double.NaN : fields.number(column) / divisor;
      case ANY:
        return any(features);
      default:
        double operand = column == null ? features[of[0]] : fields.number(column);
        return Double.isNaN(operand) ? operand : flag(compare(operand));
    }
  }

  private boolean compare(double operand) {
    switch (statistic) {
      case ABOVE:
        return operand > threshold;
      case AT_LEAST:
        return operand >= threshold;
      case AT_MOST:
        return operand <= threshold;
      default:
        return operand >= threshold && operand < high;
    }
  }

  private double ofText(String found) {
    switch (statistic) {
      case STARTS_WITH:
        return flag(found.startsWith(text));
      case EQUALS:
        return flag(found.equals(text));
      default:
        int place = values.indexOf(found);
        return place < 0 ? values.size() + 1 : place + 1;
    }
  }

  private double any(double[] features) {
    double result = 0;
    for (int offset : of) {
      if (features[offset] == 1) {
        return 1;
      }
      if (Double.isNaN(features[offset])) {
        result = Double.NaN;
      }
    }
    return result;
  }

  private boolean isBetween(int hour) {
    return fromHour <= toHour
        ? hour >= fromHour && hour < toHour
        : hour >= fromHour || hour < toHour;
  }

  private static int hour(long timeMs) {
    long hours = Math.floorDiv(timeMs + VIETNAM_OFFSET_MS, TimeUnit.HOURS.toMillis(1));
    return (int) Math.floorMod(hours, (long) HOURS_PER_DAY);
  }

  private static int dayOfWeek(long timeMs) {
    long days = Math.floorDiv(timeMs + VIETNAM_OFFSET_MS, TimeUnit.DAYS.toMillis(1));
    return (int) Math.floorMod(days + EPOCH_DAY_OF_WEEK, (long) DAYS_PER_WEEK);
  }

  private static double flag(boolean value) {
    return value ? 1 : 0;
  }
}
