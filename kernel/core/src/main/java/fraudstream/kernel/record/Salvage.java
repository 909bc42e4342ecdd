package fraudstream.kernel.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;

/**
 * Reads what can be read of a refused transaction: its ids, event time and amount.
 *
 * <p>Only the first {@link #READ_BYTES} are read, up to the first syntax error
 * or the first byte that is not UTF-8. A field of a wrong
 * type or an invalid value is unknown.
 */
public final class Salvage {
  /** A record larger than this is refused by the default settings. */
  static final int READ_BYTES = 64 * 1024;

  // Unlimited, because the bytes are limited: an ignored field must not hide the ids behind it.
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNumberLength(Integer.MAX_VALUE)
                  .maxNestingDepth(Integer.MAX_VALUE)
                  .build())
          .build();

  private Salvage() {}

  /**
   * Sets the transaction id, the account id, the event time and the amount of {@code event} from
   * its raw bytes; null, {@link Event#NO_TIME} or NaN where unknown.
   */
  public static void read(Event event) {
    event.transactionId = null;
    event.ids[Entity.ACCOUNT_ID.ordinal()] = null;
    event.timeMs = Event.NO_TIME;
    event.amountVnd = Double.NaN;
    int invalid = Utf8.firstInvalid(event.raw);
    int length = Math.min(invalid < 0 ? event.raw.length : invalid, READ_BYTES);
    try (JsonParser parser = JSON.createParser(event.raw, 0, length)) {
      FieldReader.checkEncoding(event.raw);
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          field(event, parser.currentName(), parser, parser.nextToken());
        }
      }
    } catch (IOException | RefusedException end) {
      // What was read before the error is kept.
    }
  }

  private static void field(Event event, String name, JsonParser parser, JsonToken token)
      throws IOException {
    Column column = Column.named(name);
    try {
      if (column == Column.TRANSACTION_ID) {
        event.transactionId = FieldReader.text(parser, token, column);
      } else if (column == Column.ACCOUNT_ID) {
        event.ids[Entity.ACCOUNT_ID.ordinal()] = FieldReader.text(parser, token, column);
      } else if (column == Column.EVENT_TIME) {
        event.timeMs = FieldReader.timeMs(parser, token, name);
      } else if (column == Column.TRANSACTION_AMOUNT_VND) {
        double amountVnd = FieldReader.number(parser, token, column);
        event.amountVnd = column.range.excludes(amountVnd) ? Double.NaN : amountVnd;
      }
    } catch (RefusedException invalid) {
      // The field stays unknown.
    }
    parser.skipChildren();
  }
}
