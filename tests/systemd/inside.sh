#!/bin/bash
# inside.sh - run by boot.sh in the machine that it has booted: winnowd under a real systemd.
#
# Each step waits for what is to happen, with a deadline.
set -eEu
export LC_ALL=C.UTF-8 SYSTEMD_PAGER='' SYSTEMD_COLORS=0

spool=/var/lib/winnow
settings=/etc/winnow/winnowd.conf
page=/probe/page.html
started=c78a711afa39488bb25aa91e7a737518
stopped=b56f511f2a17410484c9444cee9269b8
quarantined=eca237f4a2244a0c93614052ba3fcfe3
reloaded=e2aefe3a3da4445e864587d5a7a4efc4
reload_failed=936d9af0d20e4d598ee3db87e6a1f636

fail()
{
    echo "inside.sh: $step: $*"
    systemctl status winnowd --no-pager -l || true
    journalctl --no-pager -q -n 40 -o short-monotonic -u 'winnowd*' || true
    find $spool -maxdepth 3 | head -n 40
    exit 1
}
trap 'fail "line $LINENO failed"' ERR

# --- waiting -----------------------------------------------------------------------------------

# wait_for WHAT COMMAND...: asks until it is so.
wait_for()
{
    local what=$1 end=$((SECONDS + 30))
    shift
    until "$@" > /dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited in vain for: $what"
        sleep 0.02
    done
}

shows() # PROPERTY [UNIT]
{
    systemctl show -P "$1" "${2-winnowd}"
}

has_status()
{
    [ -n "$(shows StatusText)" ]
}

more_than() # NUMBER COMMAND...
{
    local least=$1
    shift
    [ "$("$@")" -gt "$least" ]
}

# How many messages of this id the journal has, with these fields.
messages() # ID [FIELD=VALUE]...
{
    journalctl --sync
    journalctl -q -o cat "MESSAGE_ID=$1" "${@:2}" | wc -l
}

results()
{
    find $spool/out -name '*.json' | wc -l
}

is_empty() # FOLDER
{
    [ -z "$(find "$1" -mindepth 1 ! -type d -print -quit)" ] &&
        [ -z "$(find $spool/work -mindepth 1 -print -quit)" ]
}

# --- files ---------------------------------------------------------------------------------------

# As a scraper does: a temporary name, then the right one; every page another text.
drop() # NAME [SPOOL]
{
    local to=${2-$spool}/drop/$1
    runuser -u scraper -- sh -c 'umask 022; mkdir -p "$(dirname "$1")" &&
        sed "s|<body>|<body><p>Number $2 of the pages that came over the sound this week.</p>|" "$3" > "$1.tmp" &&
        mv "$1.tmp" "$1"' drop "$to" "$1" $page
}

come_out() # NAME
{
    [ -s "$spool/out/$1.txt" ] && [ -s "$spool/out/$1.json" ] && [ ! -e "$spool/drop/$1" ]
}

# All at once: a folder that is moved in.
drop_many() # PREFIX COUNT
{
    local i folder=/var/lib/$1
    mkdir "$folder"
    for ((i = 0; i < $2; i++)); do
        sed "s|<body>|<body><p>Page $i of $1, which says what no other one says: $i $i $i.</p>|" $page > "$folder/$1-$i.html"
    done
    chown -R winnow: "$folder"
    mv "$folder" $spool/drop/
}

all_out() # PREFIX COUNT
{
    [ "$(find $spool/out -name "$1-*.json" | wc -l)" = "$2" ] && is_empty $spool/drop
}

# Every one once, and the spool in order.
expect_all() # PREFIX COUNT
{
    wait_for "$2 results of $1" all_out "$1" "$2"
    [ "$(find $spool/out -name "$1-*.txt" | wc -l)" = "$2" ] || fail "texts and records differ"
    [ -z "$(find $spool/out -name "$1-*~*" -print -quit)" ] || fail "a file came out twice"
    winnow queue fsck $spool || fail "fsck finds something"
}

# --- the steps --------------------------------------------------------------------------------------

