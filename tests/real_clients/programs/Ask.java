// Asks as Java programs do: by JNDI, which says ANY of the class too, and by InetAddress.
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collections;
import java.util.List;
import java.util.Hashtable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.directory.InitialDirContext;

public class Ask {
    static InitialDirContext gateway;

    public static void main(String[] arguments) throws Exception {
        var settings = new Hashtable<String, String>();
        settings.put("java.naming.factory.initial", "com.sun.jndi.dns.DnsContextFactory");
        settings.put("java.naming.provider.url", "dns://127.0.0.1:1053");
        gateway = new InitialDirContext(settings);
        String denied = "found";
        try {
            InetAddress.getAllByName("alias-nowhere.default.nomad");
        } catch (UnknownHostException notFound) {
            denied = "denied";
        }
        var srv = records("_crowd._tcp.default.nomad", "SRV").stream()
            .map(each -> each.split(" ")).map(part -> part[2] + " " + part[3]);
        System.out.println("{"
            + list("crowd", addresses("crowd.default.nomad").stream()) + ", "
            + list("crowd SRV", srv) + ", "
            + list("alias-chain", addresses("alias-chain.default.nomad").stream()) + ", "
            + list("redis TXT", records("redis.default.nomad", "TXT").stream()) + ", "
            + list("redis ANY", records("redis.default.nomad", null).stream()) + ", "
            + "\"alias-nowhere\": \"" + denied + "\"}");
    }

    static List<String> addresses(String name) throws UnknownHostException {
        return Stream.of(InetAddress.getAllByName(name)).map(InetAddress::getHostAddress).collect(Collectors.toList());
    }

    /** Records of a type; without one all that JNDI gets, of which the addresses. */
    static List<String> records(String name, String type) throws NamingException {
        var attributes = type == null ? gateway.getAttributes(name) : gateway.getAttributes(name, new String[] {type});
        Attribute found = attributes.get(type == null ? "A" : type);
        if (found == null) return List.of("nothing in " + attributes.toString().replace('"', '\''));
        return Collections.list(found.getAll()).stream().map(Object::toString).collect(Collectors.toList());
    }

    static String list(String key, Stream<String> values) {
        return values.map(each -> '"' + each.replace("\\", "\\\\").replace("\"", "\\\"") + '"')
            .collect(Collectors.joining(", ", '"' + key + "\": [", "]"));
    }
}
