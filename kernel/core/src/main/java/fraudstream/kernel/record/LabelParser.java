package fraudstream.kernel.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Parses a JSON record of the label stream: whether a transaction is a fraud, and when that became
 * known.
 *
 * <p>Required fields: transaction_id, account_id, event_time (of the transaction), available_at,
 * is_fraud. The ids of the other entities are optional; give those that the transaction has.
 * Unknown fields are ignored.
 */
public final class LabelParser {
  private static final String AVAILABLE_AT = "available_at";
  private static final String IS_FRAUD = "is_fraud";

  private final JsonFactory json = FieldReader.jsonFactory();
  private final Contents contents = new Contents();
  private final int maxRecordBytes;

  /** @param maxRecordBytes the maximum record size; larger records are refused without parsing */
  public LabelParser(int maxRecordBytes) {
    this.maxRecordBytes = maxRecordBytes;
  }

  /** Parses {@code raw} into an event of kind LABEL. */
  public Event parse(byte[] raw) throws RefusedException {
    KplAggregate.refuseWhole(raw);
    if (raw.length > maxRecordBytes) {
      throw new RefusedException(
          Refusal.OVERSIZE,
          "label of " + raw.length + " bytes; at most " + maxRecordBytes + " are allowed");
    }
    FieldReader.checkUtf8(raw);
    Reading reading = new Reading();
    try (JsonParser parser = json.createParser(raw)) {
      FieldReader.readObject(parser, reading::field);
    } catch (IOException problem) {
      throw new RefusedException(Refusal.MALFORMED_JSON, String.valueOf(problem.getMessage()));
    }
    return reading.checked();
  }

  private final class Reading {
    private final Event label = new Event();
    private long timeMs = Event.NO_TIME;
    private Boolean isFraud;

    Reading() {
      label.kind = Event.Kind.LABEL;
    }

    void field(String name, JsonParser parser, JsonToken token)
        throws IOException, RefusedException {
      Entity entity = Entity.named(name);
      if (token == JsonToken.VALUE_NULL) {
        setNull(name, entity);
      } else if (entity != null) {
        label.ids[entity.ordinal()] = FieldReader.text(parser, token, entity.column);
      } else if (name.equals(Column.TRANSACTION_ID.fieldName)) {
        label.transactionId = FieldReader.text(parser, token, Column.TRANSACTION_ID);
      } else if (name.equals(Column.EVENT_TIME.fieldName)) {
        timeMs = FieldReader.timeMs(parser, token, name);
      } else if (name.equals(AVAILABLE_AT)) {
        label.availableAtMs = FieldReader.timeMs(parser, token, name);
      } else if (name.equals(IS_FRAUD)) {
        isFraud = FieldReader.flag(parser, token, name);
      } else {
        parser.skipChildren();
      }
    }

    /** Forgets the earlier value of a repeated field: the last one counts, as in a transaction. */
    private void setNull(String name, Entity entity) {
      if (entity != null) {
        label.ids[entity.ordinal()] = null;
      } else if (name.equals(Column.TRANSACTION_ID.fieldName)) {
        label.transactionId = null;
      } else if (name.equals(Column.EVENT_TIME.fieldName)) {
        timeMs = Event.NO_TIME;
      } else if (name.equals(AVAILABLE_AT)) {
        label.availableAtMs = Event.NO_TIME;
      } else if (name.equals(IS_FRAUD)) {
        isFraud = null;
      }
    }

    Event checked() throws RefusedException {
      require(label.transactionId != null, Column.TRANSACTION_ID.fieldName);
      require(label.ids[Entity.ACCOUNT_ID.ordinal()] != null, Column.ACCOUNT_ID.fieldName);
      require(timeMs != Event.NO_TIME, Column.EVENT_TIME.fieldName);
      require(label.availableAtMs != Event.NO_TIME, AVAILABLE_AT);
      require(isFraud != null, IS_FRAUD);
      if (label.availableAtMs < timeMs) {
        throw new RefusedException(
            Refusal.INVALID_TIME,
            AVAILABLE_AT
                + " is "
                + (timeMs - label.availableAtMs)
                + " ms before event_time; a label can't be known before its transaction");
      }
      label.timeMs = timeMs;
      label.isFraud = isFraud;
      label.contents =
          contents.ofIds(label.ids[Entity.ACCOUNT_ID.ordinal()], label.transactionId);
      return label;
    }

    private void require(boolean isThere, String field) throws RefusedException {
      if (!isThere) {
        throw FieldReader.missing(field, "label");
      }
    }
  }
}
