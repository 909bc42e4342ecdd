package fraudstream.kernel.record;

/** A record that is not a transaction: the reason, and a sentence that names field, value and remedy. */
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1L;

  public final Refusal refusal;

  RefusedException(Refusal refusal, String detail) {
    // No stack trace: it is a verdict on data, and a flood of broken records must stay cheap.
    super(detail, null, false, false);
    this.refusal = refusal;
  }
}
