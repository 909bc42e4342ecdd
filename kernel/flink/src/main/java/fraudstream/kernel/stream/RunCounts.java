package fraudstream.kernel.stream;

import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.functions.RuntimeContext;

/**
 * Counts of a run that reads files, as accumulators: Flink returns their sums over all tasks with the
 * job's result. {@code jobs/run_summary.py} reads them by these names.
 */
final class RunCounts {
  static final String TRANSACTIONS = "transactions";
  static final String LABELS = "labels";
  static final String DUPLICATES = "duplicates";

  /** Prefixes of counts by reason. */
  static final String REFUSED = "refused:";

  static final String REFUSED_LABELS = "refused_labels:";

  private final RuntimeContext context;
  private final Map<String, LongCounter> counters = new HashMap<>();

  RunCounts(RuntimeContext context) {
    this.context = context;
  }

  void add(String name) {
    counters.computeIfAbsent(name, this::counter).add(1);
  }

  private LongCounter counter(String name) {
    LongCounter counter = new LongCounter();
    context.addAccumulator(name, counter);
    return counter;
  }
}
