#include "message/metric_types.h"

#include <string.h>

#include "util/base.h"
#include "util/text.h"

/* X(name, whether it is a time, alarm, meaning, its numbers); `FIELD` stands for numbers that are
 * not documented. */
#define STREAM_METRICS(X) \
	X("state", false, "waiting.max", "Conversations by state: active or waiting", "active", \
		"waiting") \
	X("queueState", false, "waiting.max", \
		"Conversations in the queue by state: active or waiting", "active", "waiting") \
	X("agentState", false, "FIELD.last", "Agents by state", "FIELD") \
	X("conversationCount", false, "total.max", "Conversations of the queue", "total") \
	X("waitTime", true, "avg.max", \
		"Mean wait of customers (avg), time that agents are available (avail)", \
		"avail", "avg") \
	X("abandonedCount", false, "FIELD.max", "Conversations abandoned", "FIELD")

#define STREAM_NAME(text, ...) text,
const char *const metric_types_stream[METRIC_TYPES_STREAM] = { STREAM_METRICS(STREAM_NAME) };

#define STREAM(text, time, to_judge, means, ...) { \
	.name = { text, sizeof(text) - 1 }, .alarm = to_judge, .meaning = means, \
	.type = { .is_time = time }, .fields = { __VA_ARGS__ } \
},
#define METRIC(text, to_judge, means, ...) { \
	.name = { text, sizeof(text) - 1 }, .alarm = to_judge, .meaning = means, \
	.type = { .name = text, __VA_ARGS__ } \
}
#define GAUGE(...) METRIC(__VA_ARGS__, .kind = METRIC_GAUGE)
#define AGE(...) METRIC(__VA_ARGS__, .kind = METRIC_AGE)
#define TOTAL(...) METRIC(__VA_ARGS__, .kind = METRIC_TOTAL)
#define TIME(...) METRIC(__VA_ARGS__, .kind = METRIC_TOTAL, .is_time = true)
#define OTHER(...) METRIC(__VA_ARGS__, .kind = METRIC_OTHER)

/*
 * After those of the stream, the metrics of the observation query and of the conversation
 * aggregates in the API's documentation of 2026, those that begin with o first. The service may add
 * others. The meanings follow the article "Metric definitions" of Genesys.
 */
