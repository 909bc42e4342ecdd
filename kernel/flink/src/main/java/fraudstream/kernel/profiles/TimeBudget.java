package fraudstream.kernel.profiles;

/**
 * Limits work to a share of the time. Unused time is saved up, to a limit, so that a burst of work
 * is done at once.
 */
public final class TimeBudget {
  private final double share;
  private final double mostNanos;
  private double leftNanos;
  private long filledNanos;

  /**
   * @param share the share of the time, more than 0
   * @param mostNanos the most that is saved up, which is there at the start too
   */
  public TimeBudget(double share, long mostNanos, long nowNanos) {
    this.share = share;
    this.mostNanos = mostNanos;
    leftNanos = mostNanos;
    filledNanos = nowNanos;
  }

  /** The time that may be used now; less than 0 if more was used than there was. */
  public long leftNanos(long nowNanos) {
    leftNanos = Math.min(mostNanos, leftNanos + share * Math.max(0, nowNanos - filledNanos));
    filledNanos = nowNanos;
    return (long) leftNanos;
  }

  public void spend(long nanos) {
    leftNanos -= nanos;
  }

  /** The time until some may be used again; 0 if it may now. */
  public long waitNanos(long nowNanos) {
    return leftNanos(nowNanos) >= 0 ? 0 : (long) Math.ceil(-leftNanos / share);
  }
}
