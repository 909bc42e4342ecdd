package fraudstream.kernel.record;

/** Thrown for an invalid record; the message names the field, its value and the fix. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  public final Refusal refusal;

  RefusedException(Refusal refusal, String detail) {
    // No stack trace: the data is at fault, and a flood of invalid records must stay cheap.
    super(detail, null, false, false);
    this.refusal = refusal;
  }
}
