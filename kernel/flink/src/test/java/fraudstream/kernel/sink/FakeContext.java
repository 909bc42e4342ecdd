package fraudstream.kernel.sink;

import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.groups.SinkWriterMetricGroup;
import org.apache.flink.util.SimpleUserCodeClassLoader;

/** The context of a task, whose mailbox no sink of another thread may use; remembers gauges. */
final class FakeContext {
  final Map<String, Gauge<?>> gauges = new ConcurrentHashMap<>();

  WriterInitContext context() {
    return proxy(
        WriterInitContext.class,
        Map.of(
            "metricGroup", metrics(),
            "getUserCodeClassLoader",
                SimpleUserCodeClassLoader.create(FakeContext.class.getClassLoader()),
            "getProcessingTimeService", new Object()));
  }

  private SinkWriterMetricGroup metrics() {
    return (SinkWriterMetricGroup)
        Proxy.newProxyInstance(
            FakeContext.class.getClassLoader(),
            new Class<?>[] {SinkWriterMetricGroup.class},
            (proxy, method, arguments) -> {
              gauges.put((String) arguments[0], (Gauge<?>) arguments[1]);
              return arguments[1];
            });
  }

  private static <T> T proxy(Class<T> type, Map<String, Object> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            FakeContext.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              Object answer = answers.get(method.getName());
              if (answer == null) {
                throw new AssertionError(method + " is called");
              }
              return method.getReturnType().isInstance(answer) ? answer : null;
            }));
  }
}
