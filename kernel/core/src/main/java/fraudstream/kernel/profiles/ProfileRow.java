package fraudstream.kernel.profiles;

/**
 * A profile on its way to a store: the history of one id of an entity, and what decides whether it
 * replaces the stored one.
 *
 * <p>A row replaces a stored one with the same entity and id if its epoch is higher, or if the epochs
 * are equal and its ordinal is not lower, or if the stored row has expired. So a write that is
 * repeated or that comes late changes nothing.
 */
public final class ProfileRow {
  /** The id field of the entity, such as {@code account_id}. */
  public final String entity;

  public final String id;

  /** The start of the job without saved state that this history begins with, in epoch ms. */
  public final long epochMs;

  /** The sequence number of the newest transaction within the entity, from 1. */
  public final long ordinal;

  /** When the job last changed the history, in epoch ms of its own clock. */
  public final long updatedMs;

  /** When the job's state of this history expires, in epoch ms; afterwards the row means nothing. */
  public final long expiresMs;

  /** The history in the format of {@link fraudstream.kernel.features.ProfileFormat}. */
  public final byte[] profile;

  public ProfileRow(
      String entity,
      String id,
      long epochMs,
      long ordinal,
      long updatedMs,
      long expiresMs,
      byte[] profile) {
    this.entity = entity;
    this.id = id;
    this.epochMs = epochMs;
    this.ordinal = ordinal;
    this.updatedMs = updatedMs;
    this.expiresMs = expiresMs;
    this.profile = profile;
  }
}
