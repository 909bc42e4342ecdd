package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Fuzz test of the parser with arbitrary bytes and broken records. */
class TransactionParserFuzzTest {
  private static final int MAX_RECORD_BYTES = 1 << 20;
  private static final int INPUTS = Integer.getInteger("fuzz.inputs", 1_000_000);

  /** The same in every run of the suite; {@code make fuzz} sets others. */
  private static final long SEED = Long.getLong("fuzz.seed", 20260102);

  private static final long DAY_MS = 86_400_000;
  private static final long ARRIVAL_MS = Instant.parse("2026-01-02T03:04:05.678Z").toEpochMilli();

  private final TransactionParser parser = new TransactionParser(MAX_RECORD_BYTES, DAY_MS);

  private static String quote(int characters) {
    return "\"" + "x".repeat(characters) + "\"";
  }

  @Test
  void nothingThatIsSentMakesTheParserFailOtherwiseThanByARefusal() {
    Random random = new Random(SEED);
    EnumSet<Refusal> seen = EnumSet.noneOf(Refusal.class);
    int read = 0;
    for (int i = 0; i < INPUTS; i++) {
      byte[] record = i % 4 == 0 ? randomFields(random) : mutated(random);
      long startNs = System.nanoTime();
      try {
        Fields fields = parser.parse(record, ARRIVAL_MS);
        assertHolds(fields);
        read++;
      } catch (RefusedException refused) {
        assertFalse(refused.getMessage().isBlank());
        seen.add(refused.refusal);
      } catch (RuntimeException | Error failure) {
        throw new AssertionError("seed " + SEED + ", record " + i + ": " + Arrays.toString(record), failure);
      }
      assertTrue(System.nanoTime() - startNs < 2_000_000_000L, "record " + i + " took too long");
    }
    // The inputs are useful only if some get past the first brace and every check refuses some.
    assertTrue(read > INPUTS / 10, read + " were read");
    assertEquals(EnumSet.complementOf(EnumSet.of(Refusal.OVERSIZE, Refusal.AGGREGATION)), seen);
  }

  /** Asserts the invariants that the rest of the job relies on. */
  private static void assertHolds(Fields fields) {
    for (Column column : Column.values()) {
      assertTrue(!column.required || !fields.isNull(column), column.fieldName);
      if (column.kind == Column.Kind.NUMBER && !fields.isNull(column)) {
        assertTrue(fields.number(column) >= column.range.min, column.fieldName);
        assertTrue(fields.number(column) <= column.range.max, column.fieldName);
      }
    }
    assertTrue(fields.number(Column.TRANSACTION_AMOUNT_VND) > 0);
    assertTrue(fields.timeMs <= ARRIVAL_MS + DAY_MS);
    assertFalse(fields.text(Column.ACCOUNT_ID).isBlank());
  }

  private static byte[] mutated(Random random) {
    ByteArrayOutputStream record = new ByteArrayOutputStream();
    record.writeBytes(
        Records.utf8(
            Records.json(
                "note", "{\"a\":[1,2.5e3,null,\"ü\\u00e9\\\\\"]}",
                "device_id", "\"DEV_1\"",
                "latitude", "-21.5",
                "npl_flag", "false")));
    byte[] bytes = record.toByteArray();
    for (int change = random.nextInt(4); change >= 0; change--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0:
          bytes[at] = (byte) random.nextInt(256);
          break;
        case 1:
          bytes[at] ^= (byte) (1 << random.nextInt(8));
          break;
        case 2:
          bytes[at] = (byte) "{}[]\",:\\0123456789-+.eE \n".charAt(random.nextInt(25));
          break;
        case 3:
          bytes = Arrays.copyOf(bytes, Math.max(1, random.nextInt(8) == 0 ? at : bytes.length));
          break;
        case 4:
          int to = random.nextInt(bytes.length);
          int length = Math.min(random.nextInt(12), bytes.length - Math.max(at, to));
          System.arraycopy(bytes, at, bytes, to, length);
          break;
        default:
          bytes = Arrays.copyOf(bytes, bytes.length + random.nextInt(3));
      }
    }
    return bytes;
  }

  private static final String[] VALUES = {
    "null", "true", "false", "0", "-0", "-1", "1", "1e308", "1e309", "-1e309", "1e-400", "0.1",
    "123456789012345678901234567890", "\"\"", "\" \"", "\"A\"", "\"\\u0000\"", "\"\\ud800\"",
    "\"😀\"", "{}", "[]", "[[[1]]]", "{\"a\":{\"b\":null}}", "\"2026-01-02T03:04:05Z\"",
    "\"2026-01-04T03:04:05Z\"", "\"9999-12-31T23:59:59Z\"", "\"0001-01-01T00:00:00+18:00\"",
    "\"2026-01-02T03:04:05\"", "\"Infinity\"", "\"NaN\"", quote(256), quote(257)
  };

  private static byte[] randomFields(Random random) {
    Column[] columns = Column.values();
    String[] fields = new String[2 * random.nextInt(4)];
    for (int i = 0; i < fields.length; i += 2) {
      fields[i] = columns[random.nextInt(columns.length)].fieldName;
      fields[i + 1] = VALUES[random.nextInt(VALUES.length)];
    }
    return Records.utf8(Records.json(fields));
  }
}
