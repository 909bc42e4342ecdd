package fraudstream.kernel;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.binary.BinaryStringData;

/** A feature of the transaction itself, or of features that come before it in the catalogue. */
final class RowFeature {
  private enum Statistic {
    /** A number as it is, a flag as 1 or 0. */
    VALUE,
    /** The hour of the day in Vietnam, 0 to 23. */
    HOUR,
    /** 1 if that hour lies in [from_hour, to_hour), which may go over midnight. */
    HOUR_BETWEEN,
    /** 1 on Saturday and Sunday in Vietnam. */
    WEEKEND,
    ABOVE,
    AT_LEAST,
    STARTS_WITH,
    /** A number by another one; null if that is 0. */
    RATIO,
    /** 1 if one of the features is 1; else null if one is null; else 0. */
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
  private final BinaryStringData prefix;
  private final int fromHour;
  private final int toHour;

  /** @param positions where each feature that comes before this one stands in the catalogue */
  RowFeature(JsonNode spec, Map<String, Integer> positions) {
    statistic = Specs.constant(Statistic.class, spec);
    column = spec.hasNonNull("column") ? Specs.column(spec, "column") : null;
    denominator =
        statistic == Statistic.RATIO ? Specs.column(spec, "denominator") : null;
    of = Specs.positions(spec, positions);
    boolean compares = statistic == Statistic.ABOVE || statistic == Statistic.AT_LEAST;
    threshold = compares ? Specs.number(spec, "threshold") : 0;
    prefix =
        statistic == Statistic.STARTS_WITH
            ? BinaryStringData.fromBytes(
                Specs.text(spec, "prefix").getBytes(StandardCharsets.UTF_8))
            : null;
    boolean between = statistic == Statistic.HOUR_BETWEEN;
    fromHour = between ? (int) Specs.number(spec, "from_hour") : 0;
    toHour = between ? (int) Specs.number(spec, "to_hour") : 0;
    checkOperand(spec);
  }

  private void checkOperand(JsonNode spec) {
    boolean fits;
    switch (statistic) {
      case VALUE:
        fits = column != null && column.kind != Column.Kind.TEXT && column.kind != Column.Kind.TIME;
        break;
      case RATIO:
        fits = column != null && column.kind == Column.Kind.NUMBER
            && denominator.kind == Column.Kind.NUMBER;
        break;
      case STARTS_WITH:
        fits = column != null && column.kind == Column.Kind.TEXT;
        break;
      case ABOVE:
      case AT_LEAST:
        fits = column == null ? of.length == 1 : column.kind == Column.Kind.NUMBER;
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

  /** The value for {@code transaction}; {@code features} holds those that come before. */
  double value(RowData transaction, double[] features) {
    switch (statistic) {
      case VALUE:
        return number(transaction, column);
      case HOUR:
        return hour(transaction);
      case HOUR_BETWEEN:
        return flag(isBetween(hour(transaction)));
      case WEEKEND:
        return flag(dayOfWeek(transaction) >= SATURDAY);
      case ABOVE:
        double above = operand(transaction, features);
        return Double.isNaN(above) ? above : flag(above > threshold);
      case AT_LEAST:
        double atLeast = operand(transaction, features);
        return Double.isNaN(atLeast) ? atLeast : flag(atLeast >= threshold);
      case STARTS_WITH:
        return transaction.isNullAt(column.ordinal())
            ? Double.NaN
            : flag(((BinaryStringData) transaction.getString(column.ordinal())).startsWith(prefix));
      case RATIO:
        double divisor = number(transaction, denominator);
        return divisor == 0 ? Double.NaN : number(transaction, column) / divisor;
      default:
        return any(features);
    }
  }

  private double operand(RowData transaction, double[] features) {
    return column == null ? features[of[0]] : number(transaction, column);
  }

  private double any(double[] features) {
    double result = 0;
    for (int position : of) {
      if (features[position] == 1) {
        return 1;
      }
      if (Double.isNaN(features[position])) {
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

  private static int hour(RowData transaction) {
    long hours = Math.floorDiv(localMs(transaction), TimeUnit.HOURS.toMillis(1));
    return (int) Math.floorMod(hours, (long) HOURS_PER_DAY);
  }

  private static int dayOfWeek(RowData transaction) {
    long days = Math.floorDiv(localMs(transaction), TimeUnit.DAYS.toMillis(1));
    return (int) Math.floorMod(days + EPOCH_DAY_OF_WEEK, (long) DAYS_PER_WEEK);
  }

  private static long localMs(RowData transaction) {
    return transaction.getLong(Column.EVENT_TIME.ordinal()) + VIETNAM_OFFSET_MS;
  }

  private static double number(RowData transaction, Column column) {
    int field = column.ordinal();
    if (transaction.isNullAt(field)) {
      return Double.NaN;
    }
    return column.kind == Column.Kind.FLAG
        ? flag(transaction.getBoolean(field))
        : transaction.getDouble(field);
  }

  private static double flag(boolean value) {
    return value ? 1 : 0;
  }
}
