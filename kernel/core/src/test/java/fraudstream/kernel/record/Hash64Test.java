package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

class Hash64Test {
  /** Saved state has it as the ids of columns, so it must never change; the value is published. */
  @Test
  void theHashIsTheFirstHalfOfMurmur3() {
    assertEquals(0xcbd8a7b341bd9b02L, Hash64.of(Records.utf8("hello")));
  }

  @Test
  void noTextHasTheHash0() {
    assertEquals(1, Hash64.of(Records.utf8("")), "the empty text's own hash is 0");
    assertNotEquals(Hash64.of(Records.utf8("DEV_1")), Hash64.of(Records.utf8("DEV_2")));
  }
}
