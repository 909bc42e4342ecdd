package fraudstream.kernel.rest;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.flink.shaded.netty4.io.netty.buffer.Unpooled;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelFutureListener;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelHandlerContext;
import org.apache.flink.shaded.netty4.io.netty.channel.ChannelInboundHandlerAdapter;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.DefaultFullHttpResponse;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaderNames;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpHeaders;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpRequest;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpResponseStatus;
import org.apache.flink.shaded.netty4.io.netty.handler.codec.http.HttpVersion;
import org.apache.flink.shaded.netty4.io.netty.util.ReferenceCountUtil;

/** Answers a refused request with 403 and closes its connection, before any of its body is stored. */
final class RestGuard extends ChannelInboundHandlerAdapter {
  private final RestAccess access;
  private boolean hasRefused;

  RestGuard(RestAccess access) {
    this.access = access;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    if (access.isClosed()) {
      context.close();
      return;
    }
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!hasRefused && message instanceof HttpRequest) {
      refusal((HttpRequest) message).ifPresent(reason -> refuse(context, reason));
    }
    if (hasRefused) {
      ReferenceCountUtil.release(message);
      return;
    }
    context.fireChannelRead(message);
  }

  private Optional<String> refusal(HttpRequest request) {
    HttpHeaders headers = request.headers();
    if (access.isClosed() || request.decoderResult().isFailure()) {
      return Optional.of("the request is refused");
    }
    return access.refusal(
        request.method().name(),
        request.uri(),
        headers.get(HttpHeaderNames.HOST),
        headers.get(HttpHeaderNames.ORIGIN));
  }

  private void refuse(ChannelHandlerContext context, String reason) {
    hasRefused = true;
    byte[] body = ("{\"errors\":[\"" + reason + "\"]}").getBytes(StandardCharsets.UTF_8);
    DefaultFullHttpResponse answer =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.FORBIDDEN, Unpooled.wrappedBuffer(body));
    answer
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "application/json")
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
        .set(HttpHeaderNames.CONNECTION, "close");
    context.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
  }
}
