package fraudstream.kernel.customers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CustomerFileTest {
  private static final String JSON =
      "{\"customer_id\":\"C1\",\"segment\":\"private, large\",\"kyc_level\":2,\"x\":[1]}\n\n"
          + "{\"customer_id\":\"Đ\",\"customer_since\":\"2020-01-02\",\"kyc_level\":\"3\",\"segment\":null}";
  private static final String CSV =
      "\uFEFFkyc_level, customer_id ,segment,x,customer_since\r\n"
          + "2,C1,\"private, large\",y,\r\n\r\n3,Đ,, \"a \"\"b\"\"\",2020-01-02";

  @TempDir Path folder;
  private final List<String> warnings = new ArrayList<>();

  private Path written(String name, String text) throws IOException {
    Path path = folder.resolve(name);
    try (OutputStream file = Files.newOutputStream(path);
        OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(file) : file) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return path;
  }

  private CustomerFile opened(Path path) {
    return new CustomerFile(path, 2, 0, warnings::add);
  }

  @ParameterizedTest
  @ValueSource(strings = {"c.jsonl", "c.JSONL.gz", "c.csv", "c.csv.gz"})
  void rowsAreReadFromEveryKindOfFile(String name) throws IOException {
    CustomerFile file = opened(written(name, name.contains("csv") ? CSV : JSON));
    CustomerRow first = file.find("C1");
    assertEquals("private, large", first.segment);
    assertEquals(2, first.kycLevel);
    assertEquals(Double.NaN, first.relationshipDays(0));
    CustomerRow second = file.find("Đ");
    assertNull(second.segment);
    assertEquals(3, second.kycLevel);
    assertEquals(366, second.relationshipDays(1_609_556_400_000L));
    assertEquals(2, file.size());
  }

  @Test
  void theVersionIsTheDigestOfTheBytesAndUnknownCustomersHaveItToo() throws IOException {
    CustomerFile file = opened(written("c.jsonl", "{\"customer_id\":\"C1\"}"));
    // printf '{"customer_id":"C1"}' | sha256sum
    assertEquals("c71c89258f87", file.version());
    assertEquals(file.version(), file.find("C1").version);
    CustomerRow unknown = file.find("C2");
    assertEquals(file.version(), unknown.version);
    assertNull(unknown.segment);
    assertEquals(Double.NaN, unknown.kycLevel);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "c.jsonl|{\"customer_id\":\"C1\"}~{\"kyc_level\":1}|line 2: customer_id is missing",
        "c.jsonl|{\"customer_id\":\"C1\",\"kyc_level\":7}|line 1: kyc_level is '7'",
        "c.jsonl|{\"customer_id\":7}|line 1: customer_id is 7; it must be a text",
        "c.jsonl|{\"customer_id\":\"C1\"}~{\"customer_id\":\"C1\"}|line 2: customer_id 'C1' is there twice",
        "c.jsonl|{\"customer_id\":\"1\"}~{\"customer_id\":\"2\"}~{\"customer_id\":\"3\"}|line 3: more than 2",
        "c.jsonl|{\"customer_id\"|line 1: not JSON",
        "c.jsonl|{\"customer_id\":\"1\"} {}|line 1: not JSON",
        "c.jsonl|[]|line 1: not a JSON object",
        "c.csv|id,segment~C1,x|line 1: the first line has no column customer_id",
        "c.csv|customer_id,segment~C1|line 2: 1 cells, but the first line has 2",
        "c.csv|customer_id,segment,segment~C1,a,b|line 2: the column segment is there twice",
        "c.csv|customer_id,segment~\"C1,x|line 2: a quote is not closed",
        "c.csv|customer_id,segment~\"C1\"y,x|line 2: a quote is not closed",
      })
  void anInvalidFileIsRefusedByNameLineAndRemedy(String name, String text, String problem)
      throws IOException {
    Path path = written(name, text.replace('~', '\n'));
    String message =
        assertThrows(IllegalArgumentException.class, () -> opened(path)).getMessage();
    assertTrue(message.startsWith("customer_metadata: " + path + ": " + problem), message);
    assertTrue(message.contains(";"), message);
  }

  @Test
  void aMissingADamagedAndAWronglyEncodedFileAreRefused() throws IOException {
    Path missing = folder.resolve("none.csv");
    assertThrows(IllegalArgumentException.class, () -> opened(missing));
    Path noGzip = Files.write(folder.resolve("c.csv.gz"), new byte[] {1, 2, 3});
    assertThrows(IllegalArgumentException.class, () -> opened(noGzip));
    Path latin = Files.write(folder.resolve("c.csv"), new byte[] {'c', (byte) 0xE9});
    String message =
        assertThrows(IllegalArgumentException.class, () -> opened(latin)).getMessage();
    assertTrue(message.contains("not UTF-8"), message);
  }

  @Test
  void aChangedFileReplacesAllRowsAtOnce() throws IOException {
    Path path = written("c.jsonl", "{\"customer_id\":\"C1\",\"kyc_level\":1}");
    CustomerFile file = opened(path);
    String before = file.version();
    file.refresh();
    assertEquals(before, file.version());
    Path next = written("next.jsonl", "{\"customer_id\":\"C2\",\"kyc_level\":2}");
    Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
    file.refresh();
    assertNotEquals(before, file.version());
    assertEquals(Double.NaN, file.find("C1").kycLevel);
    assertEquals(2, file.find("C2").kycLevel);
    assertEquals(0, file.failures());
  }

  @Test
  void anInvalidChangeKeepsTheRowsAndIsReportedOnceAndACorrectionIsTaken() throws IOException {
    Path path = written("c.jsonl", "{\"customer_id\":\"C1\",\"kyc_level\":1}");
    CustomerFile file = opened(path);
    String before = file.version();
    written("c.jsonl", "{\"customer_id\":\"C1\",\"kyc_level\":9}\n");
    file.refresh();
    file.refresh();
    assertEquals(1, file.find("C1").kycLevel);
    assertEquals(1, file.failures());
    assertEquals(1, warnings.size());
    assertTrue(warnings.get(0).contains("kyc_level is '9'"), warnings.get(0));
    assertTrue(warnings.get(0).endsWith("version " + before + " stays in use"), warnings.get(0));
    Files.delete(path);
    file.refresh();
    assertEquals(1, file.find("C1").kycLevel);
    assertEquals(2, file.failures());
    written("c.jsonl", "{\"customer_id\":\"C1\",\"kyc_level\":3}\n\n");
    file.refresh();
    assertEquals(3, file.find("C1").kycLevel);
  }

  @Test
  void aChangeIsNoticedByItself() throws Exception {
    Path path = written("c.jsonl", "{\"customer_id\":\"C1\",\"kyc_level\":1}");
    try (CustomerFile file = new CustomerFile(path, 2, 5, warnings::add)) {
      written("c.jsonl", "{\"customer_id\":\"C1\",\"kyc_level\":2,\"x\":0}");
      long end = System.nanoTime() + 10_000_000_000L;
      while (file.find("C1").kycLevel != 2 && System.nanoTime() < end) {
        Thread.sleep(2);
      }
      assertEquals(2, file.find("C1").kycLevel);
    }
  }

  @Test
  void tasksOfOneProcessShareTheRowsUntilTheLastOneCloses() throws Exception {
    Path path = written("c.jsonl", "{\"customer_id\":\"C1\",\"kyc_level\":1}");
    CustomerOptions options = new CustomerOptions(path.toString(), 2, 0, 1, "r", null);
    CustomerMetadata first = SharedCustomers.open(options, none -> null, warnings::add);
    CustomerMetadata second = SharedCustomers.open(options, none -> null, warnings::add);
    assertEquals(first, second);
    first.close();
    assertEquals(1, second.find("C1").kycLevel);
    second.close();
    CustomerMetadata third = SharedCustomers.open(options, none -> null, warnings::add);
    assertNotEquals(first, third);
    third.close();
  }
}
