package fraudstream.kernel.record;

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

  /**
   * Sets the hashes of an event and drops its contents, which no later step needs. An event without
   * contents has its hashes already, and stays as it is.
   */
  public void hash(Event event) {
    byte[] contents = event.contents;
    if (contents.length == 0) {
      return;
    }
    int idsEnd = Contents.endOfIds(contents);
    event.idHash = notNull(ofIds.of(contents, 0, idsEnd));
    if (idsEnd < contents.length) {
      event.fingerprint = ofContents.of(contents, idsEnd, contents.length);
      hashTexts(event);
    }
    event.contents = Event.NO_CONTENTS;
  }

  private void hashTexts(Event event) {
    byte[] contents = event.contents;
    Contents.forEachText(
        contents,
        (column, from, to) -> {
          if (places[column] != UNUSED) {
            event.words[places[column]] = notNull(ofTexts.of(contents, from, to));
          }
        });
  }

  /** Saved state has 0 for a text that is null, and for an id that is not kept. */
  private static long notNull(long hash) {
    return hash == 0 ? 1 : hash;
  }
}
