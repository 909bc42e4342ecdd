package fraudstream.kernel.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Parses and validates the JSON record of a transaction.
 *
 * <p>Unknown fields are ignored. Absent and null optional fields are null.
 */
public final class TransactionParser {
  private static final Column[] REQUIRED =
      Column.OF_RECORDS.stream().filter(column -> column.required).toArray(Column[]::new);
  private static final Column[] NUMBERS =
      Column.OF_RECORDS.stream().filter(column -> column.range != null).toArray(Column[]::new);

  private final JsonFactory json = FieldReader.jsonFactory();
  private final Fields fields = new Fields();
  private final int maxRecordBytes;
  private final long futureToleranceMs;

  /**
   * @param maxRecordBytes the maximum record size; larger records are refused without parsing
   * @param futureToleranceMs the maximum (inclusive) by which an event time may be later than the
   *     arrival time; negative for no limit
   */
  public TransactionParser(int maxRecordBytes, long futureToleranceMs) {
    this.maxRecordBytes = maxRecordBytes;
    this.futureToleranceMs = futureToleranceMs;
  }

  /**
   * Parses {@code raw}, which arrived in the stream at {@code arrivalMs} (epoch ms).
   *
   * @return the fields, in an instance that the next call overwrites
   * @throws RefusedException if the record is invalid
   */
  public Fields parse(byte[] raw, long arrivalMs) throws RefusedException {
    KplAggregate.refuseWhole(raw);
    if (raw.length > maxRecordBytes) {
      throw new RefusedException(
          Refusal.OVERSIZE,
          "record of " + raw.length + " bytes; at most " + maxRecordBytes + " are allowed");
    }
    FieldReader.checkUtf8(raw);
    fields.clear();
    try (JsonParser parser = json.createParser(raw)) {
      FieldReader.readObject(parser, this::field);
    } catch (IOException problem) {
      throw new RefusedException(Refusal.MALFORMED_JSON, String.valueOf(problem.getMessage()));
    }
    check(arrivalMs);
    return fields;
  }

  private void field(String name, JsonParser parser, JsonToken token)
      throws IOException, RefusedException {
    Column column = Column.named(name);
    if (column == null) {
      parser.skipChildren();
    } else if (token == JsonToken.VALUE_NULL) {
      fields.setNull(column);
    } else {
      set(column, parser, token);
    }
  }

  private void set(Column column, JsonParser parser, JsonToken token)
      throws IOException, RefusedException {
    String name = column.fieldName;
    switch (column.kind) {
      case TEXT:
        fields.set(column, FieldReader.text(parser, token, column));
        break;
      case TIME:
        fields.timeMs = FieldReader.timeMs(parser, token, name);
        break;
      case NUMBER:
        fields.set(column, FieldReader.number(parser, token, column));
        break;
      default:
        fields.set(column, FieldReader.flag(parser, token, name) ? 1 : 0);
    }
  }

  private void check(long arrivalMs) throws RefusedException {
    for (Column column : REQUIRED) {
      if (fields.isNull(column)) {
        throw FieldReader.missing(column.fieldName, "transaction");
      }
    }
    for (Column column : NUMBERS) {
      double value = fields.number(column);
      if (column.range.excludes(value)) {
        throw FieldReader.outOfRange(column, String.valueOf(value));
      }
    }
    long aheadMs = fields.timeMs - arrivalMs;
    if (futureToleranceMs >= 0 && aheadMs > futureToleranceMs) {
      throw new RefusedException(
          Refusal.FUTURE_TIME,
          Column.EVENT_TIME.fieldName
              + " is "
              + aheadMs
              + " ms after the record's arrival; at most "
              + futureToleranceMs
              + " are allowed: check the sender's clock");
    }
  }
}
