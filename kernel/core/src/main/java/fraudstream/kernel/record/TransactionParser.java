package fraudstream.kernel.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;

/**
 * Parses and validates the JSON record of a transaction.
 *
 * <p>Unknown fields are ignored. Absent and null optional fields are null.
 */
public final class TransactionParser {
  /**
   * The largest amount, about forty trillion US dollars. A larger one is a mistake. One that the
   * model's 32-bit floats can't represent would also leave its account without scores for as long
   * as it is in a window.
   */
  static final double MAX_AMOUNT_VND = 1e18;

  private static final Column[] COLUMNS = Column.values();

  private final JsonFactory json =
      JsonFactory.builder().enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER).build();
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
        fields.set(column, FieldReader.text(parser, token, name, column.required));
        break;
      case TIME:
        fields.timeMs = FieldReader.timeMs(parser, token, name);
        break;
      case NUMBER:
        boolean isAmount = column == Column.TRANSACTION_AMOUNT_VND;
        Refusal infinite = isAmount ? Refusal.INVALID_AMOUNT : Refusal.INVALID_VALUE;
        fields.set(column, FieldReader.number(parser, token, name, infinite));
        break;
      default:
        fields.set(column, FieldReader.flag(parser, token, name) ? 1 : 0);
    }
  }

  private void check(long arrivalMs) throws RefusedException {
    for (Column column : COLUMNS) {
      if (column.required && fields.isNull(column)) {
        throw FieldReader.missing(column.fieldName, "transaction");
      }
    }
    double amountVnd = fields.number(Column.TRANSACTION_AMOUNT_VND);
    if (amountVnd <= 0 || amountVnd > MAX_AMOUNT_VND) {
      throw new RefusedException(
          Refusal.INVALID_AMOUNT,
          Column.TRANSACTION_AMOUNT_VND.fieldName
              + " is "
              + amountVnd
              + "; it must be above 0, and at most "
              + MAX_AMOUNT_VND);
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
