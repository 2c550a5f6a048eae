/*
 * What one late turn of a run finds, in every order: the real loop, both sources, live and as a
 * replay of its recording. The clock is held; token, requests and sockets are played.
 */
#include "tests/support/tempdir.h"

#include <math.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "auth/token.h"
#include "cli/options.h"
#include "net/http.h"
#include "net/rest.h"
#include "run/run.h"
#include "tests/support/fake_source.h"
#include "util/lines.h"
#include "util/time.h"
#include "window/coverage.h"
#include "ws.h"

#define MS INT64_C(1000)		/* in µs, as all times here */
#define T0 INT64_C(1795485600000000)	/* the connection's begin, and window 0's */
#define WINDOW (500 * MS)
#define WINDOWS 9
#define LIFE (100 * MS)			/* the last message before the late turn */
#define STALL (2000 * MS)		/* turns further apart found a stall */
#define QUEUE_ID "00000001-0000-4000-8000-000000000001"

struct rest {
	struct rest_answer answer;
};

struct ws {
	struct ws_event event[4];
	size_t first, n;
};

static struct {
	int64_t now_us, turn_us;	/* turn: when the next one finds itself */
	int64_t ahead_us;		/* the system's clock */
	bool notices;
	bool opened;			/* the one socket that there ever is */
	struct ws *ws;
} play;

static char *dir;

/* --- the players ---------------------------------------------------------------------- */

enum status http_new(struct http **http, const struct http_conf *conf, struct err *err)
{
	(void)conf, (void)err;
	*http = (struct http *)&play;
	return ST_OK;
}

void http_free(struct http *http)
{
	(void)http;
}

const char *http_versions(void)
{
	return "";
}

const char *http_lacks(void)
{
	return NULL;
}

CURL *http_easy(struct http *http, int64_t timeout_ms)
{
	(void)http, (void)timeout_ms;
	return NULL;
}

CURL *http_easy_to(struct http *http, bool plain, int64_t timeout_ms)
{
	(void)http, (void)plain, (void)timeout_ms;
	return NULL;
}

enum status http_start(struct http *http, CURL *easy, http_done *done, void *arg)
{
	(void)http, (void)easy, (void)done, (void)arg;
	return ST_NET;
}

void http_stop(struct http *http, CURL *easy)
{
	(void)http, (void)easy;
}

void http_release(struct http *http, CURL *easy)
{
	(void)http, (void)easy;
}

enum status http_perform(struct http *http, struct err *err)
{
	(void)http, (void)err;
	return ST_OK;
}

enum status http_wait(struct http *http, struct curl_waitfd *fd, unsigned nfd, int timeout_ms,
	struct err *err)
{
	(void)http, (void)fd, (void)nfd, (void)timeout_ms, (void)err;
	play.now_us = play.turn_us;
	return ST_OK;
}

int64_t http_date_s(const struct http *http)
{
	(void)http;
	return 0;
}

struct token *token_new(const struct token_conf *conf, const struct creds *creds,
	struct token_cache *cache, struct http *http)
{
	(void)conf, (void)creds, (void)cache, (void)http;
	return (struct token *)&play;
}

void token_free(struct token *t)
{
	(void)t;
}

enum token_state token_want(struct token *t, int64_t now_us, int64_t end_us)
{
	(void)t, (void)now_us, (void)end_us;
	return TOKEN_READY;
}

enum token_state token_step(struct token *t, int64_t now_us)
{
	(void)t, (void)now_us;
	return TOKEN_READY;
}

const char *token_value(const struct token *t)
{
	(void)t;
	return "token";
}

const struct token_result *token_result(const struct token *t)
{
	static const struct token_result result = { .cached = false };

	(void)t;
	return &result;
}

void token_drop(struct token *t)
{
	(void)t;
}

const char *token_parse_answer(const char *text, size_t len, char **token, double *life_s)
{
	(void)text, (void)len, (void)token, (void)life_s;
	return "not played";
}

