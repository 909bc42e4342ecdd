package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.Records;
import fraudstream.kernel.stream.ScoringBatch.Verdict;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScoringBatchTest {
  private static final double NULL = Double.NaN;

  private static Event event(String id, String account, long timeMs, double... features) {
    Event event = Records.transaction(id, account, timeMs);
    event.features = features;
    return event;
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static String text(ByteBuffer in, int bytes) {
    byte[] text = new byte[bytes];
    in.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  // ---- input ----

  @Test
  void aBatchHasCountsVectorsTimesAmountsOffsetsAndTexts() {
    Event first = event("T1", "Đ", -5, 1.5, NULL, -0.0);
    first.arrivalMs = 7;
    Event second = event("", "A😀", 6, 4, 5, 6);
    second.amountVnd = 1e18;
    ByteBuffer in = littleEndian(ScoringBatch.encode(List.of(first, second), 3));

    assertEquals(2, in.getInt());
    assertEquals(3, in.getInt());
    for (double expected : new double[] {1.5, NULL, -0.0, 4, 5, 6}) {
      assertEquals(expected, in.getDouble());
    }
    assertEquals(-5, in.getLong());
    assertEquals(6, in.getLong());
    assertEquals(7, in.getLong());
    assertEquals(Event.NO_TIME, in.getLong());
    assertEquals(1_000, in.getDouble());
    assertEquals(1e18, in.getDouble());
    // T1 (2 bytes), Đ (2), the empty id (0), A😀 (5)
    for (int expected : new int[] {0, 2, 4, 4, 9}) {
      assertEquals(expected, in.getInt());
    }
    assertEquals("T1ĐA😀", text(in, 9));
    assertFalse(in.hasRemaining());
  }

  /** The scorer reads the doubles in place, so they must be aligned to their size. */
  @Test
  void theVectorsBeginBehindEightBytes() {
    ByteBuffer in = littleEndian(ScoringBatch.encode(List.of(event("T", "A", 0, 42)), 1));
    assertEquals(42, in.getDouble(8));
  }

  @Test
  void aBatchOfNothingHasItsCountsAndOneOffset() {
    ByteBuffer in = littleEndian(ScoringBatch.encode(List.of(), 3));
    assertEquals(0, in.getInt());
    assertEquals(3, in.getInt());
    assertEquals(0, in.getInt());
    assertFalse(in.hasRemaining());
  }

  @Test
  void aCatalogueWithoutFeaturesHasVectorsOfNothing() {
    ByteBuffer in = littleEndian(ScoringBatch.encode(List.of(event("T", "A", 9)), 0));
    assertEquals(1, in.getInt());
    assertEquals(0, in.getInt());
    assertEquals(9, in.getLong());
  }

  @Test
  void aVectorIsFoundAgainByItsPlace() {
    byte[] batch =
        ScoringBatch.encode(
            List.of(event("T1", "A1", 0, 1.5, NULL), event("T2", "A2", 0, -0.0, 4)), 2);
    assertArrayEquals(new double[] {1.5, NULL}, ScoringBatch.vector(batch, 0));
    assertArrayEquals(new double[] {-0.0, 4}, ScoringBatch.vector(batch, 1));
  }

  // ---- answer ----

  private static Verdict[] decoded(Answer answer, int n) {
    return ScoringBatch.decode(answer.bytes(), n);
  }

  @Test
  void anAnswerOfScoresAloneHasNeitherAlertsNorErrors() {
    Verdict[] verdicts = decoded(new Answer(0.25, NULL, 1), 3);
    double[] scores = {verdicts[0].score, verdicts[1].score, verdicts[2].score};
    assertArrayEquals(new double[] {0.25, NULL, 1}, scores);
    for (Verdict verdict : verdicts) {
      assertNull(verdict.alert);
      assertNull(verdict.error);
    }
  }

  @Test
  void aNoteBelongsToTheRowThatItNamesInAnyOrder() {
    Answer answer =
        new Answer(0.25, NULL, 1)
            .alert(2, "{\"city\":\"Huế 😀\"}")
            .error(1, "too large 😀")
            .alert(0, "");
    Verdict[] verdicts = decoded(answer, 3);
    assertArrayEquals(Records.utf8("{\"city\":\"Huế 😀\"}"), verdicts[2].alert);
    assertEquals("too large 😀", verdicts[1].error);
    assertNull(verdicts[1].alert);
    assertEquals(0, verdicts[0].alert.length);
    assertNull(verdicts[0].error);
    assertNull(verdicts[2].error);
  }

  @Test
  void anAlertThatCouldNotBeMadeIsAnErrorBesideItsScore() {
    Verdict[] verdicts = decoded(new Answer(0.9).error(0, "why"), 1);
    assertEquals(0.9, verdicts[0].score);
    assertEquals("why", verdicts[0].error);
  }

  @Test
  void theAnswerToNothingIsNothing() {
    assertEquals(0, ScoringBatch.decode(new byte[0], 0).length);
  }

  /** Failing the job is better than giving transactions the scores of others. */
  @Test
  void anAnswerThatIsTooShortIsNoAnswer() {
    assertThrows(RuntimeException.class, () -> decoded(new Answer(0.25), 2));
  }

  @Test
  void eachTransactionHasAVerdictOfItsOwn() {
    Verdict[] verdicts = decoded(new Answer(1, 1).alert(0, "{}"), 2);
    assertNull(verdicts[1].alert);
  }
}
