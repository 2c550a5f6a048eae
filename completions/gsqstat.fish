# fish completion for gsqstat
#
# gsqstat --complete says which words fit. fish quotes them.

function __gsqstat_value # OPTION
    set -l lines (command gsqstat --complete $argv[1] (commandline -opc)[2..] 2>/dev/null)
    set -l done
    if string match -q '*,*' -- $lines[1]
        # only the last word of a list is completed
        set done (string replace -r '^--[a-z-]+=' '' -- (commandline -ct) | string match -r '.*,')
    end
    for line in $lines[2..]
        echo -- "$done$line"
    end
end

complete -c gsqstat -f -a '(__gsqstat_value queue)'
for line in (command gsqstat --complete options 2>/dev/null)[2..]
    set -l field (string split \t -- $line)
    set -l option -d $field[2]
    if string match -q -- '--*' $field[1]
        set -a option -l (string sub -s 3 -- $field[1])
    else
        set -a option -s (string sub -s 2 -- $field[1])
    end
    switch "$field[3]"
        case ''
        case FILE
            set -a option -r -F
        case DIR
            set -a option -x -a '(__fish_complete_directories)'
        case HOST
            set -a option -x -a '(__fish_print_hostnames)'
        case '*'
            set -a option -x -a "(__gsqstat_value $field[1])"
    end
    complete -c gsqstat $option
end
