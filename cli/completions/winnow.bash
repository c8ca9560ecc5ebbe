# winnow(1) completion for bash.  The options, and the verbs of rules, index and queue, come
# from the program itself.
_winnow()
{
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-} previous=
    [ "$COMP_CWORD" -gt 0 ] && previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'clean explain index queue reclean restore rules help --version --help' -- "$word")
        return
    fi
    case $previous in
    --format) mapfile -t COMPREPLY < <(compgen -W 'text json jsonl' -- "$word"); return ;;
    --across) mapfile -t COMPREPLY < <(compgen -W 'annotate strip off' -- "$word"); return ;;
    --as) mapfile -t COMPREPLY < <(compgen -W 'html dump' -- "$word"); return ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "$command" --help 2> /dev/null |
            grep -oE -- '--[a-z-]+' | sort -u)" -- "$word")
    elif [[ $command =~ ^(rules|index|queue)$ ]] && [ "$COMP_CWORD" = 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "$command" --help 2> /dev/null |
            sed -nE "s/^  $command ([a-z]+) .*/\1/p")" -- "$word")
    fi
}
complete -o default -F _winnow winnow
