/* Deliveries on a held clock: requests and the spool are played here, in place of http_post.c and
 * spool.c. */
#include "tests/support/tempdir.h"
#include "webhook/deliveries.h"
#include "webhook/http_post.h"

#define MS INT64_C(1000)
#define S INT64_C(1000000)
#define T0 (INT64_C(1795485600) * S)
#define RUN "aaaaaaaa-1111-4111-8111-111111111111"
#define START_MS (T0 / 1000)
#define POSTS_MAX 4096
#define NEVER INT64_MAX

/* --- http_post.c, played ------------------------------------------------------------------- */

struct http_post {
	bool used, done;
	int64_t end_us;
	struct http_post_answer answer;
};

static const struct targets_flags flags = { "--callback-header-file", "--callback-key-file",
	"--callback-spool" };

static struct posted {		/* what was sent, in order */
	char url[64], id[PAYLOAD_ID_MAX], stamp[32], signature[256];
	size_t len;
	struct http_post *post;
} posted[POSTS_MAX];
static size_t nposted, under_way;
static struct http_post_answer *reply;	/* at once, to all; NULL: none comes */

static void take_header(char *to, size_t size, const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(line, name, len) == 0)
		snprintf(to, size, "%s", line + len);
}

struct http_post *http_post_start(struct http *http, const struct http_post_call *call,
	int64_t now_us)
{
	struct posted *p = &posted[nposted++];
	struct http_post *post = calloc(1, sizeof(*post));

	(void)http;
	assert_true(nposted < POSTS_MAX);
	assert_non_null(post);
	*p = (struct posted){ .len = call->len, .post = post };
	snprintf(p->url, sizeof(p->url), "%s", call->url);
	for (size_t i = 0; i < call->headers[0]->n; i++) {
		const char *line = call->headers[0]->v[i];

		take_header(p->id, sizeof(p->id), line, "webhook-id: ");
		take_header(p->stamp, sizeof(p->stamp), line, "webhook-timestamp: ");
		take_header(p->signature, sizeof(p->signature), line,
			"webhook-signature: ");
	}
	under_way++;
	post->end_us = now_us + call->timeout_us;
	post->done = reply != NULL;
	if (reply)
		post->answer = *reply;
	return post;
}

void http_post_free(struct http_post *p)
{
	for (size_t i = 0; p && i < nposted; i++)
		if (posted[i].post == p)
			posted[i].post = NULL;
	under_way -= p != NULL;
	free(p);
}

bool http_post_step(struct http_post *p, int64_t now_us)
{
	if (!p->done && now_us >= p->end_us) {
		p->answer =
			(struct http_post_answer){ HTTP_POST_AGAIN, 0, -1, "no answer in time" };
		p->done = true;
	}
	return p->done;
}

int64_t http_post_deadline_us(const struct http_post *p)
{
	return p->done ? INT64_MIN : p->end_us;
}

const struct http_post_answer *http_post_answer(const struct http_post *p)
{
	return &p->answer;
}

/* --- spool.c, played -------------------------------------------------------------------- */

struct spool {
	bool ours;
	enum spool_put put;
	bool sync_fails;
	size_t syncs, displaced;
	size_t n;
	struct {
		bool refused;
		char name[SPOOL_NAME_MAX], id[PAYLOAD_ID_MAX], url[64];
		size_t nposted;		/* when it was written */
	} file[600];
	char read[600][SPOOL_NAME_MAX];	/* spool_next()'s places, from 1 */
	size_t nread;
};
static struct spool disk;

static size_t refused_on_disk(void)
{
	size_t n = 0;

	for (size_t i = 0; i < disk.n; i++)
		n += disk.file[i].refused;
	return n;
}

enum spool_put spool_put(struct spool *s, int64_t start_ms, const char *run, int64_t window,
	size_t part, struct spool_item *item, struct err *err)
{
	if (s->put != SPOOL_KEPT) {
		err_set(err, ST_OUTPUT, "the disk is gone");
		return s->put;
	}
	assert_true(s->n < ARRAY_LEN(s->file));
	snprintf(item->name, sizeof(item->name), "%013lld-%s-%08lld-%03zu-%08zx.json",
		(long long)start_ms, run, (long long)window, part, strlen(item->url));
	memcpy(s->file[s->n].name, item->name, sizeof(item->name));
	snprintf(s->file[s->n].id, PAYLOAD_ID_MAX, "%s", item->id);
	snprintf(s->file[s->n].url, 64, "%s", item->url);
	s->file[s->n].refused = false;
	s->file[s->n++].nposted = SIZE_MAX;	/* not until it is synced */
	return SPOOL_KEPT;
}

