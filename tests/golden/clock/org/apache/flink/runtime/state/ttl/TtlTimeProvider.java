package org.apache.flink.runtime.state.ttl;

/**
 * Flink's clock for the time to live of state, stopped at 2100-01-01 UTC.
 *
 * <p>Takes the place of Flink's own interface while the golden state is made: state is dropped when
 * it was last used longer ago than its time to live, so that files from today would restore to
 * nothing a month from now.
 */
@FunctionalInterface
public interface TtlTimeProvider {
  TtlTimeProvider DEFAULT = () -> 4_102_444_800_000L;

  long currentTimestamp();
}
