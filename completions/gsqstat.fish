# fish completion for gsqstat

function __gsqstat_metrics
    set -l done (string match -r '.*,' -- (commandline -ct))
    set -l names
    # without --source, a metric of notifications chooses them
    if not string match -q '*notifications' -- (commandline -opc)
        set names state queueState agentState conversationCount waitTime abandonedCount
    end
    if not string match -q '*stream' -- (commandline -opc)
        set -a names oWaiting oInteracting oLongestWaiting oOnQueueUsers oUserRoutingStatuses \
            nOffered tWait tAnswered tAbandon tHandle oServiceLevel
    end
    for name in $names
        echo "$done$name"
    end
end

complete -c gsqstat -f
complete -c gsqstat -s q -l queue -x -d 'watch this queue'
complete -c gsqstat -s Q -l queue-file -r -F -d 'read queue IDs and names from FILE'
complete -c gsqstat -l queue-name -x -d 'watch queues by name'
complete -c gsqstat -l skip-refused -d 'go on without queues that the service refuses'
complete -c gsqstat -l list-queues -d 'print all queues with their names, then exit'
complete -c gsqstat -s m -l metric -x -a '(__gsqstat_metrics)' -d 'print these metrics'
complete -c gsqstat -l list-metrics -d 'print all metrics and what they mean, then exit'
complete -c gsqstat -s i -l interval -x -a 'PT10S PT15S PT30S PT1M PT2M' -d 'get updates at this interval'
complete -c gsqstat -s w -l window -x -a '10s 30s 1m 5m 1h' -d 'set the length of a window'
complete -c gsqstat -s n -l count -x -d 'print N windows, then exit'
complete -c gsqstat -l align -d 'start windows at multiples of their length'
complete -c gsqstat -l now -d 'print one row per queue as it is now, then exit'
complete -c gsqstat -l time -x -a 'arrival event' -d 'sort frames into windows by this time'
complete -c gsqstat -l lateness -x -d 'accept frames up to this old, with --time event'
complete -c gsqstat -s f -l format -x -a 'ndjson csv table prometheus influx' -d 'print rows in this format'
complete -c gsqstat -l stat -x -a 'count last min max mean stddev p50 p90 p95 p99 carried observedMs events total delta' -d 'print these statistics (prometheus, influx)'
complete -c gsqstat -l media -x -a 'none all voice callback chat email message cobrowse internalmessage screenmonitoring screenshare video unknown' -d 'print rows of these media types'
complete -c gsqstat -l label -x -d 'add this label to each row'
complete -c gsqstat -l no-header -d 'print CSV or a table without its header'
complete -c gsqstat -l ascii -d 'draw the table in ASCII only'
complete -c gsqstat -l utc -d 'show UTC in a table on a terminal'
complete -c gsqstat -s o -l output -r -F -d 'write to FILE, which is replaced at the end'
complete -c gsqstat -l record -r -F -d 'save every frame for --replay'
complete -c gsqstat -l rejects -r -F -d 'save every rejected frame and the reason'
complete -c gsqstat -l dry-run -d 'check everything, print the settings, then exit'
complete -c gsqstat -l doctor -d 'check each step of a run, print no rows, and exit'
complete -c gsqstat -l fail-if -x -d 'exit with 1 if EXPR holds in a window'
complete -c gsqstat -l fail-fast -d 'exit after the first window in which EXPR holds'
complete -c gsqstat -l check -x -a nagios -d 'print one line as a monitoring plugin'
complete -c gsqstat -s W -l warning -x -d 'warn unless a number is in its range'
complete -c gsqstat -s C -l critical -x -d 'report CRITICAL unless a number is in its range'
complete -c gsqstat -l callback -x -d 'POST each window to URL'
complete -c gsqstat -l callback-header-file -r -F -d 'add the header lines in FILE'
complete -c gsqstat -l callback-format -x -a 'plain cloudevents' -d 'send windows in this format'
complete -c gsqstat -l callback-key-file -r -F -d 'sign with the keys in FILE'
complete -c gsqstat -l callback-timeout -x -d 'limit the time of one request'
complete -c gsqstat -l callback-spool -x -a '(__fish_complete_directories)' -d 'keep undelivered windows in DIR for a later run'
complete -c gsqstat -l callback-spool-max -x -a '64M 1G' -d 'limit the bytes in the spool'
complete -c gsqstat -l callback-allow-private -d 'allow addresses that are not public'
complete -c gsqstat -l replay -r -F -d 'read a recording, not the network'
complete -c gsqstat -l source -x -a 'stream notifications' -d 'read from this source'
complete -c gsqstat -s H -l host -x -d 'connect to a region, domain, host or URL'
complete -c gsqstat -l subscribe -x -a 'url message' -d 'send the subscription this way'
complete -c gsqstat -l no-snapshot -d 'do not ask for the current values at the start'
complete -c gsqstat -l resync -x -d 'ask for all values again this often; 0 is never'
complete -c gsqstat -l cacert -r -F -d 'trust the certificates in FILE (PEM)'
complete -c gsqstat -l connect-timeout -x -d 'limit the time of one handshake'
complete -c gsqstat -l retry-for -x -d 'retry this long before giving up'
complete -c gsqstat -l idle-timeout -x -d 'reconnect after this long without a message'
complete -c gsqstat -l pong-timeout -x -d 'reconnect after this long without a pong'
complete -c gsqstat -l outlier -x -a none -d 'drop frames for which EXPR holds'
complete -c gsqstat -l profile -x -d 'log in with this profile of gc'
complete -c gsqstat -l token-margin -x -d 'renew the token this long before it expires'
complete -c gsqstat -l no-cache -d 'do not read or write the cache'
complete -c gsqstat -l client-secret-file -r -F -d 'read the client secret from FILE'
complete -c gsqstat -l audit -x -a 'json logfmt none' -d 'write audit lines to stderr in this format'
complete -c gsqstat -l audit-file -r -F -d 'append audit lines to FILE, not to stderr'
complete -c gsqstat -l audit-chain -d 'link each audit line to the one before'
complete -c gsqstat -l audit-key-file -r -F -d 'sign each audit line with the key in FILE'
complete -c gsqstat -l verify-audit -r -F -d 'check an audit chain, then exit'
complete -c gsqstat -l expect -x -d 'check that the last line has this hash'
complete -c gsqstat -l rows -r -F -d 'compare the chain with the rows in FILE'
complete -c gsqstat -l run -x -d 'compare only the rows of this run'
complete -c gsqstat -l config -r -F -d 'read options from FILE'
complete -c gsqstat -s v -l verbose -d 'print more on stderr'
complete -c gsqstat -s s -l silent -d 'print only errors, and if numbers may be wrong'
complete -c gsqstat -s h -l help -a 'all queues windows output thresholds callbacks source credentials messages' -d 'print this help, or all options of a group'
complete -c gsqstat -s V -l version -d 'print the versions of gsqstat and its libraries'
