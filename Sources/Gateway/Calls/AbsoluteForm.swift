import HTTPWire
import NIOCore
import PolicyLibrary

/// How a proxy is asked for something that is not behind TLS: with the whole address (RFC 9112 §3.2.2).
enum AbsoluteForm {
  /// The head of such a request, with the proxy's credentials and nobody else's for it.
  static func message(
    _ head: inout MessageHead, _ rewrite: HeadRewrite, host: [UInt8], _ proxy: ProxyServer
  ) throws(WireError) -> ByteBuffer {
    if let authorization = proxy.authorization {
      try head.set("Proxy-Authorization", authorization)
    } else {
      head.remove("Proxy-Authorization")
    }
    var own = ByteBuffer(bytes: head.serialised(rewrite))
    let method = "\(head.method) "
    own.moveReaderIndex(forwardBy: method.utf8.count)
    var message = ByteBuffer(string: method + "http://")
    message.writeBytes(host)
    message.writeBuffer(&own)
    return message
  }
}