bool spool_sync(struct spool *s, struct err *err)
{
	s->syncs++;
	for (size_t i = 0; i < s->n; i++)
		if (s->file[i].nposted == SIZE_MAX)
			s->file[i].nposted = nposted;
	if (s->sync_fails)
		err_set(err, ST_OUTPUT, "the disk does not answer");
	return !s->sync_fails;
}

size_t spool_displaced(struct spool *s)
{
	size_t n = s->displaced;

	s->displaced = 0;
	return n;
}

static size_t place_of(const struct spool *s, const char *name)
{
	size_t i = 0;

	while (i < s->n && strcmp(s->file[i].name, name) != 0)
		i++;
	if (i == s->n)
		fail_msg("%s is not in the spool", name);
	return i;
}

void spool_refuse(struct spool *s, const char *name)
{
	s->file[place_of(s, name)].refused = true;
}

void spool_drop(struct spool *s, const char *name)
{
	size_t i = place_of(s, name);

	s->file[i] = s->file[--s->n];
}

bool spool_is_ours_to_send(const struct spool *s)
{
	return s->ours;
}

bool spool_next(struct spool *s, const char *url, size_t *place, struct spool_item *item,
	struct lines *warnings)
{
	const char *after = *place ? s->read[*place - 1] : "";
	size_t best = SIZE_MAX;

	(void)warnings;
	for (size_t i = 0; i < s->n; i++)
		if (!strstr(s->file[i].name, RUN)
		    && strcmp(s->file[i].url, url) == 0 && strcmp(s->file[i].name, after) > 0
		    && (best == SIZE_MAX || strcmp(s->file[i].name, s->file[best].name) < 0))
			best = i;
	if (best == SIZE_MAX)
		return false;
	*item = (struct spool_item){ .id = s->file[best].id, .url = url, .type = "text/plain",
		.body = "{}", .len = 2 };
	memcpy(item->name, s->file[best].name, sizeof(item->name));
	assert_true(s->nread < ARRAY_LEN(s->read));
	memcpy(s->read[s->nread], item->name, sizeof(item->name));
	*place = ++s->nread;
	return true;
}

/* A file of another run, which began ms after this one. */
static void left(int ms, int window, const char *url)
{
	snprintf(disk.file[disk.n].name, SPOOL_NAME_MAX, "%013lld-%s-%08d-000-0.json",
		(long long)START_MS + ms, "bbbbbbbb-1111-4111-8111-111111111111", window);
	snprintf(disk.file[disk.n].id, PAYLOAD_ID_MAX, "b-%d-0", window);
	snprintf(disk.file[disk.n++].url, 64, "%s", url);
}

/* --- the stage -------------------------------------------------------------------------- */

static struct targets targets;
static struct deliveries *c;
static int64_t now;
static struct lines warnings;
static size_t reported[DELIVERIES_KINDS];
static struct deliveries_event last;
static char last_reason[512], last_id[PAYLOAD_ID_MAX], lost_id[PAYLOAD_ID_MAX];

static void report(void *arg, const struct deliveries_event *e)
{
	(void)arg;
	reported[e->kind]++;
	last = *e;
	snprintf(last_reason, sizeof(last_reason), "%s", e->reason ? e->reason : "");
	snprintf(last_id, sizeof(last_id), "%s", e->id);
	if (e->kind == DELIVERIES_DROPPED)
		snprintf(lost_id, sizeof(lost_id), "%s", e->id);
}

static void open_stage(const char *urls, int64_t retry_for_us, struct spool *spool)
{
	struct deliveries_conf conf = { .targets = &targets, .spool = spool, .run = RUN,
		.start_ms = START_MS, .retry_for_us = retry_for_us, .report = report };
	char copy[256], *rest = copy, *url;
	struct lines problems = { 0 };

	snprintf(copy, sizeof(copy), "%s", urls);
	while ((url = strsep(&rest, " ")))
		targets_add(&targets, url, "--callback", &problems, &warnings);
	assert_int_equal(problems.n, 0);
	targets.timeout_ms = 15000;
	c = deliveries_new(&conf);
	assert_non_null(c);
}

