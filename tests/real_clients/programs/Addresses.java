// Prints the addresses that Java finds with the system's settings, one a line; ends with 2 where there are none.
import java.net.InetAddress;
import java.net.UnknownHostException;

public class Addresses {
    public static void main(String[] arguments) {
        try {
            for (var address : InetAddress.getAllByName(arguments[0])) {
                System.out.println(address.getHostAddress());
            }
        } catch (UnknownHostException notFound) {
            System.err.println(notFound);
            System.exit(2);
        }
    }
}