static const struct metric_doc docs[] = {
	STREAM_METRICS(STREAM)
	GAUGE("oActiveUsers", "last",
		"Members who have joined the queue, so it can send them conversations"),
	GAUGE("oAlerting", "max", "Conversations that ring at an agent and are not answered yet"),
	TOTAL("oAudioMessageCount", "delta", "Audio messages of both sides"),
	TOTAL("oCallbackServiceLevel", "ratio",
		"Share of callbacks that were connected within the target time", .is_ratio = true),
	TOTAL("oExternalAudioMessageCount", "delta", "Audio messages that customers sent"),
	TOTAL("oExternalMediaCount", "delta", "Pictures, videos and files that customers sent"),
	OTHER("oFlow", "max", "Conversations that are in a flow, such as an IVR or a bot"),
	GAUGE("oInteracting", "last",
		"Conversations that agents are handling", .beside = "oLongestInteracting"),
	AGE("oLongestInteracting", "max",
		"Age of the oldest conversation that an agent is handling",
		.beside = "oInteracting"),
	AGE("oLongestWaiting", "max",
		"Wait of the customer who has waited longest", .beside = "oWaiting"),
	TOTAL("oMediaCount", "delta", "Pictures, videos and files of both sides"),
	GAUGE("oMemberUsers", "last", "Members of the queue, whether they work now or not"),
	TOTAL("oMessageCount", "delta", "Messages of both sides"),
	TOTAL("oMessageSegmentCount", "delta", "Parts of messages, as SMS counts long ones"),
	TOTAL("oMessageTurn", "delta", "Turns in messaging: how often one side answered the other"),
	GAUGE("oOffQueueUsers", "last",
		"Agents who are logged in but off queue, so they get no conversations",
		.qualifier = "status"),
	GAUGE("oOnQueueUsers", "last",
		"Agents on queue; those in IDLE can take the next conversation",
		.qualifier = "status"),
	TOTAL("oServiceLevel", "ratio",
		"Service level: share of conversations answered within the target time",
		.is_ratio = true),
	TOTAL("oServiceTarget", "total",
		"Target of the service level; what it counts is not documented"),
	TOTAL("oSkillExpressionApplications", "delta",
		"How often conversations were routed by an expression over skills"),
	GAUGE("oUserPresences", "count.last",
		"Members by presence, such as AVAILABLE, BREAK or MEAL", .qualifier = "presence"),
	GAUGE("oUserRoutingStatuses", "NOT_RESPONDING.max",
		"Members by what they do; NOT_RESPONDING let a conversation ring out",
		.qualifier = "status"),
	GAUGE("oWaiting", "max",
		"Conversations that wait for an agent", .beside = "oLongestWaiting"),
	TOTAL("nBlindTransferred", "delta",
		"Conversations that an agent transferred without announcing them"),
	TOTAL("nBotInteractions", "delta", "Conversations that a bot handled"),
	TOTAL("nCallbackAttempts", "delta", "Attempts to call customers back"),
	TOTAL("nCallbackOverSla", "delta",
		"Callbacks that were connected later than the target time"),
	TOTAL("nCallbackScheduled", "delta", "Callbacks that were scheduled"),
	TOTAL("nCfcOffered", "delta", "Customer-first callbacks that came into the queue"),
	TOTAL("nCobrowseSessions", "delta",
		"Sessions in which an agent saw the customer's browser"),
	TOTAL("nConnected", "delta", "How often somebody was connected to a conversation"),
	TOTAL("nConsult", "delta", "How often an agent consulted somebody during a conversation"),
	TOTAL("nConsultTransferred", "delta",
		"Conversations that were transferred after a consultation"),
	TOTAL("nConversations", "delta", "Conversations of any kind"),
	TOTAL("nError", "delta", "Conversations that ended with an error"),
	TOTAL("nOffered", "delta", "Conversations that came into the queue for an agent to answer"),
	TOTAL("nOutbound", "delta", "Conversations that agents began for the queue"),
	TOTAL("nOutboundAbandoned", "delta",
		"Calls of campaigns that were lost because no agent was free in time"),
	TOTAL("nOutboundAttempted", "delta", "Calls of campaigns that were dialled"),
	TOTAL("nOutboundConnected", "delta", "Calls of campaigns that reached somebody"),
	TOTAL("nOverSla", "delta", "Conversations that were answered later than the target time"),
	TOTAL("nStateTransitionError", "delta",
		"Conversations whose states did not follow each other as they should"),
	TOTAL("nTakeover", "delta", "Conversations that a supervisor took over from an agent"),
	TOTAL("nTransferred", "delta", "Conversations that an agent transferred, announced or not"),
	TIME("tAbandon", "delta",
		"Conversations abandoned: how many gave up, and how long they had waited"),
	TIME("tAcd", "max",
		"Time that conversations spent in the queue, answered or abandoned"),
	TIME("tActiveCallback", "max", "Time that agents spent on the calls of callbacks"),
	TIME("tActiveCallbackComplete", "max",
		"Time on the calls of callbacks, counted when a callback is completed"),
	TIME("tAcw", "max", "After-call work of agents"),
	TIME("tAgentResponseTime", "max", "Time that agents took to answer a message"),
	TIME("tAgentVideoConnected", "max", "Time that agents were connected by video"),
	TIME("tAlert", "max", "Time that conversations rang at agents"),
	TIME("tAnswered", "max",
		"Conversations answered: how many, and how long they had waited"),
	TIME("tAverageAgentResponseTime", "max",
		"Mean time that an agent took to answer messages, of each conversation"),
	TIME("tAverageCustomerResponseTime", "max",
		"Mean time that a customer took to answer messages, of each conversation"),
	TIME("tBarging", "delta", "Time that supervisors took part in conversations of agents"),
	TIME("tCallbackAbandon", "delta",
		"Callbacks abandoned: how many gave up, and after how long"),
	TIME("tCallbackConnect", "max",
		"Time until customers who had asked for a callback were connected"),
	TIME("tCallbackNotReached", "delta",
		"Callbacks that did not reach the customer, and their time"),
	TIME("tCallbackVirtualWait", "max",
		"Time that callbacks kept the customer's place in the queue"),
	TIME("tCfcAbandon", "delta",
		"Customer-first callbacks abandoned, and how long they had waited"),
	TIME("tCfcAcd", "max", "Time that customer-first callbacks spent in the queue"),
	TIME("tCfcAnswered", "max",
		"Customer-first callbacks answered, and how long they had waited"),
	TIME("tCfcFlowOut", "delta", "Customer-first callbacks that left the queue for a flow"),
	TIME("tCoaching", "delta", "Time that supervisors coached agents in conversations"),
	TIME("tCoachingComplete", "delta", "Length of coachings, counted when they end"),
	TIME("tConnected", "max", "Time that those who took part were connected"),
	TIME("tContacting", "max", "Time until an outgoing call began to ring"),
	TIME("tDialing", "max", "Time that outgoing calls rang"),
	TIME("tFirstConnect", "max", "Time until the first connection of a conversation"),
	TIME("tFirstDial", "max", "Time until the first call of a conversation was dialled"),
	TIME("tFirstEngagement", "max",
		"Time until an agent first attended to a conversation"),
	TIME("tFirstResponse", "max", "Time until an agent's first answer to a message"),
	TIME("tFlowOut", "delta",
		"Conversations that left the queue for voicemail, a callback or a flow"),
	TIME("tHandle", "max", "Handle time: talk, hold and after-call work of an agent"),
	TIME("tHeld", "max", "Time that customers were on hold"),
	TIME("tHeldComplete", "max",
		"Time on hold of each conversation, counted when it ends"),
	TIME("tIvr", "max", "Time that customers spent in an IVR"),
	TIME("tMonitoring", "delta", "Time that supervisors listened to conversations"),
	TIME("tMonitoringComplete", "delta", "Length of monitorings, counted when they end"),
	TIME("tNotResponding", "delta", "Time that agents let conversations ring unanswered"),
	TIME("tPark", "max", "Time that agents had conversations parked"),
	TIME("tParkComplete", "max",
		"Time that each conversation was parked, counted when it ends"),
	TIME("tScreenMonitoring", "delta", "Time that supervisors watched screens of agents"),
	TIME("tShortAbandon", "delta", "Conversations abandoned after a very short time"),
	TIME("tSnippetRecord", "delta", "Time that parts of conversations were recorded on demand"),
	TIME("tTalk", "max", "Time that agents talked or wrote with customers"),
	TIME("tTalkComplete", "max", "Talk time of each conversation, counted when it ends"),
	TIME("tTransmitting", "max",
		"Time that was transmitted, such as of a fax or a message"),
	TIME("tUserResponseTime", "max",
		"Time that users who are no agents of the queue took to answer a message"),
	TIME("tVoicemail", "max", "Time that customers spent in voicemail"),
	TIME("tWait", "max", "Time that customers waited in the queue, answered or abandoned")
};

