package fraudstream.kernel.stream;

import fraudstream.kernel.features.Catalogue;
import fraudstream.kernel.features.EntityWindows;
import fraudstream.kernel.features.History;
import fraudstream.kernel.features.HistorySerializer;
import fraudstream.kernel.features.Outcome;
import fraudstream.kernel.json.FeaturesJson;
import fraudstream.kernel.record.Entity;
import fraudstream.kernel.record.Event;
import fraudstream.kernel.record.EventHash;
import fraudstream.kernel.record.HashKey;
import fraudstream.kernel.record.RefusedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;

/**
 * Runs the job's steps without Flink for a property test in Python: reads a line, writes a line.
 *
 * <p>Input lines: {@code C} and the job's config, which resets all state; {@code T} and a
 * transaction; {@code L} and a label; {@code S}, which passes all state through its serializer. The
 * output for each line is its outcome and, for a new transaction, its ordinals and features.
 */
public final class KernelProbe {
  private static final int SAVED_BYTES = 1_024;

  private final Gate gate;
  private final Catalogue catalogue;
  private final EventHash hash;
  private final FeaturesJson json;
  private final Map<Entity, EntityWindows> windows = new EnumMap<>(Entity.class);
  private final Map<Entity, Map<String, History>> histories = new EnumMap<>(Entity.class);

  private KernelProbe(JobConfig config) {
    gate = new Gate(config);
    catalogue = config.catalogue();
    hash = catalogue.hash(HashKey.BATCH);
    json = new FeaturesJson(catalogue.features());
    for (Entity entity : catalogue.entities()) {
      windows.put(
          entity,
          catalogue.windows(entity, config.allowedLatenessMs, config.retentionToleranceMs));
      histories.put(entity, new HashMap<>());
    }
  }

  public static void main(String[] arguments) throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    KernelProbe probe = null;
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String rest = line.substring(1);
      if (line.charAt(0) == 'C') {
        if (probe != null) {
          probe.gate.close();
        }
        probe = new KernelProbe(JobConfig.fromJson(rest));
      }
      out.println(probe.answer(line.charAt(0), rest));
      out.flush();
    }
  }

  private String answer(char kind, String rest) throws IOException {
    Event record = new Event();
    record.raw = rest.getBytes(StandardCharsets.UTF_8);
    try {
      switch (kind) {
        case 'T':
          return transaction(gate.transaction(record));
        case 'L':
          return label(gate.label(record));
        case 'S':
          return "saved" + save();
        default:
          return "begun";
      }
    } catch (RefusedException refusal) {
      return "refused";
    }
  }

  private String transaction(Event event) {
    hash.hash(event);
    for (Map.Entry<Entity, EntityWindows> step : windows.entrySet()) {
      Entity entity = step.getKey();
      if (event.ids[entity.ordinal()] == null) {
        continue;
      }
      History history = history(entity, event);
      Outcome outcome = step.getValue().arrive(history, event);
      if (outcome != Outcome.NEW) {
        return outcome.label;
      }
    }
    catalogue.finish(event);
    String ordinals =
        Arrays.stream(event.ordinals).mapToObj(Long::toString).collect(Collectors.joining(","));
    return "new " + ordinals + " " + new String(json.line(event), StandardCharsets.UTF_8);
  }

  private String label(Event label) {
    hash.hash(label);
    for (Map.Entry<Entity, EntityWindows> step : windows.entrySet()) {
      if (label.ids[step.getKey().ordinal()] != null) {
        step.getValue().label(history(step.getKey(), label), label);
      }
    }
    return "label";
  }

  private History history(Entity entity, Event event) {
    return histories
        .get(entity)
        .computeIfAbsent(
            event.ids[entity.ordinal()], id -> windows.get(entity).newHistory());
  }

  /** For each entity: its name, its number of histories and their size in bytes. */
  private String save() throws IOException {
    StringBuilder sizes = new StringBuilder();
    for (Map.Entry<Entity, Map<String, History>> saved : histories.entrySet()) {
      var serializer = new HistorySerializer(windows.get(saved.getKey()).schema());
      long bytes = 0;
      for (Map.Entry<String, History> history : saved.getValue().entrySet()) {
        DataOutputSerializer out = new DataOutputSerializer(SAVED_BYTES);
        serializer.serialize(history.getValue(), out);
        bytes += out.length();
        history.setValue(
            serializer.deserialize(new DataInputDeserializer(out.getCopyOfBuffer())));
      }
      String name = saved.getKey().fieldName;
      sizes.append(' ').append(name).append(':').append(saved.getValue().size());
      sizes.append(':').append(bytes);
    }
    return sizes.toString();
  }
}
