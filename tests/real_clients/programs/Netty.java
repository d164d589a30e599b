// Resolves the names of its arguments as Netty's users do, over UDP alone; prints the addresses of each on one line.
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.resolver.ResolvedAddressTypes;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

public class Netty {
    public static void main(String[] names) throws Exception {
        var group = new NioEventLoopGroup(1);
        var gateway = new SingletonDnsServerAddressStreamProvider(new InetSocketAddress("127.0.0.1", 1053));
        var resolver = new DnsNameResolverBuilder(group.next())
            .channelType(NioDatagramChannel.class)
            .nameServerProvider(gateway)
            .resolvedAddressTypes(ResolvedAddressTypes.IPV4_ONLY)
            .build();
        try {
            for (String name : names) {
                System.out.println(resolver.resolveAll(name).get().stream()
                    .map(each -> each.getHostAddress()).collect(Collectors.joining(" ")));
            }
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
        }
    }
}
