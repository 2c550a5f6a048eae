/*
 * A gateway in C, so that it is not the limit of what is measured: POST /oauth/token, and a
 * stream of FRAMES frames of 300 bytes over TLS for 50 queues, as fast as they are taken.
 *
 *   server CERT KEY FRAMES      prints its port, serves until it is killed
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAYLOAD 300
#define FRAME (PAYLOAD + 4)
#define QUEUES 50
#define BATCH 50

static const char token[] =
	"{\"access_token\":\"bench\",\"token_type\":\"bearer\",\"expires_in\":3600}";
static const char template[] = "{\"eventType\":\"routing-statistics-queues\",\"data\":{\"queueId\":"
	"\"%08x-0000-4000-8000-%012x\",\"interval\":\"PT10S\",\"timestamp\":\"%s.%06dZ\",\"state\":"
	"{\"active\":%d,\"waiting\":%d},\"queueState\":{\"active\":%d},"
	"\"conversationCount\":{\"total\":%d},\"waitTime\":{\"avail\":%d,\"avg\":%d}}}";

static uint64_t seed = 1;

static int random_below(int low, int high)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return low + (int)((seed >> 33) % (uint64_t)(high - low));
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A text frame of PAYLOAD bytes (blanks at its end), stamped just behind the clock. */
static void make_frame(unsigned char *out, unsigned queue, int64_t us)
{
	static time_t second;
	static char text[32];
	char *payload = (char *)out + 4, body[512];
	int n;

	if (us / 1000000 != second) {
		struct tm tm;

		second = us / 1000000;
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &tm));
	}
	out[0] = 0x81;
	out[1] = 126;
	out[2] = PAYLOAD >> 8;
	out[3] = PAYLOAD & 255;
	n = snprintf(body, sizeof(body), template, queue, queue, text, (int)(us % 1000000),
		random_below(0, 20), random_below(0, 9), random_below(0, 20), random_below(0, 60),
		random_below(0, 5000), random_below(0, 29000));
	memset(payload, ' ', PAYLOAD);
	memcpy(payload, body, (size_t)n);
}

static void send_frames(SSL *ssl, long frames)
{
	static unsigned char batch[BATCH * FRAME];
	int64_t last = 0;
	char rest[512];

	for (long sent = 0; sent < frames; sent += BATCH) {
		int64_t us = now_us() - BATCH;

		for (int i = 0; i < BATCH; i++) {
			last = us > last ? us : last + 1;
			make_frame(batch + i * FRAME, (unsigned)((sent + i) % QUEUES) + 1, last);
		}
		if (SSL_write(ssl, batch, sizeof(batch)) <= 0)
			return;
	}
	while (SSL_read(ssl, rest, sizeof(rest)) > 0 && (rest[0] & 0x0F) != 8)
		;
	SSL_write(ssl, "\x88\x02\x03\xe8", 4);
}

static void upgrade(SSL *ssl, const char *key, long frames)
{
	unsigned char hash[EVP_MAX_MD_SIZE], accept[64];
	char text[256];
	unsigned len;

	snprintf(text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
	EVP_Digest(text, strlen(text), hash, &len, EVP_sha1(), NULL);
	EVP_EncodeBlock(accept, hash, (int)len);
	snprintf(text, sizeof(text), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", (char *)accept);
	SSL_write(ssl, text, (int)strlen(text));
	send_frames(ssl, frames);
}

static void serve(SSL *ssl, long frames)
{
	char request[16384], answer[512];
	int len = 0, n;
	const char *key;

	if (SSL_accept(ssl) <= 0)
		return;
	do {
		n = SSL_read(ssl, request + len, (int)sizeof(request) - 1 - len);
		if (n <= 0)
			return;
		len += n;
		request[len] = '\0';
	} while (!strstr(request, "\r\n\r\n"));
	key = strcasestr(request, "sec-websocket-key: ");
	if (key) {
		upgrade(ssl, key + 19, frames);
		return;
	}
	snprintf(answer, sizeof(answer), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
		"Connection: close\r\nContent-Length: %zu\r\n\r\n%s", strlen(token), token);
	SSL_write(ssl, answer, (int)strlen(answer));
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	if (argc != 4 || listener < 0 || SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1
	    || SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1
	    || bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 64) != 0
	    || getsockname(listener, (struct sockaddr *)&at, &size) != 0)
		return 1;
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			SSL *ssl = SSL_new(context);

			SSL_set_fd(ssl, fd);
			serve(ssl, strtol(argv[3], NULL, 10));
			SSL_shutdown(ssl);
			_exit(0);
		}
		close(fd);
	}
}