prepare()
{
    systemd-sysusers
    systemd-tmpfiles --create 2> /dev/null
    useradd -m -G winnow scraper
    printf 'metrics_interval = 1 s\nlog = file\n' > $settings
    winnowd --check > /dev/null
}

start()
{
    systemctl start winnowd
    [ "$(shows ActiveState)" = active ]
    wait_for "a status line" has_status
    wait_for "the message that it has started" more_than 0 messages $started
    [ "$(stat -c %U "/proc/$(shows MainPID)")" = winnow ]
}

clean_a_file()
{
    drop skerry.example/ferry.html
    wait_for "its result" come_out skerry.example/ferry.html
    runuser -u scraper -- grep -q ferry $spool/out/skerry.example/ferry.html.txt
    # The folder's name is the site.
    grep -q skerry.example $spool/out/skerry.example/ferry.html.json
    wait_for "the message of the file" more_than 0 messages_of_file skerry.example/ferry.html
}

messages_of_file() # PATH
{
    journalctl --sync
    journalctl -q -o cat "WINNOW_PATH=$1" | wc -l
}

quarantine_a_file()
{
    printf '\0\1\2\3PK\0\0\377\376\0' | runuser -u scraper -- sh -c "cat > $spool/drop/no-page.html"
    wait_for "a reason" compgen -G "$spool/quarantine/*/reason.json"
    local id
    id=$(basename "$(dirname $spool/quarantine/*/reason.json)")
    wait_for "the message of it" more_than 0 messages $quarantined WINNOW_PATH=no-page.html "WINNOW_ID=$id"
    winnow queue ls $spool | grep -q no-page.html
}

write_metrics()
{
    wait_for "the counter" grep -q '^winnowd_cleaned_total [1-9]' $spool/state/metrics.prom
    wait_for "the other one" grep -q '^winnowd_quarantined_total 1$' $spool/state/metrics.prom
}

talk_to_queue()
{
    winnow queue status $spool > /dev/null
    winnow queue flush $spool > /dev/null
}

restart_when_frozen()
{
    mkdir -p /run/systemd/system/winnowd.service.d
    printf '[Service]\nWatchdogSec=1\n' > /run/systemd/system/winnowd.service.d/watchdog.conf
    systemctl daemon-reload
    systemctl restart winnowd
    local pid restarts
    pid=$(shows MainPID) restarts=$(shows NRestarts)
    kill -STOP "$pid"
    wait_for "the restart by the watchdog" more_than "$restarts" shows NRestarts
    wait_for "it to be ready" test_active
    [ "$(shows MainPID)" != "$pid" ]
    journalctl --sync
    journalctl -q -o cat -u winnowd _PID=1 | grep -qi watchdog
    drop after-the-watchdog.html
    wait_for "its result" come_out after-the-watchdog.html
    rm /run/systemd/system/winnowd.service.d/watchdog.conf
    systemctl daemon-reload
    systemctl restart winnowd
}

test_active()
{
    [ "$(shows ActiveState)" = active ]
}

say_how_far() # PREFIX COUNT
{
    echo "inside.sh: killed when $(find $spool/out -name "$1-*.json" | wc -l) of $2 files were out," \
        "$(find $spool/work -mindepth 1 -maxdepth 1 | wc -l) in work"
}

kill_with_files_under_way()
{
    local restarts before
    restarts=$(shows NRestarts) before=$(results)
    drop_many storm 150
    wait_for "the first results" more_than "$before" results
    kill -KILL "$(shows MainPID)"
    say_how_far storm 150
    wait_for "the restart" more_than "$restarts" shows NRestarts
    expect_all storm 150
}

kill_all_of_it_with_files_under_way()
{
    local restarts before
    restarts=$(shows NRestarts) before=$(results)
    drop_many flood 150
    wait_for "the first results" more_than "$before" results
    systemctl kill --signal=KILL winnowd
    say_how_far flood 150
    wait_for "the restart" more_than "$restarts" shows NRestarts
    expect_all flood 150
}