static int set_up(void **state __attribute__((unused)))
{
	now = T0;
	nposted = under_way = 0;
	reply = NULL;
	disk = (struct spool){ .ours = true, .put = SPOOL_KEPT };
	memset(reported, 0, sizeof(reported));
	return 0;
}

static int tear_down(void **state __attribute__((unused)))
{
	deliveries_free(c);
	c = NULL;
	assert_int_equal(under_way, 0);
	targets_free(&targets);
	lines_free(&warnings);
	return 0;
}

static void window_of(int64_t index, const char *rows, size_t len)
{
	const struct row_window closed = { .index = index, .start_ms = START_MS,
		.end_ms = START_MS + 1000 };
	struct payload_window w = { .run = RUN, .window = &closed, .rows = rows, .rows_len = len };

	deliveries_window(c, &w);
}

static void window(int64_t index)
{
	window_of(index, "{\"a\":1}\n", 8);
}

static void step(void)
{
	deliveries_step(c, now, now, &warnings);
}

static void at(int64_t us)
{
	now = us;
	step();
}

/* To when it wants to be stepped, at most up to the end. */
static bool go_on(int64_t end_us)
{
	int64_t due = deliveries_deadline_us(c);

	if (due > end_us)
		return false;
	at(due > now ? due : now);
	return true;
}

static struct http_post_answer answer(enum http_post_outcome outcome, long status, int64_t after_us)
{
	return (struct http_post_answer){ outcome, status, after_us,
		"HTTP something" };
}

/* The answer to the newest request. */
static void answered(enum http_post_outcome outcome, long status, int64_t after_us)
{
	struct http_post *p = posted[nposted - 1].post;

	assert_non_null(p);
	p->answer = answer(outcome, status, after_us);
	p->done = true;
	step();
}

static void taken(void)
{
	answered(HTTP_POST_TAKEN, 200, -1);
}

static void sent(size_t n, const char *id)
{
	char whole[PAYLOAD_ID_MAX];

	snprintf(whole, sizeof(whole), "%s%s", id[0] == '-' ? RUN : "", id);
	if (n >= nposted || strcmp(posted[n].id, whole) != 0)
		fail_msg("request %zu of %zu is '%s', not '%s'", n, nposted,
			n < nposted ? posted[n].id : "", whole);
}

static void counts(uint64_t delivered, uint64_t retried, uint64_t dropped, uint64_t spooled)
{
	const struct deliveries_totals *t = deliveries_totals(c);

	assert_int_equal(t->delivered, delivered);
	assert_int_equal(t->retried, retried);
	assert_int_equal(t->dropped, dropped);
	assert_int_equal(t->spooled, spooled);
	assert_int_equal(reported[DELIVERIES_DELIVERED], delivered);
	assert_int_equal(reported[DELIVERIES_RETRY], retried);
	assert_int_equal(reported[DELIVERIES_DROPPED], dropped);
}

/* Opens and takes a step with n windows. */
static void start(const char *urls, int64_t retry_for_us, struct spool *spool, int n)
{
	open_stage(urls, retry_for_us, spool);
	for (int i = 0; i < n; i++)
		window(i);
	step();
}

#define A "https://a.example/x"
#define B "https://bb.example/x"

/* --- order ------------------------------------------------------------------------------ */

TEST(queue__sends_one_at_a_time_and_in_order)
{
	open_stage(A, 60 * S, NULL);
	window(0);
	window(1);
	assert_int_equal(nposted, 0);	/* only a step sends */
	assert_true(deliveries_deadline_us(c) <= now);
	step();
	assert_int_equal(nposted, 1);
	sent(0, "-0-0");
	answered(HTTP_POST_TAKEN, 204, -1);
	assert_int_equal(nposted, 2);
	sent(1, "-1-0");
	window(2);
	taken();
	sent(2, "-2-0");
	taken();
	assert_true(deliveries_are_done(c));
	assert_int_equal(deliveries_deadline_us(c), NEVER);
	counts(3, 0, 0, 0);
}

