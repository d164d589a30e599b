/* The kernel's own limit over UDP: takes datagrams in batches, turns their QR bit and sends them back.
 * It reads no question and keeps no answer, so no name server on the same sockets can be cheaper.
 *
 * usage: echo ADDRESS PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define MESSAGES 32
#define OCTETS 1232

int main(int count, char **arguments) {
    static unsigned char octets[MESSAGES][OCTETS];
    static struct sockaddr_in from[MESSAGES];
    static struct iovec parts[MESSAGES];
    static struct mmsghdr messages[MESSAGES];
    struct sockaddr_in address = {0};
    int udp = socket(AF_INET, SOCK_DGRAM, 0);

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = inet_addr(count > 2 ? arguments[1] : "127.0.0.1");
    address.sin_port = htons((unsigned short)(count > 2 ? atoi(arguments[2]) : 0));
    if (udp < 0 || bind(udp, (struct sockaddr *)&address, sizeof address)) {
        perror("echo");
        return 1;
    }
    for (;;) {
        for (int i = 0; i < MESSAGES; i++) {
            parts[i].iov_base = octets[i];
            parts[i].iov_len = OCTETS;
            messages[i].msg_hdr.msg_name = &from[i];
            messages[i].msg_hdr.msg_namelen = sizeof from[i];
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        int received = recvmmsg(udp, messages, MESSAGES, MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++) {
            parts[i].iov_len = messages[i].msg_len;
            octets[i][2] |= 0x80;
        }
        for (int sent = 0; sent < received;) {
            int more = sendmmsg(udp, messages + sent, (unsigned)(received - sent), 0);
            sent += more > 0 ? more : received;
        }
    }
}
