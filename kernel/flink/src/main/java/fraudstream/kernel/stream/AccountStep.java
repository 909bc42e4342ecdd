package fraudstream.kernel.stream;

import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.EventHash;
import java.util.List;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * The account's step, the first of all: hashes the events, whose hashes all later steps use.
 *
 * <p>It keeps the key of the hashes beside its histories. A client that is run again generates
 * another key; the restored one wins, or is checked against that of the settings.
 */
final class AccountStep extends EntityStep {
  private static final long serialVersionUID = 1L;

  private transient JobKey key;
  private transient ListState<byte[]> savedKey;
  private transient EventHash hash;

  AccountStep(JobConfig config, JobKey initialKey) {
    super(config, Entity.ACCOUNT_ID, initialKey);
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    super.initializeState(context);
    // Every task gets what any task saved, at any parallelism.
    savedKey = context.getOperatorStateStore().getUnionListState(JobKey.state());
    try {
      key = context.isRestored() ? initialKey().continuing(savedKey.get()) : initialKey();
    } catch (JobKey.HashKeyException wrong) {
      throw new IllegalStateException("the saved state can't be used: " + wrong.getMessage());
    }
  }

  @Override
  public void open() throws Exception {
    super.open();
    hash = config().catalogue().hash(key.key());
    publish(key.key());
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    boolean isFirstTask = getRuntimeContext().getTaskInfo().getIndexOfThisSubtask() == 0;
    savedKey.update(isFirstTask ? List.of(key.toSaved()) : List.of());
  }

  @Override
  public void processElement(StreamRecord<Event> element) throws Exception {
    hash.hash(element.getValue());
    super.processElement(element);
  }
}
