package fraudstream.kernel.record;

import java.nio.charset.StandardCharsets;

/** Thrown for an invalid record; the message names the field, its value and the fix. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  public final Refusal refusal;

  RefusedException(Refusal refusal, String detail) {
    // No stack trace: the data is at fault, and a flood of invalid records must stay cheap.
    super(whole(detail), null, false, false);
    this.refusal = refusal;
  }

  /** The text with '?' for each unpaired surrogate: Python, for one, can't take one in a message. */
  private static String whole(String detail) {
    return new String(detail.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
