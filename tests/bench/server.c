/*
 * Both services in C, so that neither is the limit of what is measured: POST /oauth/token, and
 *   /stream          frames of 300 bytes for 50 queues,
 *   /api/v2/...      what the notification service answers before its socket opens, and
 *   /channels/ID     its frames of 600 bytes for 500 queues,
 * over TLS, as fast as they are taken. The channel it created itself begins once the snapshot
 * was answered; /channels/drain begins at once. It prints its port, then a line for each
 * request: `POST /oauth/token`.
 *
 *   server CERT KEY FRAMES      serves until it is killed
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define STREAM_PAYLOAD 300
#define NOTICE_PAYLOAD 600
#define STREAM_QUEUES 50
#define NOTICE_QUEUES 500
#define BATCH 50
#define QUERIES 3		/* of 200 queues each, for all of them */
#define CHANNEL "streaming-0-bench"
#define BODY_MAX (256 * 1024)

#define ID "%08x-0000-4000-8000-%012x"
#define SPAN "\"%s.%03dZ/%s.%03dZ\""

static const char token[] =
	"{\"access_token\":\"bench\",\"token_type\":\"bearer\",\"expires_in\":3600}";
static const char stream_frame[] = "{\"eventType\":\"routing-statistics-queues\",\"data\":"
	"{\"queueId\":\"" ID "\",\"interval\":\"PT10S\",\"timestamp\":\"%s.%06dZ\",\"state\":"
	"{\"active\":%d,\"waiting\":%d},\"queueState\":{\"active\":%d},"
	"\"conversationCount\":{\"total\":%d},\"waitTime\":{\"avail\":%d,\"avg\":%d}}}";
static const char notice_head[] = "{\"topicName\":\"v2.analytics.queues." ID ".observations\","
	"\"version\":\"2\",\"eventBody\":{\"group\":{\"queueId\":\"" ID "\",\"mediaType\":"
	"\"%s\"},\"data\":[{\"interval\":";
static const char notice_gauges[] = SPAN ",\"metrics\":["
	"{\"metric\":\"oWaiting\",\"stats\":{\"count\":%d}},"
	"{\"metric\":\"oInteracting\",\"stats\":{\"count\":%d}},"
	"{\"metric\":\"oAlerting\",\"stats\":{\"count\":%d}},"
	"{\"metric\":\"oFlow\",\"stats\":{\"count\":%d}},"
	"{\"metric\":\"oLongestWaiting\",\"stats\":{\"calculatedMetricValue\":%lld}}";
static const char notice_totals[] = SPAN ",\"metrics\":["
	"{\"metric\":\"nOffered\",\"stats\":{\"count\":%d}},"
	"{\"metric\":\"tWait\",\"stats\":{\"count\":%d,\"sum\":%d,\"min\":%d,\"max\":%d}},"
	"{\"metric\":\"oServiceLevel\",\"stats\":"
	"{\"ratio\":0.75,\"numerator\":3,\"denominator\":4,\"target\":0.8}}";
static const char notice_tail[] = "]}]},\"metadata\":{\"CorrelationId\":\"" ID "\"}}";

static long frames;		/* of each stream */
static int port;
static _Atomic int *unasked;	/* queries to come before frames do; all processes' */

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

/* The second as ISO 8601, without its zone. */
static const char *second_text(time_t second)
{
	static time_t last;
	static char text[32];
	struct tm tm;

	if (second != last)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&second, &tm));
	last = second;
	return text;
}

static int stream_text(char *out, size_t size, long n, int64_t us)
{
	unsigned queue = (unsigned)(n % STREAM_QUEUES) + 1;

	return snprintf(out, size, stream_frame, queue, queue, second_text(us / 1000000),
		(int)(us % 1000000), random_below(0, 20), random_below(0, 9), random_below(0, 20),
		random_below(0, 60), random_below(0, 5000), random_below(0, 29000));
}