TEST(queues__do_not_wait_for_each_other)
{
	start(A " " B, 60 * S, NULL, 1);
	assert_int_equal(nposted, 2);
	assert_string_equal(posted[0].url, A);
	assert_string_equal(posted[1].url, B);
	sent(0, "-0-0");
	sent(1, "-0-0");	/* the same for all */
	window(1);
	taken();
	assert_int_equal(nposted, 3);
	assert_string_equal(posted[2].url, B);
	assert_int_equal(last.target, 1);
	assert_string_equal(last.to, "https://bb.example");
}

TEST(delivery__that_is_refused_does_not_block_the_next)
{
	start(A, 60 * S, NULL, 2);
	answered(HTTP_POST_REFUSED, 404, -1);
	sent(1, "-1-0");
	counts(0, 0, 1, 0);
	assert_int_equal(last.http_status, 404);
}

/* --- again ------------------------------------------------------------------------------ */

TEST(failure__is_retried_before_the_next_delivery)
{
	start(A, 60 * S, NULL, 2);
	for (int i = 1; i < 5; i++) {
		answered(HTTP_POST_AGAIN, 503, -1);
		assert_true(last.wait_us >= 0 && last.wait_us <= 250 * MS << i);
		assert_int_equal(last.attempt, i);
		while (nposted == (size_t)i)
			assert_true(go_on(T0 + 60 * S));
		sent((size_t)i, "-0-0");
	}
	taken();
	sent(5, "-1-0");
	counts(1, 4, 0, 0);
}

TEST(attempt__has_a_stamp_and_signature_of_its_own)
{
	char *path = tempdir_new(), *keys = joined(path, "/keys");
	const char *text = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n";

	put_file(keys, text, strlen(text), 0600);
	targets.key_file = keys;
	targets_check(&targets, &flags, &warnings, &warnings);
	assert_int_equal(warnings.n, 0);
	start(A, 60 * S, NULL, 1);
	answered(HTTP_POST_AGAIN, 429, 3 * S);
	at(now + 3 * S - 1);
	assert_int_equal(nposted, 1);
	at(now + 1);
	assert_int_equal(nposted, 2);
	assert_string_equal(posted[0].id, posted[1].id);
	assert_string_equal(posted[0].stamp, "1795485600");
	assert_string_equal(posted[1].stamp, "1795485603");
	assert_int_equal(strncmp(posted[0].signature, "v1,", 3), 0);
	assert_string_not_equal(posted[0].signature, posted[1].signature);
	free(keys);
	tempdir_free(path);
}

TEST(delivery__expires_retry_for_after_its_first_attempt)
{
	struct http_post_answer no = answer(HTTP_POST_AGAIN, 500, -1);

	open_stage(A, 10 * S, NULL);
	reply = &no;
	window(0);
	at(T0 + 5 * S);
	window(1);
	while (reported[DELIVERIES_DROPPED] == 0)
		assert_true(go_on(T0 + 15 * S));
	assert_int_equal(now, T0 + 15 * S);
	assert_string_equal(lost_id, RUN "-0-0");
	sent(nposted - 1, "-1-0");	/* its --retry-for begins now */
	while (reported[DELIVERIES_DROPPED] == 1)
		assert_true(go_on(T0 + 25 * S));
	assert_int_equal(now, T0 + 25 * S);
}

TEST(attempt__ends_when_the_delivery_expires)
{
	start(A, 20 * S, NULL, 1);
	assert_int_equal(posted[0].post->end_us, T0 + 15 * S);
	at(T0 + 15 * S);
	while (nposted == 1)
		assert_true(go_on(T0 + 16 * S));
	assert_int_equal(posted[1].post->end_us, T0 + 20 * S);
}

TEST(retry_for__of_0_means_one_attempt)
{
	start(A, 0, NULL, 1);
	assert_int_equal(posted[0].post->end_us, T0 + 15 * S);
	answered(HTTP_POST_AGAIN, 500, -1);
	assert_int_equal(nposted, 1);
	counts(0, 0, 1, 0);
}