const struct metric_doc *metric_types_doc(size_t number)
{
	return number < ARRAY_LEN(docs) ? &docs[number] : NULL;
}

/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define FOR_EACH_NOTIFICATION_METRIC(d) \
	for (const struct metric_doc *d = docs + METRIC_TYPES_STREAM; \
	     d < docs + ARRAY_LEN(docs); d++)
/* NOLINTEND(bugprone-macro-parentheses) */

const struct metric_type *metric_type_of(struct slice metric)
{
	static const struct metric_type count = { .kind = METRIC_TOTAL },
		time = { .kind = METRIC_TOTAL, .is_time = true },
		other = { .kind = METRIC_OTHER };

	if (metric.len && metric.s[0] == 'n')
		return &count;
	if (metric.len && metric.s[0] == 't')
		return &time;
	FOR_EACH_NOTIFICATION_METRIC(d)
		if (d->name.len == metric.len
		    && slice_bytes_same(d->name.s, metric.s, metric.len))
			return &d->type;
	return &other;
}

bool metric_types_stream_is_time(const char *metric)
{
	for (size_t i = 0; i < METRIC_TYPES_STREAM; i++)
		if (strcmp(docs[i].name.s, metric) == 0)
			return docs[i].type.is_time;
	return false;
}

bool metric_types_know(const char *pattern)
{
	FOR_EACH_NOTIFICATION_METRIC(d)
		if (text_matches(pattern, d->name.s, d->name.len))
			return true;
	return false;
}

const char *metric_types_nearest(const char *name, bool both)
{
	const char *all[ARRAY_LEN(docs)];
	size_t n = 0;

	for (size_t i = both ? 0 : METRIC_TYPES_STREAM; i < ARRAY_LEN(docs); i++)
		all[n++] = docs[i].name.s;
	return text_nearest_word(name, all, n);
}