/* Any request is answered at once, and rightly. */
struct rest *rest_start(struct http *http, const struct rest_call *call, int64_t now_us)
{
	struct rest *r = calloc(1, sizeof(*r));

	(void)http, (void)now_us;
	assert_non_null(r);
	r->answer = (struct rest_answer){ .http_status = 200, .retry_after_us = -1 };
	r->answer.body = strcmp(call->method, "PUT") == 0 ? "{\"entities\":[]}"
		: strstr(call->url, "/query") ? "{\"results\":[{\"group\":{\"queueId\":\"" QUEUE_ID
		"\"},\"data\":[{\"metric\":\"oMemberUsers\",\"stats\":{\"count\":3}}]}]}"
		: "{\"id\":\"id\",\"connectUri\":\"wss://h/channel\"}";
	r->answer.len = strlen(r->answer.body);
	return r;
}

void rest_free(struct rest *r)
{
	free(r);
}

bool rest_step(struct rest *r, int64_t now_us)
{
	(void)r, (void)now_us;
	return true;
}

int64_t rest_deadline_us(const struct rest *r)
{
	(void)r;
	return INT64_MIN;
}

const struct rest_answer *rest_answer(const struct rest *r)
{
	return &r->answer;
}

static void brings(struct ws_event event)
{
	if (!play.ws)
		return;
	assert_true(play.ws->n < ARRAY_LEN(play.ws->event));
	play.ws->event[play.ws->n++] = event;
}

/* The second socket never opens. */
struct ws *ws_open(struct http *http, const char *url, const char *payload, int64_t handshake_ms)
{
	struct ws *ws = calloc(1, sizeof(*ws));

	(void)http, (void)url, (void)payload, (void)handshake_ms;
	assert_non_null(ws);
	if (!play.opened) {
		play.ws = ws;
		brings((struct ws_event){ .kind = WS_OPENED });
	}
	play.opened = true;
	return ws;
}

void ws_free(struct ws *ws)
{
	if (ws == play.ws)
		play.ws = NULL;
	free(ws);
}

bool ws_next(struct ws *ws, struct ws_event *event)
{
	if (ws->first == ws->n) {
		ws->first = ws->n = 0;
		return false;
	}
	*event = ws->event[ws->first++];
	return true;
}

bool ws_send(struct ws *ws, const char *text)
{
	(void)ws, (void)text;
	return true;
}

void ws_close(struct ws *ws, int64_t now_us)
{
	(void)ws, (void)now_us;
	if (ws == play.ws)
		brings((struct ws_event){ .kind = WS_ENDED, .end = WS_END_OURS, .reason = "" });
}

/* --- runs ----------------------------------------------------------------------------- */

static int64_t held_now(const struct run_clock *clock)
{
	(void)clock;
	return play.now_us;
}

static int64_t held_real(const struct run_clock *clock)
{
	(void)clock;
	return play.now_us + play.ahead_us;
}

static const struct run_clock held = { .now_us = held_now, .real_us = held_real };

struct process {
	struct options set;
	struct options_made made;
	struct run *run;
	int signal_fd;
};

/* The run borrows the settings that are in it. */
static void start(struct process *p, const char *words)
{
	char text[1024], *argv[64] = { "gsqstat" }, *rest = NULL;
	struct err err = { "" };
	enum status st;
	sigset_t none;
	int argc = 1;

	snprintf(text, sizeof(text), "%s", words);
	for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	*p = (struct process){ .signal_fd = -1 };
	if (options_parse(&p->set, &p->made, argc, argv, "", &st) != PARSED_RUN)
		fail_msg("%s", words);
	sigemptyset(&none);
	p->signal_fd = signalfd(-1, &none, SFD_NONBLOCK | SFD_CLOEXEC);
	if (run_open(&p->run, &p->set, &p->made, &held, p->signal_fd, &err) != ST_OK)
		fail_msg("%s: %s", words, err.text);
}

