#include "message/metric_types.h"

#include <string.h>

#include "util/base.h"
#include "util/text.h"

/* The metrics of the observation query and of the conversation aggregates, from the API
 * documentation of 2026. The service may add others. */
static const char *const known_metrics[] = {
	"nBlindTransferred", "nBotInteractions", "nCallbackAttempts", "nCallbackOverSla",
	"nCallbackScheduled", "nCfcOffered", "nCobrowseSessions", "nConnected", "nConsult",
	"nConsultTransferred", "nConversations", "nError", "nOffered", "nOutbound",
	"nOutboundAbandoned", "nOutboundAttempted", "nOutboundConnected", "nOverSla",
	"nStateTransitionError", "nTakeover", "nTransferred", "oActiveUsers", "oAlerting",
	"oAudioMessageCount", "oCallbackServiceLevel", "oExternalAudioMessageCount",
	"oExternalMediaCount", "oFlow", "oInteracting", "oLongestInteracting",
	"oLongestWaiting", "oMediaCount", "oMemberUsers", "oMessageCount",
	"oMessageSegmentCount", "oMessageTurn", "oOffQueueUsers", "oOnQueueUsers",
	"oServiceLevel", "oServiceTarget", "oSkillExpressionApplications", "oUserPresences",
	"oUserRoutingStatuses", "oWaiting", "tAbandon", "tAcd", "tActiveCallback",
	"tActiveCallbackComplete", "tAcw", "tAgentResponseTime", "tAgentVideoConnected",
	"tAlert", "tAnswered", "tAverageAgentResponseTime", "tAverageCustomerResponseTime",
	"tBarging", "tCallbackAbandon", "tCallbackConnect", "tCallbackNotReached",
	"tCallbackVirtualWait", "tCfcAbandon", "tCfcAcd", "tCfcAnswered", "tCfcFlowOut",
	"tCoaching", "tCoachingComplete", "tConnected", "tContacting", "tDialing",
	"tFirstConnect", "tFirstDial", "tFirstEngagement", "tFirstResponse", "tFlowOut",
	"tHandle", "tHeld", "tHeldComplete", "tIvr", "tMonitoring", "tMonitoringComplete",
	"tNotResponding", "tPark", "tParkComplete", "tScreenMonitoring", "tShortAbandon",
	"tSnippetRecord", "tTalk", "tTalkComplete", "tTransmitting", "tUserResponseTime",
	"tVoicemail", "tWait"
};

bool metric_types_know(const char *pattern)
{
	for (size_t i = 0; i < ARRAY_LEN(known_metrics); i++)
		if (text_matches(pattern, known_metrics[i], strlen(known_metrics[i])))
			return true;
	return false;
}

const char *metric_types_nearest(const char *name)
{
	return text_nearest_word(name, known_metrics, ARRAY_LEN(known_metrics));
}
