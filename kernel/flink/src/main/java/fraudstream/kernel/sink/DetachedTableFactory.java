package fraudstream.kernel.sink;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.connector.sink.SinkV2Provider;
import org.apache.flink.table.connector.sink.abilities.SupportsPartitioning;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.FactoryUtil;

/**
 * The table connector {@code 'connector' = 'detached'}: the sink of another connector, which {@code
 * 'detached.connector'} names, as a {@link DetachedSink}.
 */
public class DetachedTableFactory implements DynamicTableSinkFactory {
  @Override
  public String factoryIdentifier() {
    return "detached";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of();
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of();
  }

  @Override
  public DynamicTableSink createDynamicTableSink(Context context) {
    Map<String, String> ofInner = new HashMap<>(context.getCatalogTable().getOptions());
    DetachedOptions options = DetachedOptions.takenFrom(ofInner);
    DynamicTableSink inner =
        FactoryUtil.createDynamicTableSink(
            null,
            context.getObjectIdentifier(),
            context.getCatalogTable().copy(ofInner),
            Map.of(),
            context.getConfiguration(),
            context.getClassLoader(),
            context.isTemporary());
    return new DetachedTableSink(inner, options);
  }

  private static final class DetachedTableSink implements DynamicTableSink, SupportsPartitioning {
    private final DynamicTableSink inner;
    private final DetachedOptions options;

    DetachedTableSink(DynamicTableSink inner, DetachedOptions options) {
      this.inner = inner;
      this.options = options;
    }

    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requested) {
      return inner.getChangelogMode(requested);
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
      SinkV2Provider provider = (SinkV2Provider) inner.getSinkRuntimeProvider(context);
      return SinkV2Provider.of(new DetachedSink(provider.createSink(), options));
    }

    @Override
    public void applyStaticPartition(Map<String, String> partition) {
      ((SupportsPartitioning) inner).applyStaticPartition(partition);
    }

    @Override
    public DynamicTableSink copy() {
      return new DetachedTableSink(inner.copy(), options);
    }

    @Override
    public String asSummaryString() {
      return "detached " + inner.asSummaryString();
    }
  }
}