static enum status turn(struct process *p, int64_t at_us)
{
	struct err err = { "" };

	play.turn_us = at_us;
	return run_is_over(p->run) ? ST_OK : run_turn(p->run, &err);
}

static void end(struct process *p)
{
	struct err err = { "" };

	run_close(p->run, ST_OK, &err);
	close(p->signal_fd);
	options_made_free(&p->made);
	options_free(&p->set);
}

/* What a file in the directory holds, malloc'd. */
static char *read_all(const char *name)
{
	char *path = joined(dir, name), *text = NULL;
	FILE *file = fopen(path, "r");
	size_t size = 0;

	if (file && getdelim(&text, &size, '\0', file) < 0)
		free(text), text = NULL;
	if (file)
		fclose(file);
	free(path);
	return text ? text : strdup("");
}

static void message(void)
{
	static char text[2][512];
	char at[TIME_TEXT_MAX];
	char *into = text[play.notices];

	time_format_us(at, play.turn_us);
	if (play.notices)
		snprintf(into, sizeof(text[0]), "{\"topicName\":\"v2.analytics.queues." QUEUE_ID
			".observations\",\"eventBody\":{\"group\":{\"queueId\":\"" QUEUE_ID "\"},"
			"\"data\":[{\"metrics\":[{\"metric\":\"oMemberUsers\",\"stats\":"
			"{\"count\":%d}}]}]}}", (int)(play.turn_us / MS % 100));
	else
		snprintf(into, sizeof(text[0]), "{\"eventType\":\"routing-statistics-queues\","
			"\"data\":{\"queueId\":\"" QUEUE_ID "\",\"timestamp\":\"%s\","
			"\"state\":{\"active\":1}}}", at);
	brings((struct ws_event){ .kind = WS_TEXT, .text = into, .len = strlen(into) });
}

static void lose(void)
{
	brings((struct ws_event){ .kind = WS_ENDED, .end = WS_END_CLOSED, .close_code = 1011,
		.reason = "" });
}

/* --- one late turn -------------------------------------------------------------------- */

struct found {
	int64_t silent_us, turn_us;	/* since T0: silence is complete; the turn comes */
	bool pong;			/* the silence is that of a ping */
	bool message, loss;		/* what the turn finds in the socket */
};

static int64_t overlap(struct coverage_span a, struct coverage_span b)
{
	int64_t from = a.from_us > b.from_us ? a.from_us : b.from_us;
	int64_t to = a.to_us < b.to_us ? a.to_us : b.to_us;

	return to > from ? to - from : 0;
}

/* The turn before the late one. */
static int64_t turn_before(const struct found *f)
{
	return f->pong ? LIFE + 100 * MS : LIFE;
}

static bool is_stall(const struct found *f)
{
	return f->turn_us - turn_before(f) > STALL;
}

/* By the rules: in the order of moments; at one moment windows, then losses, then messages, then
 * the clock. INT64_MAX: it is not lost. */
static int64_t lost_at(const struct found *f)
{
	bool silent = !is_stall(f) && (f->pong || !play.notices);
	int64_t printed = f->silent_us / WINDOW * WINDOW;

	if (silent && (f->silent_us < f->turn_us
	    || (f->silent_us == f->turn_us && !f->message && !f->loss)))
		return printed > LIFE ? printed : LIFE;
	return f->loss ? f->turn_us : INT64_MAX;
}

static int64_t seen_us(const struct found *f, struct coverage_span window)
{
	struct coverage_span up = { 0, lost_at(f) }, after = { f->turn_us, lost_at(f) };

	if (!is_stall(f))
		return overlap(window, up);
	up.to_us = turn_before(f);
	return overlap(window, up) + overlap(window, after);
}

static double number_after(const char *line, const char *key)
{
	const char *at = strstr(line, key), *end = strchr(line, '\n');

	return at && at < end ? strtod(at + strlen(key), NULL) : 0;
}

