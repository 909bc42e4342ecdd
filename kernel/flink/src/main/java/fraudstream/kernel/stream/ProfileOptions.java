package fraudstream.kernel.stream;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import fraudstream.kernel.profiles.StoreLocation;
import java.io.Serializable;
import java.util.Map;

/** The settings with which a job writes profiles. */
final class ProfileOptions implements Serializable {
  private static final long serialVersionUID = 1L;

  final StoreLocation store;

  /** The time between two flushes of the changed histories. */
  final long intervalMs;

  /** The epoch of a job without saved profiles: the time at which the client built the job. */
  final long epochMs;

  /** Whether to begin a new epoch and to write all profiles, whatever the saved state says. */
  final boolean isRebuild;

  @JsonCreator
  ProfileOptions(
      @JsonProperty(value = "url", required = true) String url,
      @JsonProperty(value = "options", required = true) Map<String, String> options,
      @JsonProperty(value = "interval_ms", required = true) long intervalMs,
      @JsonProperty(value = "epoch_ms", required = true) long epochMs,
      @JsonProperty(value = "rebuild", required = true) boolean isRebuild) {
    store = new StoreLocation(url, options);
    this.intervalMs = intervalMs;
    this.epochMs = epochMs;
    this.isRebuild = isRebuild;
  }
}