TEST(retry_after__also_delays_the_next_deliveries)
{
	start(A, 60 * S, NULL, 2);
	answered(HTTP_POST_AGAIN, 429, 100 * S);	/* beyond its time: an answer */
	counts(0, 0, 1, 0);
	assert_int_equal(nposted, 1);
	assert_int_equal(deliveries_deadline_us(c), T0 + 100 * S);
	at(T0 + 100 * S);
	sent(1, "-1-0");
}

TEST(status_410__ends_all_deliveries_to_the_url)
{
	left(-9, 7, A);
	left(-9, 8, A);
	left(-9, 8, B);
	start(A " " B, 60 * S, &disk, 1);
	assert_int_equal(nposted, 2);
	posted[0].post->answer = answer(HTTP_POST_GONE, 410, -1);
	posted[0].post->done = true;
	step();
	window(1);
	step();
	assert_int_equal(nposted, 2);	/* B's is under way */
	counts(0, 0, 4, 0);
	for (size_t i = 0; i < disk.n; i++)
		assert_string_equal(disk.file[i].url, B);
	assert_int_equal(disk.n, 3);
}

/* --- the spool -------------------------------------------------------------------------- */

TEST(delivery__is_written_before_its_first_attempt)
{
	open_stage(A, 10 * S, &disk);
	for (int i = 0; i < 3; i++)
		window(i);
	assert_int_equal(disk.n, 0);
	step();
	assert_int_equal(disk.n, 3);	/* not the one that is tried alone */
	for (size_t i = 0; i < disk.n; i++)
		assert_int_equal(disk.file[i].nposted, 0);
	taken();
	assert_int_equal(disk.n, 2);
}

/* A wrong header of the receiver's is mended tomorrow: only 2xx and 410 remove a delivery. */
TEST(delivery__that_is_refused_stays_in_the_spool)
{
	left(-5, 1, A);
	start(A, 10 * S, &disk, 2);
	answered(HTTP_POST_REFUSED, 401, -1);	/* of the run before */
	sent(1, "-0-0");
	answered(HTTP_POST_REFUSED, 404, -1);
	sent(2, "-1-0");
	taken();
	assert_true(deliveries_are_done(c));	/* each was tried once */
	assert_int_equal(nposted, 3);
	assert_int_equal(disk.n, 2);
	assert_int_equal(refused_on_disk(), 2);
	counts(1, 0, 0, 1);
	assert_int_equal(deliveries_totals(c)->refused, 2);
	assert_int_equal(reported[DELIVERIES_REFUSED], 2);
}

TEST(delivery__that_is_refused_and_not_on_disk_is_dropped)
{
	disk.put = SPOOL_FULL;
	start(A, 10 * S, &disk, 1);
	answered(HTTP_POST_REFUSED, 401, -1);
	counts(0, 0, 1, 0);
	assert_int_equal(deliveries_totals(c)->refused, 0);
}

TEST(refused_delivery__that_made_room_is_dropped)
{
	open_stage(A, 10 * S, &disk);
	window(0);
	disk.displaced = 2;
	step();
	assert_int_equal(deliveries_totals(c)->dropped, 2);
	assert_int_equal(warnings.n, 1);
	assert_non_null(strstr(warnings.v[0], "the spool is full"));
	window(1);
	step();
	assert_int_equal(deliveries_totals(c)->dropped, 2);
	assert_int_equal(warnings.n, 1);
}

TEST(spool__that_cannot_be_synced_counts_as_failed)
{
	disk.sync_fails = true;
	start(A " " B, 10 * S, &disk, 2);
	assert_int_equal(disk.n, 0);
	assert_int_equal(warnings.n, 1);
	assert_string_equal(deliveries_spool_fault(c), "the disk does not answer");
	assert_int_equal(nposted, 2);	/* they are tried all the same */
	answered(HTTP_POST_REFUSED, 401, -1);
	counts(0, 0, 1, 0);
}

