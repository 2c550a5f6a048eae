# bash completion for gsqstat
#
# gsqstat --complete says which words fit. Names of queues may be any text, so they are compared as
# strings and quoted. Never use compgen -W here: it expands $(...).

# Sets text to what a word means to the shell, quote to the quotation mark that is open at its end.
# Expands nothing. False: there are quotes other than one at the beginning.
_gsqstat_unquote() {
	local rest=$1 char whole=1
	text="" quote=""
	while [[ $rest ]]; do
		char=${rest:0:1} rest=${rest:1}
		case $quote$char in
		\\)
			text+=${rest:0:1} rest=${rest:1} ;;
		\"\\)
			[[ $rest == [\\\"\$\`]* ]] || text+=\\
			text+=${rest:0:1} rest=${rest:1} ;;
		\' | \")
			[[ $1 == "$char$rest" ]] || whole=""
			quote=$char ;;
		"''" | '""')
			quote="" whole="" ;;
		*)
			text+=$char ;;
		esac
	done
	[[ $whole ]]
}

# Sets text to a word as it must be written where the quotation mark $2, or none, is open.
_gsqstat_quote() {
	local rest=$1 char special=$' !"#$&\'()*:;<=>?@[\\]^`{|}~'
	text=
	while [[ $rest ]]; do
		char=${rest:0:1} rest=${rest:1}
		case $2$char in
		"''") text+="'\\''" ;;
		'"!') text+="\"'!'\"" ;;	# in double quotes it stands for a line of the history
		\"[\\\"\$\`]) text+=\\$char ;;
		[\'\"]?*) text+=$char ;;
		*) [[ $special != *"$char"* ]] || text+=\\
			text+=$char ;;
		esac
	done
	# readline takes such a mark at the beginning or end for the one that opens or closes the word
	[[ ! $2 || $text != "$2"* ]] || text=$2$text
	[[ ! $2 || $text != *"$2" ]] || text+=$2
}

_gsqstat() {
	local IFS=$' \t\n' text quote word kind done="" words=(gsqstat) lines i
	# readline takes --option=value and host:port apart
	for ((i = 1; i < COMP_CWORD; i++)); do
		_gsqstat_unquote "${COMP_WORDS[i]}"
		if [[ ${COMP_WORDS[i]} == [=:] || ${COMP_WORDS[i - 1]} == [=:] ]]; then
			words[-1]+=$text
		else
			words+=("$text")
		fi
	done
	kind=${words[-1]} word=${COMP_WORDS[COMP_CWORD]}
	[[ $word != = ]] || word=""
	_gsqstat_unquote "$word" || return
	[[ $text != -* ]] || kind=options
	mapfile -t lines < <(command gsqstat --complete "$kind" "${words[@]:1}" 2>/dev/null)
	case ${lines[0]-} in
	FILE)
		compopt -o default
		return ;;
	DIR)
		compopt -o dirnames
		return ;;
	HOST)
		mapfile -t COMPREPLY < <(compgen -A hostname -- "$text")
		return ;;
	*,*)	# only the last word of a list is completed
		[[ $text != *,* ]] || done=${text%,*},
		compopt -o nospace ;;
	esac
	word=$text
	for text in "${lines[@]:1}"; do
		text=$done${text%%$'\t'*}
		if [[ $text == "$word"* ]]; then
			[[ $text != *[!a-zA-Z0-9_.,-]* ]] || _gsqstat_quote "$text" "$quote"
			COMPREPLY+=("$text")
		fi
	done
}

complete -F _gsqstat gsqstat
