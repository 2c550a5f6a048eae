# fish completion for gsqstat

function __gsqstat_metrics
    set -l done (string match -r '.*,' -- (commandline -ct))
    set -l names state queueState agentState conversationCount waitTime abandonedCount
    if string match -q '*notifications*' -- (commandline -opc)
        set names oWaiting oInteracting oLongestWaiting oOnQueueUsers oUserRoutingStatuses \
            nOffered tWait tAnswered tAbandon tHandle oServiceLevel
    end
    for name in $names
        echo $done$name
    end
end

complete -c gsqstat -f
complete -c gsqstat -s q -l queue -x -d 'queue to watch'
complete -c gsqstat -s Q -l queue-file -r -F -d 'one queue ID a line'
complete -c gsqstat -l queue-name -x -d 'queue by its name'
complete -c gsqstat -l skip-refused -d 'a queue that is refused is no failure'
complete -c gsqstat -l list-queues -d 'print all queues with their names, then exit'
complete -c gsqstat -s m -l metric -x -a '(__gsqstat_metrics)' -d 'metrics to print'
complete -c gsqstat -s i -l interval -x -a 'PT10S PT15S PT30S PT1M PT2M' -d 'interval of the frames'
complete -c gsqstat -s w -l window -x -a '10s 30s 1m 5m 1h' -d 'length of a window'
complete -c gsqstat -s n -l count -x -d 'windows to print, then exit'
complete -c gsqstat -l align -d 'begin windows at multiples of their length'
complete -c gsqstat -l now -d 'no windows: what holds now, a row a queue'
complete -c gsqstat -l time -x -a 'arrival event' -d 'whose clock places a frame'
complete -c gsqstat -l lateness -x -d 'how far behind a timestamp may be'
complete -c gsqstat -s f -l format -x -a 'ndjson csv table prometheus influx' -d 'form of the rows'
complete -c gsqstat -l stat -x -a 'count last min max mean stddev p50 p90 p95 p99 carried observedMs events total delta' -d 'statistics for prometheus or influx'
complete -c gsqstat -l no-header -d 'CSV or table without its header'
complete -c gsqstat -l ascii -d 'table in ASCII alone'
complete -c gsqstat -s o -l output -r -F -d 'write to a file'
complete -c gsqstat -l record -r -F -d 'keep every frame'
complete -c gsqstat -l rejects -r -F -d 'keep every rejected frame'
complete -c gsqstat -l dry-run -d 'check all, print the settings, send nothing'
complete -c gsqstat -l fail-if -x -d 'exit 1 if it holds in a window'
complete -c gsqstat -l fail-fast -d 'end with the first window in which one holds'
complete -c gsqstat -l check -x -a nagios -d 'one line and status of a plugin'
complete -c gsqstat -s W -l warning -x -d 'range for WARNING'
complete -c gsqstat -s C -l critical -x -d 'range for CRITICAL'
complete -c gsqstat -l callback -x -d 'POST each window there'
complete -c gsqstat -l callback-header-file -r -F -d 'header lines to add'
complete -c gsqstat -l callback-format -x -a 'plain cloudevents' -d 'form of the body'
complete -c gsqstat -l callback-key-file -r -F -d 'keys to sign with'
complete -c gsqstat -l callback-timeout -x -d 'bound of one request'
complete -c gsqstat -l callback-spool -x -a '(__fish_complete_directories)' -d 'keep there what does not arrive'
complete -c gsqstat -l callback-spool-max -x -a '64M 1G' -d 'bytes that it may hold'
complete -c gsqstat -l callback-allow-private -d 'also to addresses that are not public'
complete -c gsqstat -l replay -r -F -d 'read a recording'
complete -c gsqstat -l source -x -a 'stream notifications' -d 'where the data comes from'
complete -c gsqstat -s H -l host -x -d 'region, domain or host of the API'
complete -c gsqstat -l subscribe -x -a 'url message' -d 'where the payload travels'
complete -c gsqstat -l no-snapshot -d 'do not ask for values that hold at the start'
complete -c gsqstat -l resync -x -d 'how often to ask for all values again; 0 is never'
complete -c gsqstat -l cacert -r -F -d 'certificates to trust'
complete -c gsqstat -l connect-timeout -x -d 'bound of one handshake'
complete -c gsqstat -l retry-for -x -d 'how long to try before giving up'
complete -c gsqstat -l idle-timeout -x -d 'so long without a message is a lost stream'
complete -c gsqstat -l pong-timeout -x -d 'so long without an answer to a ping, likewise'
complete -c gsqstat -l outlier -x -a none -d 'drop frames for which it holds'
complete -c gsqstat -l profile -x -d 'log in as gc does with this profile'
complete -c gsqstat -l token-margin -x -d 'renew the token this long before its end'
complete -c gsqstat -l no-cache -d 'read and keep nothing in the cache'
complete -c gsqstat -l client-secret-file -r -F -d 'the client secret'
complete -c gsqstat -l audit -x -a 'json logfmt none' -d 'form of the lines on stderr'
complete -c gsqstat -l audit-file -r -F -d 'append those lines to a file'
complete -c gsqstat -l audit-chain -d 'bind each line to the one before'
complete -c gsqstat -l audit-key-file -r -F -d 'sign each with this key'
complete -c gsqstat -l verify-audit -r -F -d 'no run: check such a chain'
complete -c gsqstat -l expect -x -d 'hash that its last line must have'
complete -c gsqstat -l rows -r -F -d 'rows that it must tell of'
complete -c gsqstat -l run -x -d 'they are of this run alone'
complete -c gsqstat -s v -l verbose -d 'more on stderr'
complete -c gsqstat -s s -l silent -d 'only errors, and warnings of wrong numbers'
complete -c gsqstat -s h -l help -d 'print help'
complete -c gsqstat -s V -l version -d 'print the versions'
