package fraudstream.kernel.sink;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class DetachedStateSerializerTest {
  /** Rows A1={} and A2=[1], as KinesisStreamsStateSerializer of the connector 4.3.0 wrote them. */
  private static final byte[] OF_FLINK = 
      hex(
          "FFFFFFFFFFFFFFFF00000002"
              + "00000000000000027B7D000000024131"
              + "00000000000000035B315D000000024132");

  private final DetachedStateSerializer serializer = new DetachedStateSerializer();

  private static byte[] hex(String digits) {
    byte[] bytes = new byte[digits.length() / 2];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
    }
    return bytes;
  }

  private static DetachedState state(String... keysAndPayloads) {
    return new DetachedState(
        Arrays.stream(keysAndPayloads)
            .map(text -> text.split("=", 2))
            .map(pair -> new Entry(pair[0].getBytes(UTF_8), pair[1].getBytes(UTF_8)))
            .collect(Collectors.toList()));
  }

  private List<String> read(byte[] bytes) throws IOException {
    return serializer.deserialize(1, bytes).entries.stream()
        .map(entry -> new String(entry.key, UTF_8) + "=" + new String(entry.payload, UTF_8))
        .collect(Collectors.toList());
  }

  @Test
  void stateOfFlinksSinkIsReadAndWritten() throws IOException {
    assertEquals(List.of("A1={}", "A2=[1]"), read(OF_FLINK));
    assertArrayEquals(OF_FLINK, serializer.serialize(state("A1={}", "A2=[1]")));
    assertEquals(1, serializer.getVersion());
  }

  @Test
  void anyKeyAndPayloadComeBack() throws IOException {
    assertEquals(List.of("=", "Ngân hàng 😀=Huế"), read(serializer.serialize(state("=", "Ngân hàng 😀=Huế"))));
    assertEquals(List.of(), read(serializer.serialize(state())));
  }

  @Test
  void whateverIsCutOffOrOfAnotherVersionIsRefusedWithTheRemedy() {
    for (int end = 0; end < OF_FLINK.length; end++) {
      byte[] cut = Arrays.copyOf(OF_FLINK, end);
      IOException refused = assertThrows(IOException.class, () -> read(cut));
      assertTrue(refused.getMessage().contains("--allow-dropped-state"), refused.getMessage());
    }
    assertThrows(IOException.class, () -> serializer.deserialize(2, OF_FLINK));
  }
}
