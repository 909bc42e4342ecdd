package fraudstream.kernel.rest;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.runtime.io.network.netty.InboundChannelHandlerFactory;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandler;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelPipeline;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpServerCodec;
import org.apache.flink.util.ConfigurationException;

/**
 * Puts a {@link RestGuard} into each connection of the REST endpoint of every Flink process that has
 * this jar on its own class path; Flink finds it as a service.
 */
public final class RestGuardFactory implements InboundChannelHandlerFactory {
  static final ConfigOption<String> ACCESS =
      ConfigOptions.key("fraudstream.rest.access")
          .stringType()
          .defaultValue("clients")
          .withDescription("closed, read, or clients");

  static final ConfigOption<List<String>> HOSTS =
      ConfigOptions.key("fraudstream.rest.hosts")
          .stringType()
          .asList()
          .defaultValues()
          .withDescription("Host names of the REST port beside localhost and rest.address");

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Optional<ChannelHandler> createHandler(
      Configuration configuration, Map<String, String> responseHeaders)
      throws ConfigurationException {
    RestAccess access = access(configuration);
    return Optional.of(new Placement(access));
  }

  private static RestAccess access(Configuration configuration) throws ConfigurationException {
    List<String> names = new ArrayList<>(configuration.get(HOSTS));
    configuration.getOptional(RestOptions.ADDRESS).ifPresent(names::add);
    try {
      return new RestAccess(RestAccess.Level.of(configuration.get(ACCESS)), names);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(e.getMessage(), e);
    }
  }

  /**
   * Moves the guard right behind the HTTP codec. Flink adds handlers of services behind the one that
   * writes uploads to disk.
   */
  private static final class Placement extends ChannelInboundHandlerAdapter {
    private final RestAccess access;

    Placement(RestAccess access) {
      this.access = access;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      ChannelPipeline pipeline = context.pipeline();
      String codec = pipeline.context(HttpServerCodec.class).name();
      pipeline.addAfter(codec, null, new RestGuard(access)).remove(this);
    }
  }
}
