package fraudstream.kernel.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HashKeyTest {
  private static final String DIGITS = "000102030405060708090a0b0c0d0e0f";
  private static final HashKey KEY = HashKey.fromHex(DIGITS);

  @Test
  void aKeyIsReadFromHexadecimalDigitsOfEitherCase() {
    byte[] bytes = new byte[HashKey.BYTES];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    assertArrayEquals(bytes, KEY.toBytes());
    assertEquals(KEY, HashKey.fromHex(DIGITS.toUpperCase()));
    assertEquals(KEY, new HashKey(bytes));
    assertEquals(KEY.hashCode(), new HashKey(bytes).hashCode());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0",
        "000102030405060708090a0b0c0d0e0",
        "000102030405060708090a0b0c0d0e0f0",
        "0x0102030405060708090a0b0c0d0e0f",
        "000102030405060708090a0b0c0d0e0g",
        "+00102030405060708090a0b0c0d0e0f"
      })
  void anythingElseIsRefusedWithoutBeingRepeated(String digits) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> HashKey.fromHex(digits));
    assertEquals("a hash key must be 32 hexadecimal digits", refused.getMessage());
  }

  @Test
  void aKeyHas16Bytes() {
    assertThrows(IllegalArgumentException.class, () -> new HashKey(new byte[15]));
  }

  @Test
  void aKeyCantBeChangedFromOutside() {
    byte[] bytes = KEY.toBytes();
    HashKey key = new HashKey(bytes);
    bytes[0] = 99;
    key.toBytes()[1] = 99;
    assertEquals(KEY, key);
  }

  @Test
  void aGeneratedKeyIsAnotherOneEachTime() {
    assertNotEquals(HashKey.random(), HashKey.random());
  }

  /** Saved state and profiles have fingerprints: if this test fails, all of them are refused. */
  @Test
  void aFingerprintIsAsEver() {
    assertEquals(0x798eeb8e1a7cb30aL, KEY.fingerprint());
    assertEquals("798eeb8e1a7cb30a", HashKey.shown(KEY.fingerprint()));
    assertNotEquals(KEY.fingerprint(), HashKey.BATCH.fingerprint());
  }

  @Test
  void noMessageShowsTheKey() {
    assertEquals("hash key 798eeb8e1a7cb30a", KEY.toString());
    assertFalse(KEY.toString().contains(DIGITS));
  }

  @Test
  void hashesOfDifferentPurposesAreUnrelated() {
    byte[] text = Records.utf8("T1");
    assertNotEquals(KEY.hashFor("id").of(text, 0, 2), KEY.hashFor("text").of(text, 0, 2));
  }
}
