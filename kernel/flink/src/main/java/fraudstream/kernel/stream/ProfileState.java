package fraudstream.kernel.stream;

import fraudstream.kernel.profiles.SavedProfiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.runtime.state.StateInitializationContext;

/**
 * The operator state of a step that writes profiles. Every task gets what any task saved, at any
 * parallelism, and takes the keys of its own key groups.
 *
 * <p>A step that writes none saves none: what it changes is in no store, so a later job must write
 * all keys again.
 */
final class ProfileState {
  private static final ListStateDescriptor<byte[]> DESCRIPTOR =
      new ListStateDescriptor<>("profiles", BytePrimitiveArraySerializer.INSTANCE);

  private final ListState<byte[]> state;
  private final List<SavedProfiles> restored = new ArrayList<>();
  private final boolean isRestored;

  ProfileState(StateInitializationContext context) throws Exception {
    state = context.getOperatorStateStore().getUnionListState(DESCRIPTOR);
    isRestored = context.isRestored();
    for (byte[] each : state.get()) {
      try {
        restored.add(SavedProfiles.of(each));
      } catch (IOException problem) {
        throw new IllegalStateException("the saved state can't be used: " + problem.getMessage());
      }
    }
  }

  /**
   * What a task that writes profiles starts with; it may have keys of other tasks.
   *
   * <p>A restart without a checkpoint begins all histories anew, so each attempt of a task has an
   * epoch of its own. Attempts are counted alike in all tasks of a job.
   */
  SavedProfiles start(ProfileOptions options, int attempt) {
    long ownEpochMs = options.epochMs + attempt;
    long savedEpochMs = restored.stream().mapToLong(each -> each.epochMs).max().orElse(0);
    // A rebuild is done once: a job that restarts has its own epoch in its checkpoints already.
    boolean isNew = restored.isEmpty() || (options.isRebuild && savedEpochMs < options.epochMs);
    if (isNew) {
      return new SavedProfiles(ownEpochMs, isRestored);
    }
    boolean isSweeping = restored.stream().anyMatch(each -> each.isSweeping);
    SavedProfiles all = new SavedProfiles(savedEpochMs, isSweeping);
    restored.forEach(each -> each.changes.forEach(all::add));
    return all;
  }

  /** Replaces the state; null for a step that writes no profiles. */
  void save(SavedProfiles saved) throws Exception {
    restored.clear();
    state.update(saved == null ? List.of() : List.of(saved.toBytes()));
  }
}
