package fraudstream.kernel.features;

import fraudstream.kernel.features.WindowSpec.Statistic;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;

/** Columns, windows and transactions for tests. */
final class Windows {
  static final WindowColumn AMOUNT = new WindowColumn(3, false, 0);
  static final WindowColumn FEE = new WindowColumn(7, false, 1);
  static final WindowColumn DEVICE = new WindowColumn(14, true, 2);
  static final WindowColumn MERCHANT = new WindowColumn(9, true, 3);
  static final WindowColumn LATITUDE = new WindowColumn(12, false, 4);
  static final WindowColumn LONGITUDE = new WindowColumn(13, false, 5);
  static final int COLUMNS = 6;

  private Windows() {}

  static WindowSpec spec(
      Statistic statistic, List<WindowColumn> columns, long windowMs, long delayMs, int offset) {
    return new WindowSpec(statistic, columns, windowMs, delayMs, 0, offset);
  }

  static WindowSpec count(long windowMs, long delayMs, int offset) {
    return spec(Statistic.COUNT, List.of(), windowMs, delayMs, offset);
  }

  static WindowSpec of(Statistic statistic, WindowColumn column, long windowMs, int offset) {
    return spec(statistic, List.of(column), windowMs, 0, offset);
  }

  static WindowSpec last(int n, WindowColumn other, long windowMs, int offset) {
    return new WindowSpec(Statistic.LAST_N, List.of(AMOUNT, other), windowMs, 0, n, offset);
  }

  /** The length of the feature vector that these windows need. */
  static int width(List<WindowSpec> specs) {
    return specs.stream().mapToInt(spec -> spec.offset + spec.width()).max().orElse(0);
  }

  static EntityWindows account(List<WindowSpec> specs, long latenessMs, Limits limits) {
    return new EntityWindows(Entity.ACCOUNT_ID, specs, true, latenessMs, 0, limits);
  }

  /** The windows of a merchant, which accounts share. */
  static EntityWindows merchant(
      List<WindowSpec> specs, long latenessMs, long toleranceMs, Limits limits) {
    return new EntityWindows(Entity.MERCHANT_ID, specs, false, latenessMs, toleranceMs, limits);
  }

  /** A transaction with an amount; all other columns are null. */
  static Event transaction(long timeMs, long idHash, double amount, int width) {
    Event event = new Event();
    event.timeMs = timeMs;
    event.idHash = idHash;
    event.words = new long[COLUMNS];
    event.features = new double[width];
    for (WindowColumn column : List.of(FEE, DEVICE, MERCHANT, LATITUDE, LONGITUDE)) {
      event.words[column.place] = column.nullWord();
    }
    return with(event, AMOUNT, amount);
  }

  static Event with(Event event, WindowColumn column, double number) {
    event.words[column.place] = Double.doubleToRawLongBits(number);
    return event;
  }

  static Event withText(Event event, WindowColumn column, long hash) {
    event.words[column.place] = hash;
    return event;
  }

  static Event label(long timeMs, long idHash, boolean isFraud, long availableAtMs) {
    Event event = new Event();
    event.kind = Event.Kind.LABEL;
    event.timeMs = timeMs;
    event.idHash = idHash;
    event.isFraud = isFraud;
    event.availableAtMs = availableAtMs;
    return event;
  }

  static byte[] bytes(HistoryFormat format, History history) throws IOException {
    ByteArrayOutputStream target = new ByteArrayOutputStream();
    format.write(history, new DataOutputStream(target));
    return target.toByteArray();
  }

  static History history(HistoryFormat format, byte[] bytes) throws IOException {
    return format.read(new DataInputStream(new ByteArrayInputStream(bytes)));
  }
}
