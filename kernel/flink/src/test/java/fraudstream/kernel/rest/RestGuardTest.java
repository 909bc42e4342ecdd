package fraudstream.kernel.rest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.util.ConfigurationException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The guard in Flink's own REST endpoint, which finds it as a service. */
class RestGuardTest {
  private static final String JOB = "/jobs/00000000000000000000000000000001";

  @TempDir private Path folder;

  private MiniCluster cluster;

  @AfterEach
  void stop() throws Exception {
    if (cluster != null) {
      cluster.close();
    }
  }

  private void start(String access) throws Exception {
    Configuration configuration = new Configuration();
    configuration.setString("rest.address", "127.0.0.1");
    configuration.setString("rest.bind-address", "127.0.0.1");
    configuration.setString("rest.bind-port", "0");
    configuration.setString("web.upload.dir", folder.toString());
    configuration.setString("fraudstream.rest.access", access);
    cluster =
        new MiniCluster(
            new MiniClusterConfiguration.Builder()
                .setConfiguration(configuration)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(1)
                .build());
    cluster.start();
  }

  private HttpResponse<String> ask(String method, String path) throws Exception {
    URI uri = cluster.getRestAddress().get().resolve(path);
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .version(HttpClient.Version.HTTP_1_1)
            .method(method, BodyPublishers.ofString("x".repeat(100_000)))
            .header("Content-Type", "multipart/form-data; boundary=x")
            .build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
  }

  private HttpResponse<String> read(String path) throws Exception {
    URI uri = cluster.getRestAddress().get().resolve(path);
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
  }

  @Test
  void aReadableEndpointAnswersAndChangesNothing() throws Exception {
    start("read");
    assertEquals(200, read("/config").statusCode());
    assertEquals(403, read(JOB + "/yarn-cancel").statusCode());
    for (String request : List.of("POST /jobs", "PATCH " + JOB, "DELETE /cluster")) {
      String[] words = request.split(" ");
      HttpResponse<String> answer = ask(words[0], words[1]);
      assertEquals(403, answer.statusCode(), request);
      assertTrue(answer.body().contains("fraudstream.rest.access"), answer.body());
    }
    assertEquals(List.of(), uploads());
  }

  @Test
  void aClosedEndpointTakesNoConnection() throws Exception {
    start("closed");
    assertThrows(IOException.class, () -> read("/jobs/overview"));
    assertThrows(IOException.class, () -> ask("POST", "/jobs"));
  }

  @Test
  void anEndpointForClientsPassesTheirRequestsOn() throws Exception {
    start("clients");
    // Flink's own answer: 400 for this body, or 503 while no leader is elected.
    int status = ask("PATCH", JOB).statusCode();
    assertTrue(status == 400 || status == 503, "status " + status);
    assertEquals(403, read(JOB + "/yarn-cancel").statusCode());
  }

  @Test
  void aMisspeltSettingStopsTheEndpoint() {
    Configuration configuration = new Configuration();
    configuration.setString("fraudstream.rest.access", "open");
    RestGuardFactory factory = new RestGuardFactory();
    assertThrows(
        ConfigurationException.class, () -> factory.createHandler(configuration, null));
  }

  private List<Path> uploads() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).collect(Collectors.toList());
    }
  }
}