/* Gauges of the moment; every tenth are totals of the half hour. Two media types a queue. */
static int notice_text(char *out, size_t size, long n, int64_t us)
{
	unsigned queue = (unsigned)(n % NOTICE_QUEUES) + 1, round = (unsigned)(n / NOTICE_QUEUES);
	int64_t second = us / 1000000, begin = second / 1800 * 1800;
	int ms = (int)(us / 1000 % 1000), count = 1 + (int)round, len;
	char text[32];

	len = snprintf(out, size, notice_head, queue, queue, queue, queue,
		round % 2 ? "chat" : "voice");
	if ((round + queue) % 10) {
		const char *now = second_text(second);

		len += snprintf(out + len, size - (size_t)len, notice_gauges, now, ms, now, ms,
			random_below(0, 20), random_below(0, 60), random_below(0, 9),
			random_below(0, 9), (long long)us / 1000 - random_below(0, 90000));
	} else {
		snprintf(text, sizeof(text), "%s", second_text(begin));
		len += snprintf(out + len, size - (size_t)len, notice_totals, text, 0,
			second_text(begin + 1800), 0, count, count, 9000 * count, 11, 29000);
	}
	return len + snprintf(out + len, size - (size_t)len, notice_tail, queue, (unsigned)n);
}

/* A text frame whose payload has blanks at its end, stamped just behind the clock. */
static void make_frame(unsigned char *out, int payload, long n, int64_t us)
{
	char *text = (char *)out + 4, body[1024];
	int len = payload == NOTICE_PAYLOAD ? notice_text(body, sizeof(body), n, us)
		: stream_text(body, sizeof(body), n, us);

	if (len > payload)
		abort();
	out[0] = 0x81;
	out[1] = 126;
	out[2] = (unsigned char)(payload >> 8);
	out[3] = (unsigned char)(payload & 255);
	memset(text, ' ', (size_t)payload);
	memcpy(text, body, (size_t)len);
}

/* Windows begin when the snapshot is in, and what comes before counts in none. */
static void wait_for_snapshot(void)
{
	while (*unasked > 0)
		usleep(10000);
	usleep(300000);
}

static void send_frames(SSL *ssl, int payload)
{
	static unsigned char batch[BATCH * (NOTICE_PAYLOAD + 4)];
	int64_t last = 0;
	char rest[512];

	for (long sent = 0; sent < frames; sent += BATCH) {
		int64_t us = now_us() - BATCH;

		for (int i = 0; i < BATCH; i++) {
			last = us > last ? us : last + 1;
			make_frame(batch + i * (payload + 4), payload, sent + i, last);
		}
		if (SSL_write(ssl, batch, BATCH * (payload + 4)) <= 0)
			return;
	}
	while (SSL_read(ssl, rest, sizeof(rest)) > 0 && (rest[0] & 0x0F) != 8)
		;
	SSL_write(ssl, "\x88\x02\x03\xe8", 4);
}

static void upgrade(SSL *ssl, const char *key)
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
}

/* Every topic that was put is permitted. */
static size_t put_topics(char *out, size_t size, const char *asked)
{
	const char *at = asked;
	size_t len = (size_t)snprintf(out, size, "{\"entities\":[");

	for (int n = 0; (at = strstr(at, "\"v2.")); n++, at += 4)
		len += (size_t)snprintf(out + len, size - len,
			"%s{\"id\":%.*s\",\"state\":\"Permitted\"}", n ? "," : "",
			(int)strcspn(at + 1, "\"") + 1, at);
	return len + (size_t)snprintf(out + len, size - len, "]}");
}

static const char result[] = "{\"group\":{\"queueId\":\"%.36s\"},\"data\":[{\"metric\":"
	"\"oOnQueueUsers\",\"qualifier\":\"IDLE\",\"stats\":{\"count\":4}}]},{\"group\":"
	"{\"queueId\":\"%.36s\",\"mediaType\":\"voice\"},\"data\":[{\"metric\":\"oWaiting\","
	"\"stats\":{\"count\":2}},{\"metric\":\"oInteracting\",\"stats\":{\"count\":3}}]}";

