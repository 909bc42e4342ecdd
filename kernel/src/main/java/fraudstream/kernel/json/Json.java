package fraudstream.kernel.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Rfc3339;
import java.io.IOException;
import java.io.UncheckedIOException;

/** JSON that is written seldom: one object at a time. */
final class Json {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          // Else what lies beyond the first 65,536 characters is escaped: 12 bytes in place of 4.
          .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8)
          .build();

  private Json() {}

  interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  /** One object, in UTF-8. */
  static byte[] object(Body body) {
    ByteArrayBuilder bytes = new ByteArrayBuilder(JSON._getBufferRecycler());
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      body.write(json);
      json.writeEndObject();
    } catch (IOException inMemory) {
      throw new UncheckedIOException(inMemory);
    }
    byte[] whole = bytes.toByteArray();
    bytes.release();
    return whole;
  }

  static void writeTime(JsonGenerator json, String field, long timeMs) throws IOException {
    json.writeStringField(field, timeMs == Event.NO_TIME ? null : Rfc3339.format(timeMs));
  }
}