TEST(spool__is_synced_once_for_all_of_a_step)
{
	open_stage(A " " B, 10 * S, &disk);
	for (int i = 0; i < 20; i++)
		window(i);
	assert_int_equal(deliveries_deadline_us(c), INT64_MIN);
	assert_false(deliveries_are_written(c));
	step();
	assert_int_equal(disk.n, 40);
	assert_int_equal(disk.syncs, 1);
	for (size_t i = 0; i < disk.n; i++)
		assert_int_equal(disk.file[i].nposted, 0);
	assert_int_equal(nposted, 2);
	assert_true(deliveries_are_written(c));
	assert_int_equal(deliveries_deadline_us(c), T0 + 10 * S);
	step();
	assert_int_equal(disk.syncs, 1);	/* nothing came since */
}

TEST(spool__is_written_before_the_attempts)
{
	struct http_post_answer yes = answer(HTTP_POST_TAKEN, 200, -1);
	size_t n = 300;

	open_stage(A, 10 * S, &disk);
	reply = &yes;
	for (size_t i = 0; i < n; i++)
		window((int64_t)i);
	step();
	assert_in_range(nposted, 1, n - 1);	/* none that was not written */
	assert_int_equal(deliveries_deadline_us(c), INT64_MIN);
	while (!deliveries_are_done(c))
		assert_true(go_on(T0));
	counts(n, 0, 0, 0);
	assert_int_equal(disk.n, 0);
	assert_int_equal(disk.syncs, 2);
}

TEST(end__does_not_wait_for_the_spool)
{
	open_stage(A, 10 * S, &disk);
	for (int i = 0; i < 300; i++)
		window(i);
	deliveries_end(c, T0);
	step();
	assert_true(deliveries_are_done(c));
	assert_in_range(disk.n, 1, 299);
	assert_int_equal(disk.syncs, 1);
	counts(0, 0, 300 - disk.n, disk.n);
}

TEST(delivery__that_expires_stays_in_the_spool)
{
	struct http_post_answer no = answer(HTTP_POST_AGAIN, 500, -1);

	open_stage(A, 10 * S, &disk);
	reply = &no;
	window(0);
	while (deliveries_totals(c)->spooled == 0)
		assert_true(go_on(T0 + 10 * S));
	assert_int_equal(disk.n, 1);
	assert_int_equal(reported[DELIVERIES_DROPPED], 0);
	assert_true(deliveries_are_done(c));	/* it is for the next run */
}

TEST(delivery__that_the_spool_cannot_hold_is_dropped_when_it_expires)
{
	struct http_post_answer no = answer(HTTP_POST_AGAIN, 500, -1);

	disk.put = SPOOL_FULL;
	open_stage(A, 10 * S, &disk);
	reply = &no;
	window(0);
	while (!deliveries_are_done(c))
		assert_true(go_on(T0 + 10 * S));
	assert_int_equal(deliveries_totals(c)->dropped, 1);
	assert_non_null(strstr(last_reason, "the spool has no room for it"));
	assert_int_equal(warnings.n, 0);
	disk.put = SPOOL_FAILED;
	window(1);
	window(2);
	step();
	assert_int_equal(warnings.n, 1);	/* once */
	assert_non_null(strstr(warnings.v[0], "the disk is gone"));
}

TEST(spool__of_earlier_runs_is_sent_first)
{
	left(-5, 1, A);
	left(-9, 3, A);
	left(-9, 2, A);
	left(-9, 4, B);		/* not named */
	start(A, 60 * S, &disk, 1);
	sent(0, "b-2-0");
	taken();
	sent(1, "b-3-0");
	answered(HTTP_POST_AGAIN, 500, 1 * S);
	at(now + S);
	sent(2, "b-3-0");
	taken();
	sent(3, "b-1-0");
	taken();
	sent(4, "-0-0");
	taken();
	assert_true(deliveries_are_done(c));
	assert_int_equal(disk.n, 1);
	counts(4, 1, 0, 0);
}

TEST(spool__that_another_run_has_locked_is_only_written)
{
	left(-9, 2, A);
	disk.ours = false;
	open_stage(A, 60 * S, &disk);
	assert_true(deliveries_are_done(c));
	window(0);
	step();
	sent(0, "-0-0");
	assert_int_equal(disk.n, 2);
	taken();
	assert_int_equal(disk.n, 1);
	assert_int_equal(nposted, 1);
}

TEST(spool__of_earlier_runs_is_sent_without_windows)
{
	left(-9, 2, A);
	open_stage(A, 60 * S, &disk);
	assert_false(deliveries_are_done(c));
	step();
	sent(0, "b-2-0");
}

