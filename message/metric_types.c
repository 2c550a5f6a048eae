#include "message/metric_types.h"

#include <stdlib.h>
#include <string.h>

#include "util/base.h"
#include "util/text.h"

/*
 * The metrics of the observation query and of the conversation aggregates, in the API's
 * documentation of 2026. The service may add others.
 */
static const struct metric_type types[] = {	/* sorted by name */
	{ .name = "oActiveUsers", .kind = METRIC_GAUGE },
	{ .name = "oAlerting", .kind = METRIC_GAUGE },
	{ .name = "oAudioMessageCount", .kind = METRIC_TOTAL },
	{ .name = "oCallbackServiceLevel", .kind = METRIC_TOTAL, .is_ratio = true },
	{ .name = "oExternalAudioMessageCount", .kind = METRIC_TOTAL },
	{ .name = "oExternalMediaCount", .kind = METRIC_TOTAL },
	{ .name = "oFlow", .kind = METRIC_OTHER },
	{ .name = "oInteracting", .kind = METRIC_GAUGE, .beside = "oLongestInteracting" },
	{ .name = "oLongestInteracting", .kind = METRIC_AGE, .beside = "oInteracting" },
	{ .name = "oLongestWaiting", .kind = METRIC_AGE, .beside = "oWaiting" },
	{ .name = "oMediaCount", .kind = METRIC_TOTAL },
	{ .name = "oMemberUsers", .kind = METRIC_GAUGE },
	{ .name = "oMessageCount", .kind = METRIC_TOTAL },
	{ .name = "oMessageSegmentCount", .kind = METRIC_TOTAL },
	{ .name = "oMessageTurn", .kind = METRIC_TOTAL },
	{ .name = "oOffQueueUsers", .kind = METRIC_GAUGE, .qualifier = "status" },
	{ .name = "oOnQueueUsers", .kind = METRIC_GAUGE, .qualifier = "status" },
	{ .name = "oServiceLevel", .kind = METRIC_TOTAL, .is_ratio = true },
	{ .name = "oServiceTarget", .kind = METRIC_TOTAL },
	{ .name = "oSkillExpressionApplications", .kind = METRIC_TOTAL },
	{ .name = "oUserPresences", .kind = METRIC_GAUGE, .qualifier = "presence" },
	{ .name = "oUserRoutingStatuses", .kind = METRIC_GAUGE, .qualifier = "status" },
	{ .name = "oWaiting", .kind = METRIC_GAUGE, .beside = "oLongestWaiting" }
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

static int by_name(const void *name, const void *type)
{
	const struct slice *s = name;
	const char *other = ((const struct metric_type *)type)->name;
	int order = strncmp(s->s, other, s->len);

	return order ? order : -(other[s->len] != '\0');
}

struct metric_type metric_type_of(struct slice metric)
{
	const struct metric_type *found = NULL;

	if (metric.len && (metric.s[0] == 'n' || metric.s[0] == 't'))
		return (struct metric_type){ .kind = METRIC_TOTAL, .is_time = metric.s[0] == 't' };
	if (metric.len)
		found = bsearch(&metric, types, ARRAY_LEN(types), sizeof(types[0]), by_name);
	return found ? *found : (struct metric_type){ .kind = METRIC_OTHER };
}

bool metric_types_know(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (text_matches(pattern, types[i].name, strlen(types[i].name)))
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
		all[i] = types[i].name;
	memcpy(all + ARRAY_LEN(types), totals, sizeof(totals));
	return text_nearest_word(name, all, ARRAY_LEN(all));
}
