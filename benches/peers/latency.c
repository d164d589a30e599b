/* How long answers over UDP take, at a steady rate, one question at a time. The end is the kernel's time of the answer's
 * arrival, so that what else runs on the client's core does not count.
 *
 * usage: latency ADDRESS PORT SECONDS PER_SECOND FILE; the file has questions, each behind its length in two octets.
 * Prints how many were answered and how many were not, and then each time in nanoseconds, a line each. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define OCTETS 4096
#define MOST_QUESTIONS 4096
#define PATIENCE_MS 1000
#define SECOND 1000000000ll

static long long now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

/* The length of the answer, and when it came. */
static ssize_t receive(int udp, unsigned char *octets, long long *at) {
    union {
        struct cmsghdr header;
        char octets[256];
    } control;
    struct iovec part = {octets, OCTETS};
    struct msghdr message = {0};

    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    ssize_t length = recvmsg(udp, &message, MSG_DONTWAIT);
    *at = now(CLOCK_REALTIME);
    for (struct cmsghdr *it = CMSG_FIRSTHDR(&message); length >= 0 && it; it = CMSG_NXTHDR(&message, it))
        if (it->cmsg_level == SOL_SOCKET && it->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(it), sizeof time);
            *at = time.tv_sec * SECOND + time.tv_nsec;
        }
    return length;
}

/* Waits for the answer to the question with this id; -1 when there is none. */
static long long answered(int udp, const unsigned char *question, long long sent) {
    unsigned char octets[OCTETS];
    long long at;
    for (;;) {
        struct pollfd waiting = {udp, POLLIN, 0};
        if (poll(&waiting, 1, PATIENCE_MS) <= 0)
            return -1;
        ssize_t length = receive(udp, octets, &at);
        if (length >= 12 && !memcmp(octets, question, 2))
            return (octets[3] & 15) == 0 && octets[7] ? at - sent : -1;
    }
}

int main(int count, char **arguments) {
    static unsigned char questions[MOST_QUESTIONS][512];
    static unsigned short lengths[MOST_QUESTIONS];
    struct sockaddr_in address = {0};
    int udp = socket(AF_INET, SOCK_DGRAM, 0), yes = 1, known = 0;
    FILE *file = count > 5 ? fopen(arguments[5], "rb") : NULL;
    unsigned char length[2];

    if (!file || udp < 0) {
        perror("latency");
        return 1;
    }
    while (known < MOST_QUESTIONS && fread(length, 1, 2, file) == 2) {
        lengths[known] = (unsigned short)(length[0] << 8 | length[1]);
        if (lengths[known] > sizeof questions[0] || fread(questions[known], 1, lengths[known], file) != lengths[known])
            return 1;
        known++;
    }
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = inet_addr(arguments[1]);
    address.sin_port = htons((unsigned short)atoi(arguments[2]));
    if (!known || connect(udp, (struct sockaddr *)&address, sizeof address) ||
        setsockopt(udp, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes)) {
        perror("latency");
        return 1;
    }
    long rate = atol(arguments[4]), total = (long)(atof(arguments[3]) * (double)rate), good = 0;
    long long *times = malloc((size_t)total * sizeof *times), begun = now(CLOCK_MONOTONIC);
    for (long i = 0; times && i < total; i++) {
        long long due = begun + i * SECOND / rate, late = now(CLOCK_MONOTONIC) - due;
        struct timespec at = {due / SECOND, due % SECOND};
        unsigned char *question = questions[i % known];
        if (late < 0)
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        question[0] = (unsigned char)(i >> 8);
        question[1] = (unsigned char)i;
        long long sent = now(CLOCK_REALTIME);
        if (send(udp, question, lengths[i % known], 0) < 0)
            continue;
        long long took = answered(udp, question, sent);
        if (took >= 0)
            times[good++] = took;
    }
    printf("answered %ld, not %ld\n", good, total - good);
    for (long i = 0; i < good; i++)
        printf("%lld\n", times[i]);
    return 0;
}