/* --- memory ----------------------------------------------------------------------------- */

static void large_window(int64_t index)
{
	static char rows[200000];

	memset(rows, 'x', sizeof(rows));
	rows[0] = rows[sizeof(rows) - 2] = '"';
	rows[sizeof(rows) - 1] = '\n';
	window_of(index, rows, sizeof(rows));
}

TEST(memory__over_its_limit_with_a_failing_spool_drops_the_oldest)
{
	size_t n = 0;

	disk.put = SPOOL_FAILED;
	open_stage(A, 60 * S, &disk);
	while (reported[DELIVERIES_DROPPED] == 0 && n < 200)	/* nothing was stepped before */
		large_window((int64_t)n++);
	assert_true(reported[DELIVERIES_DROPPED] > 0);
	assert_string_equal(last_reason, "more than 16 MiB of deliveries are waiting");
	assert_non_null(deliveries_spool_fault(c));
}

TEST(memory__over_its_limit_drops_the_oldest)
{
	size_t n = 0;

	open_stage(A " " B, 60 * S, NULL);
	large_window((int64_t)n++);
	step();			/* window 0 is under way */
	while (reported[DELIVERIES_DROPPED] == 0 && n < 200)
		large_window((int64_t)n++);
	/* bodies of both lines are one */
	assert_true(n * 200000 <= DELIVERIES_MEMORY_MAX + 400000);
	assert_true(n * 262144 >= DELIVERIES_MEMORY_MAX);
	assert_int_equal(reported[DELIVERIES_DROPPED], 2);
	assert_string_equal(last_id, RUN "-1-0");
	assert_int_equal(last.target, 1);
	assert_non_null(strstr(last_reason, "16 MiB"));
}

TEST(memory__over_its_limit_leaves_the_oldest_in_the_spool)
{
	disk.ours = false;
	open_stage(A, 60 * S, &disk);
	for (int i = 0; i < 63; i++)
		large_window(i);
	for (int i = 63; deliveries_totals(c)->spooled == 0 && i < 100; i++) {
		large_window(i);
		if (disk.n)
			break;
	}
	assert_true(deliveries_totals(c)->spooled > 0);
	assert_int_equal(reported[DELIVERIES_DROPPED], 0);
}

/* --- the end ---------------------------------------------------------------------------- */

TEST(end__gives_up_what_is_left)
{
	start(A, 60 * S, NULL, 2);
	deliveries_end(c, T0 + 2 * S);
	assert_int_equal(deliveries_deadline_us(c), T0 + 2 * S);
	at(T0 + 2 * S - 1);
	assert_false(deliveries_are_done(c));
	at(T0 + 2 * S);
	assert_true(deliveries_are_done(c));
	counts(0, 0, 2, 0);
	assert_int_equal(under_way, 0);
}

TEST(end__accepts_an_answer_at_the_last_moment)
{
	start(A, 60 * S, NULL, 1);
	deliveries_end(c, T0 + 2 * S);
	now = T0 + 2 * S;
	taken();
	counts(1, 0, 0, 0);
	assert_true(deliveries_are_done(c));
}

TEST(end__stops_attempts_without_waiting)
{
	open_stage(A, 60 * S, NULL);
	deliveries_end(c, T0 + 5 * S);
	deliveries_end(c, T0 + 9 * S);	/* the earliest holds */
	window(0);
	window(1);
	step();
	assert_int_equal(posted[0].post->end_us, T0 + 5 * S);
	answered(HTTP_POST_AGAIN, 429, 6 * S);
	assert_int_equal(nposted, 1);
	assert_true(deliveries_are_done(c));
	counts(0, 0, 2, 0);
}

TEST(end__that_comes_before_the_next_attempt_gives_up_at_once)
{
	start(A, 60 * S, &disk, 1);
	answered(HTTP_POST_AGAIN, 429, 3 * S);
	deliveries_end(c, now + 500 * MS);
	step();
	assert_true(deliveries_are_done(c));
	assert_int_equal(deliveries_totals(c)->spooled, 1);
	assert_int_equal(disk.n, 1);
}

int main(void)
{
	each_test(set_up, tear_down);
	return run_all_tests(NULL, NULL);
}
