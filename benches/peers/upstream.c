/* The server that forwarders ask: it answers every question of type A with the same three addresses, and every other one
 * with none. It checks nothing and keeps the letter case of the question; with EDNS it answers with EDNS.
 *
 * usage: upstream ADDRESS PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGES 32
#define OCTETS 1232
#define HEADER 12
#define RECORDS 3

/* A pointer to the question, type A, class IN, an hour, and an address of a network for documentation (RFC 5737). */
static const unsigned char record[] = {0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 192, 0, 2, 1};
static const unsigned char opt[] = {0, 0, 41, 1232 >> 8, 1232 & 0xff, 0, 0, 0, 0, 0, 0};

/* The length of the question behind the header, its type and class with it; 0 when it has no end. */
static size_t question_of(const unsigned char *message, size_t length) {
    size_t at = HEADER;
    while (at < length && message[at])
        at += 1 + message[at];
    return at + 5 <= length ? at + 5 - HEADER : 0;
}

/* Makes the answer where the query is; the length of it, 0 for none. */
static size_t answer(unsigned char *message, size_t length) {
    size_t question = length > HEADER ? question_of(message, length) : 0;
    size_t at = HEADER + question;
    int has_edns = message[11] != 0;

    if (!question || message[2] & 0x80 || at + RECORDS * sizeof record + sizeof opt > OCTETS)
        return 0;
    int is_address = message[at - 4] == 0 && message[at - 3] == 1;
    message[2] |= 0x80;
    message[3] = 0x80;
    memset(message + 6, 0, 6);
    message[7] = is_address ? RECORDS : 0;
    message[11] = has_edns ? 1 : 0;
    for (int i = 0; is_address && i < RECORDS; i++) {
        memcpy(message + at, record, sizeof record);
        at += sizeof record;
        message[at - 1] = (unsigned char)(i + 1);
    }
    if (has_edns) {
        memcpy(message + at, opt, sizeof opt);
        at += sizeof opt;
    }
    return at;
}

int main(int count, char **arguments) {
    static unsigned char octets[MESSAGES][OCTETS];
    static struct sockaddr_in from[MESSAGES];
    static struct iovec in[MESSAGES], out[MESSAGES];
    static struct mmsghdr received[MESSAGES], ready[MESSAGES];
    struct sockaddr_in address = {0};
    int udp = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;

    address.sin_family = AF_INET;
    address.sin_addr.s_addr = inet_addr(count > 2 ? arguments[1] : "127.0.0.1");
    address.sin_port = htons((unsigned short)(count > 2 ? atoi(arguments[2]) : 0));
    if (udp < 0 || bind(udp, (struct sockaddr *)&address, sizeof address)) {
        perror("upstream");
        return 1;
    }
    setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    for (;;) {
        for (int i = 0; i < MESSAGES; i++) {
            in[i].iov_base = octets[i];
            in[i].iov_len = OCTETS;
            received[i].msg_hdr.msg_name = &from[i];
            received[i].msg_hdr.msg_namelen = sizeof from[i];
            received[i].msg_hdr.msg_iov = &in[i];
            received[i].msg_hdr.msg_iovlen = 1;
        }
        int got = recvmmsg(udp, received, MESSAGES, MSG_WAITFORONE, NULL), answers = 0;
        for (int i = 0; i < got; i++) {
            size_t length = answer(octets[i], received[i].msg_len);
            if (!length)
                continue;
            out[answers].iov_base = octets[i];
            out[answers].iov_len = length;
            ready[answers].msg_hdr.msg_name = &from[i];
            ready[answers].msg_hdr.msg_namelen = sizeof from[i];
            ready[answers].msg_hdr.msg_iov = &out[answers];
            ready[answers].msg_hdr.msg_iovlen = 1;
            answers++;
        }
        for (int sent = 0; sent < answers;) {
            int more = sendmmsg(udp, ready + sent, (unsigned)(answers - sent), 0);
            /* Who asked may be gone: its answer alone is lost. */
            sent += more > 0 ? more : 1;
        }
    }
}
