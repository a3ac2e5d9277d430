#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Man pages say what --help says, and their examples work.

load ../support/common

setup() {
    enter
    PATH=$bin:$PATH
}

# Long options in a command's --help, sorted.
help_options() {
    "$@" --help | grep -oE '^ +(-[^ ]+, )?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' |
        grep -vx -e --help -e --version -e --bash-completion |
        cat - <("$@" --help | grep -qE '^  .*--version [0-9]' && echo --version) |
        sort -u
}

# Long options in one section of a man page: of a command, or of all.
man_options() {
    awk -v command="$2" '
        /^\.S[sh] / { inside = command == "" || $2 == command }
        inside && /^\.It Fl/' "$1" |
        grep -oE 'Fl -[a-z0-9-]+' | sed 's/Fl -/--/' | sort -u
}

# The lines of EXAMPLES that start with a prompt.
examples() {
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh DIFF/s/^\$ //p' "$1"
}

run_examples() {
    local line count=0
    while IFS= read -r line; do
        echo "$line" >&2
        bash -c "$line"
        count=$((count + 1))
    done < <(examples "$1")
    [ "$count" -gt 3 ]
}

# The commands of a tool, and the options of each, stand in its page.
same_commands() {
    local tool=$1 page=$root/docs/man/$1.1 commands
    commands=$("$tool" --help | sed -n '/^Commands:/,/^Options:/s/^  \([a-z][a-z0-9-]*\).*/\1/p')
    [ "$(sed -n '/^\.Sh COMMANDS/,/^\.Sh EXIT/s/^\.Ss \([^ ]*\).*/\1/p' "$page" | sort)" = "$(echo "$commands" | sort)" ]
    for c in $commands; do
        echo "$c" >&2
        [ "$(man_options "$page" "$c")" = "$(help_options "$tool" "$c")" ]
    done
}

@test "espsecure(1) has the options of --help" {
    same_commands espsecure
}

@test "espefuse(1) has the options of --help" {
    same_commands espefuse
}

@test "fusebox(1) has the options of --help" {
    same_commands fusebox
}

@test "gen_esp32part(1) has the options of --help" {
    [ "$(man_options "$root/docs/man/gen_esp32part.1" "")" = "$(help_options gen_esp32part)" ]
}

@test "espsecure(1): the examples work" {
    cp "$vectors/image/small.plain.bin" bootloader.bin
    cp "$in/data64k.bin" app.bin
    run_examples "$root/docs/man/espsecure.1"
    cmp digest.bin <(head -c "$(stat -c %s digest.bin)" back.bin)
}

@test "gen_esp32part(1): the examples work" {
    cp "$in/classic.csv" partitions.csv
    run_examples "$root/docs/man/gen_esp32part.1"
    cmp partitions.bin copy.bin
}

@test "espefuse(1): the examples work" {
    cp "$in/fe256.key" flash_encryption_key.bin
    cp "$in/sb256.key" secure-bootloader-key.bin
    run_examples "$root/docs/man/espefuse.1"
}

@test "fusebox(1): the examples work" {
    run_examples "$root/docs/man/fusebox.1"
}

@test "man pages are well-formed" {
    if command -v mandoc >/dev/null; then
        run mandoc -T lint -W warning "$root"/docs/man/*.1
    elif command -v groff >/dev/null; then
        run groff -mdoc -T utf8 -ww -z "$root"/docs/man/*.1
    else
        skip "neither mandoc nor groff is installed"
    fi
    echo "$output"
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}