/* Some values for each queue that was asked for. */
static size_t put_results(char *out, size_t size, const char *asked)
{
	const char *at = asked, *between = "";
	size_t len = (size_t)snprintf(out, size, "{\"results\":[");

	for (; (at = strstr(at, "\"value\":\"")); between = ",") {
		at += 9;
		len += (size_t)snprintf(out + len, size - len, "%s", between);
		len += (size_t)snprintf(out + len, size - len, result, at, at);
	}
	return len + (size_t)snprintf(out + len, size - len, "]}");
}

static size_t put_answer(char *out, size_t size, const char *request)
{
	size_t len;

	if (strncmp(request, "POST /oauth/token", 17) == 0)
		return (size_t)snprintf(out, size, "%s", token);
	if (strncmp(request, "DELETE ", 7) == 0)
		return 0;
	if (strstr(request, "/subscriptions"))
		return put_topics(out, size, strstr(request, "\r\n\r\n"));
	if (strstr(request, "/observations/query")) {
		len = put_results(out, size, strstr(request, "\r\n\r\n"));
		--*unasked;
		return len;
	}
	*unasked = QUERIES;
	return (size_t)snprintf(out, size, "{\"connectUri\":\"wss://localhost:%d/channels/"
		CHANNEL "\",\"id\":\"" CHANNEL "\",\"expires\":"
		"\"2100-01-01T00:00:00.000Z\"}", port);
}

/* A request with its body; false: it did not come. */
static int read_request(SSL *ssl, char *request, size_t size)
{
	size_t len = 0, want = 0;
	const char *body = NULL, *length;

	do {
		int n = SSL_read(ssl, request + len, (int)(size - 1 - len));

		if (n <= 0)
			return 0;
		len += (size_t)n;
		request[len] = '\0';
		body = strstr(request, "\r\n\r\n");
		length = strcasestr(request, "content-length: ");
		want = body && length && length < body ? strtoul(length + 16, NULL, 10) : 0;
	} while (!body || len - (size_t)(body + 4 - request) < want);
	return 1;
}

static void serve(SSL *ssl)
{
	static char request[BODY_MAX], answer[BODY_MAX], head[256];
	const char *key;
	size_t len;

	if (SSL_accept(ssl) <= 0)
		return;
	while (read_request(ssl, request, sizeof(request))) {
		key = strcasestr(request, "sec-websocket-key: ");
		if (key) {
			upgrade(ssl, key + 19);
			if (strstr(request, " /channels/" CHANNEL " "))
				wait_for_snapshot();
			send_frames(ssl, strstr(request, " /channels/")
				? NOTICE_PAYLOAD : STREAM_PAYLOAD);
			return;
		}
		printf("%.*s\n", (int)strcspn(request + 8, " ?") + 8, request);
		fflush(stdout);
		len = put_answer(answer, sizeof(answer), request);
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: application/json"
			"\r\nContent-Length: %zu\r\n\r\n", len);
		SSL_write(ssl, head, (int)strlen(head));
		if (len)
			SSL_write(ssl, answer, (int)len);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	unasked = mmap(NULL, sizeof(*unasked), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	if (argc != 4 || listener < 0 || SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1
	    || SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1
	    || bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(listener, 64) != 0
	    || unasked == MAP_FAILED || getsockname(listener, (struct sockaddr *)&at, &size) != 0)
		return 1;
	frames = strtol(argv[3], NULL, 10);
	port = ntohs(at.sin_port);
	printf("%d\n", port);
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && fork() == 0) {
			SSL *ssl = SSL_new(context);

			SSL_set_fd(ssl, fd);
			serve(ssl);
			SSL_shutdown(ssl);
			_exit(0);
		}
		close(fd);
	}
}