# A rule that takes a sentence away, which every page has.
write_rule() # VALUE
{
    mkdir -p /etc/winnow/rules
    printf 'strip: %s\n' "$1" > /etc/winnow/rules/tern.example.txt
}

rule_works() # NAME
{
    drop "tern.example/$1"
    wait_for "its result" come_out "tern.example/$1"
    grep -q ferry "$spool/out/tern.example/$1.txt"
    ! grep -q 'over the sound' "$spool/out/tern.example/$1.txt" || fail "the rule does nothing"
}

reload()
{
    local before
    before=$(messages $reloaded)
    write_rule '//p[contains(., "over the sound")]'
    systemctl reload winnowd
    wait_for "the reload" more_than "$before" messages $reloaded
    rule_works one.html
}

refuse_wrong_settings_at_a_reload()
{
    local before
    before=$(messages $reload_failed)
    printf 'batch = 0\n' >> $settings
    systemctl reload winnowd
    wait_for "the refusal" more_than "$before" messages $reload_failed
    sed -i '/^batch/d' $settings
    test_active
    rule_works two.html
}

refuse_broken_rules_at_a_reload()
{
    local before
    before=$(messages $reload_failed)
    write_rule '//p[contains(.'
    systemctl reload winnowd
    wait_for "the refusal" more_than "$before" messages $reload_failed
    test_active
    rule_works three.html
    write_rule '//p[contains(., "over the sound")]'
}

stop_with_files_under_way()
{
    local before stops
    before=$(results) stops=$(messages $stopped)
    drop_many calm 100
    wait_for "the first results" more_than "$before" results
    systemctl stop winnowd
    [ "$(shows Result)" = success ] || fail "it ended by: $(shows Result)"
    more_than "$stops" messages $stopped || fail "it did not say that it has stopped"
    local texts records
    texts=$(find $spool/out -name '*.txt' | wc -l) records=$(results)
    [ "$texts" = "$records" ] || fail "stopped with $texts texts and $records records"
    systemctl start winnowd
    expect_all calm 100
}

run_an_instance()
{
    local own=/var/lib/winnow-second
    printf 'write = text\n' > /etc/winnow/second.conf
    # As winnowd(8) says, so that others than winnow may drop files.
    install -d -o winnow -g winnow -m 0750 $own
    install -d -o winnow -g winnow -m 2770 $own/drop
    setfacl -d -m u::rwx,g::rwx,g:winnow:rwx,o::- $own/drop
    systemctl start winnowd@second
    [ "$(shows ActiveState winnowd@second)" = active ]
    test_active
    drop deep/er/ferry.html $own
    wait_for "its result" test -s $own/out/deep/er/ferry.html.txt
    [ ! -e $own/out/deep/er/ferry.html.json ] || fail "its own settings do not count"
    systemctl stop winnowd@second
    [ "$(shows Result winnowd@second)" = success ]
}

refuse_wrong_settings_at_the_start()
{
    printf 'spol = /x\n' > /etc/winnow/wrong.conf
    ! systemctl start winnowd@wrong 2> /dev/null || fail "wrong settings are taken"
    [ "$(shows ExecMainStatus winnowd@wrong)" = 78 ]
    [ "$(shows ActiveState winnowd@wrong)" = failed ] || fail "it is tried again"
    journalctl --sync
    journalctl -q -o cat -u winnowd@wrong | grep -q 'wrong.conf:1: no setting is called "spol"; did you mean "spool"'
}

steps="prepare start clean_a_file quarantine_a_file write_metrics talk_to_queue reload
    refuse_wrong_settings_at_a_reload refuse_broken_rules_at_a_reload restart_when_frozen
    kill_with_files_under_way kill_all_of_it_with_files_under_way stop_with_files_under_way
    run_an_instance refuse_wrong_settings_at_the_start"
for step in $steps; do
    begun=$EPOCHREALTIME
    $step
    echo "inside.sh: ${step//_/ }: passed ($(((${EPOCHREALTIME/./} - ${begun/./}) / 1000)) ms)"
done
echo "inside.sh: all passed"
