package fraudstream.kernel.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import fraudstream.kernel.stream.JobKey.HashKeyException;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobKeyTest {
  /** {@code hash_key_from} names state for its key alone, so there is nothing to start without. */
  @Test
  void stateWithoutAKeyThatIsAskedForItsKeySaysWhichStateHasOne() {
    HashKeyException refused = assertThrows(HashKeyException.class, () -> JobKey.of(List.of()));
    assertEquals(
        "it has no hash key: name a savepoint of a live job of this release, or give hash_key",
        refused.getMessage());
  }

  @Test
  void stateWithoutAKeyCanNotBeContinued() {
    HashKeyException refused =
        assertThrows(HashKeyException.class, () -> JobKey.generated().continuing(List.of()));
    assertEquals("it has no hash key: start without it", refused.getMessage());
  }
}
