# bash completion for gsqstat

_gsqstat_list() {	# the last word of a comma list, out of the words given
	local done=
	[[ $cur == *,* ]] && done=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$done" -W "$1" -- "${cur##*,}")
	compopt -o nospace
}

_gsqstat() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	# readline takes --option=value apart
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	local words=
	case $prev in
	-m | --metric)
		# without --source, a metric of notifications chooses them
		if [[ ${COMP_WORDS[*]} != *' notifications'* ]]; then
			words='state queueState agentState conversationCount waitTime
				abandonedCount'
		fi
		if [[ ${COMP_WORDS[*]} != *' stream'* ]]; then
			words+=' oWaiting oInteracting oLongestWaiting oOnQueueUsers
				oUserRoutingStatuses nOffered tWait tAnswered tAbandon tHandle
				oServiceLevel'
		fi
		_gsqstat_list "$words"
		return ;;
	--stat)
		_gsqstat_list 'count last min max mean stddev p50 p90 p95 p99 carried observedMs events
			total delta'
		return ;;
	--media)
		_gsqstat_list 'none all voice callback chat email message cobrowse internalmessage
			screenmonitoring screenshare video unknown'
		return ;;
	-i | --interval) words='PT10S PT15S PT30S PT1M PT2M' ;;
	-w | --window) words='10s 30s 1m 5m 1h' ;;
	-f | --format) words='ndjson csv table prometheus influx' ;;
	--time) words='arrival event' ;;
	--callback-format) words='plain cloudevents' ;;
	--callback-spool-max) words='64M 1G' ;;
	--source) words='stream notifications' ;;
	--subscribe) words='url message' ;;
	--audit) words='json logfmt none' ;;
	--check) words=nagios ;;
	-h | --help) words='all queues windows output thresholds callbacks source credentials
		messages' ;;
	--outlier) words='none waitTime.avg\>30000' ;;
	-Q | --queue-file | -o | --output | --record | --rejects | --replay | --cacert | \
		--client-secret-file | --audit-file | --audit-key-file | --verify-audit | --rows | \
		--callback-header-file | --callback-key-file | --config)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
		return ;;
	--callback-spool)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		compopt -o filenames
		return ;;
	-H | --host)
		mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
		return ;;
	-q | --queue | --queue-name | -n | --count | --label | --lateness | --fail-if | \
		-W | --warning | -C | --critical | --connect-timeout | \
		--retry-for | --idle-timeout | --pong-timeout | --profile | --token-margin | --expect | \
		--run | --callback | --callback-timeout)
		return ;;
	*)
		[[ $cur == -* ]] && words='--queue --queue-file --queue-name --skip-refused --list-queues
			--metric --list-metrics --interval --window --count --align --now --time
			--lateness --format --media --label --no-header --ascii --utc --output --record
			--rejects --dry-run --doctor --fail-if --fail-fast --check --warning
			--critical --callback --callback-header-file --callback-format
			--callback-key-file --callback-timeout --callback-spool
			--callback-spool-max --callback-allow-private --replay --source
			--host --subscribe --no-snapshot --resync --cacert
			--connect-timeout --retry-for --idle-timeout --pong-timeout --outlier --profile
			--token-margin --no-cache --client-secret-file --audit
			--audit-file --audit-chain --audit-key-file --verify-audit
			--expect --rows --run --config --verbose --silent --help --version
			-q -Q -m -i -w -n -f -o -W -C -H -v -s -h -V' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _gsqstat gsqstat
