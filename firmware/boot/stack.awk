# SPDX-License-Identifier: Apache-2.0
#
# Worst-case stack, in bytes, of the functions that `root` reaches, from what
# gcc -fcallgraph-info=su writes (*.ci, format VCG). Functions called through
# pointers are given as indirect="f g ..." (names as in the files, without
# path). Recursion is an error: it has no worst case.
#
#   awk -v root=boot_main -v indirect="..." -f stack.awk *.ci

function field(name,    at, rest) {
    at = index($0, name ": \"")
    if (at == 0)
        return ""
    rest = substr($0, at + length(name) + 3)
    return substr(rest, 1, index(rest, "\"") - 1)
}

# A static function is "path:name" in its own file.
function plain(title) { sub(/^.*:/, "", title); return title }

/^node:/ {
    title = field("title")
    label = field("label")
    if (match(label, /[0-9]+ bytes/)) {
        size[title] = substr(label, RSTART, RLENGTH) + 0
        known[title] = 1
        by_name[plain(title)] = title
        if (label ~ /dynamic/ && label !~ /bounded/)
            fail("stack of unknown size: " title)
    }
}

/^edge:/ {
    from = field("sourcename")
    to = field("targetname")
    callees[from] = callees[from] " " to
}

function fail(why) { print "stack.awk: " why > "/dev/stderr"; failed = 1 }

function depth(title,    list, n, i, best, d, next_one) {
    if (title in deepest)
        return deepest[title]
    if (title in active) {
        fail("recursion: " title)
        return 0
    }
    active[title] = 1
    best = 0
    n = split(callees[title], list, " ")
    for (i = 1; i <= n; i++) {
        if (list[i] == "__indirect_call")
            d = through_pointer()
        else
            d = depth(list[i])
        if (d > best) {
            best = d
            next_one = list[i]
        }
    }
    delete active[title]
    if (!(title in known))
        unknown[title] = 1
    path[title] = next_one
    return deepest[title] = size[title] + best
}

function through_pointer(    names, n, i, d, best) {
    best = 0
    n = split(indirect, names, " ")
    for (i = 1; i <= n; i++) {
        if (!(names[i] in by_name)) {
            fail("no function " names[i])
            continue
        }
        d = depth(by_name[names[i]])
        if (d > best) {
            best = d
            path["__indirect_call"] = by_name[names[i]]
        }
    }
    return best
}

END {
    if (!(root in known))
        fail("no function " root)
    total = depth(root)
    if (verbose) {
        for (t = root; t != ""; t = path[t])
            printf "  %6d  %s\n", size[t], plain(t) > "/dev/stderr"
        for (t in unknown)
            print "  no size: " t > "/dev/stderr"
    }
    if (failed)
        exit 1
    print total
}
