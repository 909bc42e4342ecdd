package fraudstream.kernel.record;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Computes the hashes of events with one key: those of their ids, their fields and their texts.
 *
 * <p>The account's step does this, because it keeps the key; parsers know none.
 */
public final class EventHash {
  /** The place of a column whose text no window uses. */
  public static final int UNUSED = -1;

  private final SipHash ofIds;
  private final SipHash ofContents;
  private final SipHash ofTexts;
  private final int[] places;

  /** @param places for each column, the index of its text's hash in {@link Event#words}, or -1 */
  public EventHash(HashKey key, int[] places) {
    ofIds = key.hashFor("id");
    ofContents = key.hashFor("contents");
    ofTexts = key.hashFor("text");
    this.places = places.clone();
  }

  /** Sets the hashes of an event, and drops its contents, which no later step needs. */
  public void hash(Event event) {
    event.idHash = ofId(event.ids[Entity.ACCOUNT_ID.ordinal()], event.transactionId);
    byte[] contents = event.contents;
    event.fingerprint = ofContents.of(contents, 0, contents.length);
    Contents.forEachText(
        contents,
        (column, from, to) -> {
          if (places[column] != UNUSED) {
            event.words[places[column]] = notNull(ofTexts.of(contents, from, to));
          }
        });
    event.contents = Event.NO_CONTENTS;
  }

  /** The length in front of the account keeps ("ab", "c") apart from ("a", "bc"). */
  private long ofId(String accountId, String transactionId) {
    byte[] account = accountId.getBytes(StandardCharsets.UTF_8);
    byte[] transaction = transactionId.getBytes(StandardCharsets.UTF_8);
    ByteBuffer both =
        ByteBuffer.allocate(Integer.BYTES + account.length + transaction.length)
            .putInt(account.length)
            .put(account)
            .put(transaction);
    return notNull(ofIds.of(both.array(), 0, both.capacity()));
  }

  /** Saved state has 0 for a text that is null, and for an id that is not kept. */
  private static long notNull(long hash) {
    return hash == 0 ? 1 : hash;
  }
}