static void check_rows(const struct found *f, const char *rows, const char *what)
{
	const char *line = rows;

	for (int i = 0; i < WINDOWS; i++) {
		struct coverage_span window = { i * WINDOW, (i + 1) * WINDOW };
		int64_t seen = seen_us(f, window);
		int64_t parts = seen * 10000 / WINDOW;		/* coverage is cut to 4 decimals */
		double coverage = (double)parts / 10000;

		if (number_after(line, "\"window\":") != i
		    || number_after(line, "\"coverage\":") != coverage
		    || (play.notices
			&& llround(number_after(line, "\"observedMs\":") * 1000) != seen)
		    || (f->message && f->turn_us / WINDOW == i && lost_at(f) >= f->turn_us
			&& number_after(line, "\"updates\":") < 1))
			fail_msg("%s, window %d, %lld us seen: %.*s", what, i, (long long)seen,
				(int)strcspn(line, "\n"), line);
		line = strchr(line, '\n');
		assert_non_null(line);
		line++;
	}
	assert_string_equal(line, "");
}

static const char *flags(void)
{
	return play.notices ? "--source notifications -m oMemberUsers" : "--time arrival";
}

static char *words_of(const char *format, const char *a, const char *b)
{
	char *text = NULL;

	assert_true(asprintf(&text, format, flags(), a, b) > 0);
	return text;
}

/* The same rows from the recording. */
static void check_replay(const char *rows, const char *what)
{
	char *words = words_of("%s -w 500ms -n 9 --audit none --replay %s/tape -o %s/again "
		QUEUE_ID, dir, dir);
	struct process p;
	char *again;

	start(&p, words);
	while (!run_is_over(p.run))
		assert_int_equal(turn(&p, play.now_us), ST_OK);
	end(&p);
	again = read_all("/again");
	if (strcmp(again, rows) != 0)
		fail_msg("%s: the replay differs:\n%s\n%s", what, rows, again);
	free(again);
	free(words);
}

static char *command_of(const struct found *f)
{
	int64_t idle = f->pong ? 100 * MS : play.notices ? 3600000 * MS : f->silent_us - LIFE;
	char pong[64] = "", *text = NULL;

	if (f->pong)
		snprintf(pong, sizeof(pong), " --pong-timeout %lldms",
			(long long)((f->silent_us - turn_before(f)) / MS));
	assert_true(asprintf(&text, "%s -w 500ms -n 9 --audit none --no-cache --record %s/tape "
		"-o %s/rows --idle-timeout %lldms%s " QUEUE_ID, flags(), dir, dir,
		(long long)(idle / MS), pong) > 0);
	return text;
}

static void begin(struct process *p, const char *words)
{
	play.now_us = play.turn_us = T0;
	play.opened = false;
	start(p, words);
	for (int i = 0; i < 12; i++)	/* each request is a turn */
		assert_int_equal(turn(p, T0), ST_OK);
}

static void turn_with_message(struct process *p, int64_t at_us)
{
	play.turn_us = T0 + at_us;
	message();
	turn(p, T0 + at_us);
}

/* All up to the late turn, that turn, and the windows still to come. */
static void find(const struct found *f)
{
	char what[256], *words = command_of(f), *rows;
	struct process p;

	snprintf(what, sizeof(what), "%s: silent at %lld us%s, the turn at %lld us%s%s",
		play.notices ? "notifications" : "stream", (long long)f->silent_us,
		f->pong ? " after a ping" : "", (long long)f->turn_us,
		f->message ? ", a message" : "", f->loss ? ", a loss" : "");
	begin(&p, words);
	turn_with_message(&p, LIFE);
	if (f->pong)
		turn(&p, T0 + turn_before(f));
	play.turn_us = T0 + f->turn_us;
	if (f->message)
		message();
	if (f->loss)
		lose();
	turn(&p, T0 + f->turn_us);
	for (int64_t at = f->turn_us; at < WINDOW * WINDOWS && !run_is_over(p.run);) {
		at = (at / (90 * MS) + 1) * 90 * MS;
		turn_with_message(&p, at);
	}
	assert_true(run_is_over(p.run));
	end(&p);
	rows = read_all("/rows");
	check_rows(f, rows, what);
	check_replay(rows, what);
	free(rows);
	free(words);
}

