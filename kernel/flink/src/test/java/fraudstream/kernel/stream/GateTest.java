package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import fraudstream.kernel.customers.CustomerRow;
import fraudstream.kernel.features.Catalogues;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Customers' metadata in the job's first step. */
class GateTest {
  private static final String CATALOGUE =
      Catalogues.json(Catalogues.row("level", "value", "'column':'customer_kyc_level'"));

  private static JobConfig config(String source, String endpoint) {
    Map<String, Object> options = new HashMap<>();
    options.put("source", source);
    options.put("max_customers", 10);
    options.put("refresh_ms", 0);
    options.put("timeout_ms", 1);
    options.put("region", "ap-southeast-1");
    options.put("endpoint", endpoint);
    return Configs.config(
        "catalogue", CATALOGUE, "customers", options, "future_tolerance_ms", -1);
  }

  private static RowData of(String customer) {
    byte[] raw = Records.utf8(Records.json("customer_id", customer));
    return GenericRowData.of(raw, null, null, null);
  }

  @Test
  void aTransactionHasTheMetadataOfItsCustomerAndTheirVersion(@TempDir Path folder)
      throws Exception {
    Path file = folder.resolve("c.jsonl");
    Files.writeString(file, "{\"customer_id\":\"C1\",\"kyc_level\":2}");
    Step<RowData, Event> step =
        Step.of(new ParseRows(config(file.toString(), null), false), EventTypeInfo.EVENT);
    Event known = step.process(of("\"C1\"")).get(0);
    assertEquals(2, known.features[0]);
    assertEquals(12, known.metadataVersion.length());
    Event unknown = step.process(of("\"C2\"")).get(0);
    assertEquals(Double.NaN, unknown.features[0]);
    assertEquals(known.metadataVersion, unknown.metadataVersion);
    assertNull(step.process(of(null)).get(0).metadataVersion);
    assertEquals(0, step.count("metadata_unavailable"));
    step.close();
  }

  @Test
  void aTableOutOfReachMakesTheMetadataUnavailableAndIsCounted() throws Exception {
    Step<RowData, Event> step =
        Step.of(
            new ParseRows(config("dynamodb:users", "http://127.0.0.1:1"), false),
            EventTypeInfo.EVENT);
    Event event = step.process(of("\"C1\"")).get(0);
    assertEquals(Double.NaN, event.features[0]);
    assertEquals(CustomerRow.UNAVAILABLE, event.metadataVersion);
    assertEquals(1, step.count("metadata_unavailable"));
    step.close();
  }
}
