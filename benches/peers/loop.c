/* The least that answers over UDP: looks a question up among those it was given, copies the answer that it
 * was given with it, and patches the id. It checks nothing, counts nothing and knows no names.
 *
 * usage: loop ADDRESS PORT FILE; the file has, one after the other, a question, its answer, and its answer with EDNS,
 * each behind its length in two octets. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGES 32
#define OCTETS 4096
#define HEADER 12
/* A power of two, several times as many as there are questions. */
#define SLOTS 16384

struct octets {
    unsigned short length;
    unsigned char *start;
};

static struct entry {
    struct octets question, plain, edns;
} table[SLOTS];

static uint32_t slot_of(const unsigned char *question, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ question[i]) * 16777619u;
    return hash % SLOTS;
}

static struct entry *find(const unsigned char *question, size_t length) {
    uint32_t slot = slot_of(question, length);
    while (table[slot].question.start &&
           (table[slot].question.length != length || memcmp(table[slot].question.start, question, length)))
        slot = (slot + 1) % SLOTS;
    return &table[slot];
}

static int take(FILE *file, struct octets *out) {
    unsigned char length[2];
    if (fread(length, 1, 2, file) != 2)
        return 0;
    out->length = (unsigned short)(length[0] << 8 | length[1]);
    out->start = malloc(out->length);
    return out->start && fread(out->start, 1, out->length, file) == out->length;
}

/* The length of the question behind the header, its type and class with it; 0 when it has no end. */
static size_t question_of(const unsigned char *message, size_t length) {
    size_t at = HEADER;
    while (at < length && message[at])
        at += 1 + message[at];
    return at + 5 <= length ? at + 5 - HEADER : 0;
}

int main(int count, char **arguments) {
    static unsigned char in[MESSAGES][OCTETS], out[MESSAGES][OCTETS];
    static struct sockaddr_in from[MESSAGES];
    static struct iovec parts[MESSAGES];
    static struct mmsghdr messages[MESSAGES];
    struct sockaddr_in address = {0};
    struct entry read = {0};
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    FILE *file = count > 3 ? fopen(arguments[3], "rb") : NULL;

    if (!file) {
        perror("loop");
        return 1;
    }
    while (take(file, &read.question) && take(file, &read.plain) && take(file, &read.edns))
        *find(read.question.start, read.question.length) = read;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = inet_addr(arguments[1]);
    address.sin_port = htons((unsigned short)atoi(arguments[2]));
    if (udp < 0 || bind(udp, (struct sockaddr *)&address, sizeof address)) {
        perror("loop");
        return 1;
    }
    for (;;) {
        for (int i = 0; i < MESSAGES; i++) {
            parts[i].iov_base = in[i];
            parts[i].iov_len = OCTETS;
            messages[i].msg_hdr.msg_name = &from[i];
            messages[i].msg_hdr.msg_namelen = sizeof from[i];
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        int received = recvmmsg(udp, messages, MESSAGES, MSG_WAITFORONE, NULL), ready = 0;
        for (int i = 0; i < received; i++) {
            size_t length = question_of(in[i], messages[i].msg_len);
            struct entry *entry = find(in[i] + HEADER, length);
            struct octets *answer = in[i][11] ? &entry->edns : &entry->plain;
            if (!length || !entry->question.start)
                continue;
            memcpy(out[ready], answer->start, answer->length);
            memcpy(out[ready], in[i], 2);
            parts[ready].iov_base = out[ready];
            parts[ready].iov_len = answer->length;
            messages[ready].msg_hdr.msg_name = &from[i];
            messages[ready].msg_hdr.msg_iov = &parts[ready];
            ready++;
        }
        for (int sent = 0; sent < ready;) {
            int more = sendmmsg(udp, messages + sent, (unsigned)(ready - sent), 0);
            sent += more > 0 ? more : ready;
        }
    }
}