/* Both orders, the same moment, and the µs around it. */
static void find_all(bool notices, bool pong)
{
	static const int64_t silent[] = { 499, 500, 501 };
	static const int64_t late[] = { 0, 1, 1000, 500000 };
	static const int64_t stalled[] = { 2300001, 2500000 };
	/* under valgrind (make check-slow) a part of them will do */
	unsigned nth = 0, step = getenv("VALGRIND") ? 7 : 1;

	play.notices = notices;
	for (size_t s = 0; s < ARRAY_LEN(silent); s++)
		for (size_t l = 0; l < ARRAY_LEN(late) + ARRAY_LEN(stalled); l++)
			for (int what = 0; what < 4; what++) {
				struct found f = { .silent_us = silent[s] * MS, .pong = pong,
					.message = what & 1, .loss = what & 2 };

				f.turn_us = l < ARRAY_LEN(late) ? f.silent_us + late[l]
					: stalled[l - ARRAY_LEN(late)];
				if (nth++ % step == 0)
					find(&f);
			}
}

TEST(events_at_one_moment__of_the_stream)
{
	find_all(false, false);
}

TEST(events_at_one_moment__of_notifications)
{
	find_all(true, false);
}

TEST(events_at_one_moment__while_a_pong_is_awaited)
{
	find_all(true, true);
}

/* --- the system's clock --------------------------------------------------------------- */

static unsigned count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)))
		text++, n++;
	return n;
}

TEST(clock__that_is_set_is_one_warning_and_changes_no_row)
{
	static const int64_t ahead[] = { 0, 5000 * MS, 3598123 * MS, -7000 * MS };
	static const char *const words[] = { NULL, NULL, "was set forward by 3598s ",
		"was set back by 7s " };
	char *first = NULL;

	play.notices = false;
	for (size_t i = 0; i < ARRAY_LEN(ahead); i++) {
		char *line = words_of("%s -w 500ms -n 9 -s --audit json --no-cache --audit-file "
			"%s/audit -o %s/rows " QUEUE_ID, dir, dir), *rows, *audit;
		struct process p;

		audit = joined(dir, "/audit");
		unlink(audit);
		free(audit);
		play.ahead_us = 0;
		begin(&p, line);
		play.ahead_us = ahead[i];
		for (int64_t at = 0; !run_is_over(p.run); at += 250 * MS)
			assert_int_equal(turn(&p, T0 + at), ST_OK);
		end(&p);
		rows = read_all("/rows");
		audit = read_all("/audit");
		assert_int_equal(count_of(audit, "the system clock"), words[i] != NULL);
		assert_true(!words[i] || strstr(audit, words[i]));
		if (first)
			assert_string_equal(rows, first);
		else
			first = strdup(rows);
		assert_true(*first);
		free(line);
		free(rows);
		free(audit);
	}
	free(first);
}

static int setup(void **state __attribute__((unused)))
{
	dir = tempdir_new();
	setenv("HOME", dir, 1);
	setenv("GENESYS_CLIENT_ID", QUEUE_ID, 1);
	setenv("GENESYS_CLIENT_SECRET", "a-secret-of-some-length", 1);
	setenv("GENESYS_API_HOST", "mypurecloud.de", 1);
	return 0;
}

static int teardown(void **state __attribute__((unused)))
{
	tempdir_free(dir);
	return 0;
}

int main(void)
{
	return run_all_tests(setup, teardown);
}
