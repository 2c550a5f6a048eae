#include "message/metric_types.h"

#include <string.h>

#include "util/base.h"
#include "util/text.h"

/*
 * The metrics of the observation query and of the conversation aggregates, in the API's
 * documentation of 2026. The service may add others.
 */
#define TYPE(text, ...) { sizeof(text) - 1, { .name = text, __VA_ARGS__ } }

static const struct {
	size_t len;		/* of the name: most others differ in it */
	struct metric_type type;
} types[] = {
	TYPE("oActiveUsers", .kind = METRIC_GAUGE),
	TYPE("oAlerting", .kind = METRIC_GAUGE),
	TYPE("oAudioMessageCount", .kind = METRIC_TOTAL),
	TYPE("oCallbackServiceLevel", .kind = METRIC_TOTAL, .is_ratio = true),
	TYPE("oExternalAudioMessageCount", .kind = METRIC_TOTAL),
	TYPE("oExternalMediaCount", .kind = METRIC_TOTAL),
	TYPE("oFlow", .kind = METRIC_OTHER),
	TYPE("oInteracting", .kind = METRIC_GAUGE, .beside = "oLongestInteracting"),
	TYPE("oLongestInteracting", .kind = METRIC_AGE, .beside = "oInteracting"),
	TYPE("oLongestWaiting", .kind = METRIC_AGE, .beside = "oWaiting"),
	TYPE("oMediaCount", .kind = METRIC_TOTAL),
	TYPE("oMemberUsers", .kind = METRIC_GAUGE),
	TYPE("oMessageCount", .kind = METRIC_TOTAL),
	TYPE("oMessageSegmentCount", .kind = METRIC_TOTAL),
	TYPE("oMessageTurn", .kind = METRIC_TOTAL),
	TYPE("oOffQueueUsers", .kind = METRIC_GAUGE, .qualifier = "status"),
	TYPE("oOnQueueUsers", .kind = METRIC_GAUGE, .qualifier = "status"),
	TYPE("oServiceLevel", .kind = METRIC_TOTAL, .is_ratio = true),
	TYPE("oServiceTarget", .kind = METRIC_TOTAL),
	TYPE("oSkillExpressionApplications", .kind = METRIC_TOTAL),
	TYPE("oUserPresences", .kind = METRIC_GAUGE, .qualifier = "presence"),
	TYPE("oUserRoutingStatuses", .kind = METRIC_GAUGE, .qualifier = "status"),
	TYPE("oWaiting", .kind = METRIC_GAUGE, .beside = "oLongestWaiting")
};

/* All other metrics are totals and begin with n or t. */
static const char *const totals[] = {
	"nBlindTransferred", "nBotInteractions", "nCallbackAttempts", "nCallbackOverSla",
	"nCallbackScheduled", "nCfcOffered", "nCobrowseSessions", "nConnected", "nConsult",
	"nConsultTransferred", "nConversations", "nError", "nOffered", "nOutbound",
	"nOutboundAbandoned", "nOutboundAttempted", "nOutboundConnected", "nOverSla",
	"nStateTransitionError", "nTakeover", "nTransferred", "tAbandon", "tAcd",
	"tActiveCallback", "tActiveCallbackComplete", "tAcw", "tAgentResponseTime",
	"tAgentVideoConnected", "tAlert", "tAnswered", "tAverageAgentResponseTime",
	"tAverageCustomerResponseTime", "tBarging", "tCallbackAbandon", "tCallbackConnect",
	"tCallbackNotReached", "tCallbackVirtualWait", "tCfcAbandon", "tCfcAcd",
	"tCfcAnswered", "tCfcFlowOut", "tCoaching", "tCoachingComplete", "tConnected",
	"tContacting", "tDialing", "tFirstConnect", "tFirstDial", "tFirstEngagement",
	"tFirstResponse", "tFlowOut", "tHandle", "tHeld", "tHeldComplete", "tIvr",
	"tMonitoring", "tMonitoringComplete", "tNotResponding", "tPark", "tParkComplete",
	"tScreenMonitoring", "tShortAbandon", "tSnippetRecord", "tTalk", "tTalkComplete",
	"tTransmitting", "tUserResponseTime", "tVoicemail", "tWait"
};

struct metric_type metric_type_of(struct slice metric)
{
	if (metric.len && (metric.s[0] == 'n' || metric.s[0] == 't'))
		return (struct metric_type){ .kind = METRIC_TOTAL, .is_time = metric.s[0] == 't' };
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].len == metric.len
		    && memcmp(types[i].type.name, metric.s, metric.len) == 0)
			return types[i].type;
	return (struct metric_type){ .kind = METRIC_OTHER };
}

bool metric_types_know(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (text_matches(pattern, types[i].type.name, types[i].len))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(totals); i++)
		if (text_matches(pattern, totals[i], strlen(totals[i])))
			return true;
	return false;
}

const char *metric_types_nearest(const char *name)
{
	const char *all[ARRAY_LEN(types) + ARRAY_LEN(totals)];

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		all[i] = types[i].type.name;
	memcpy(all + ARRAY_LEN(types), totals, sizeof(totals));
	return text_nearest_word(name, all, ARRAY_LEN(all));
}
