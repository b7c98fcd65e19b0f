#!/bin/sh
# Describe this server for podwheel, as JSON on stdout; complaints go to stderr.
#
#     podwheel target capture | ssh server sh > server.json
#
# Reads only: writes no file, installs nothing, uses no network, needs no root. Needs a POSIX sh, awk, sed, tr
# and the small tools of coreutils or busybox. What is not ASCII is told as `?`; so JSON needs no more than
# backslashes before quotes, whatever a file or a program says. Passwords and queries of URLs are left out.
#
# $1: look below this directory instead of / (for tests; programs are still those of PATH).
#
# All of it is a function that is called in the last line: the shell has read the whole script before any
# program can read from the same stdin, and half a script does nothing.
set -u
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin"

complain() { echo "podwheel capture: $*" >&2; }

# row KIND FIELD...: one line, with tabs between.
row() {
    printf '%s' "$1"
    shift
    for field; do
        case $field in *[!\ -~]*) field=$(printf '%s' "$field" | tr -c ' -~' '?') ;; esac
        printf '\t%s' "$field"
    done
    printf '\n'
}

# ------------------------------------------------------------ the system

# os_release KEY: its value, without its quotes. The file is read, never run.
os_release() {
    for release in "$root/etc/os-release" "$root/usr/lib/os-release"; do
        [ -r "$release" ] || continue
        sed -n "s/^$1=//p" "$release" | tail -n 1 |
            sed -e 's/[[:space:]]*$//' -e 's/^"\(.*\)"$/\1/' -e "s/^'\(.*\)'\$/\1/" -e 's/\\\(.\)/\1/g'
        return
    done
}

system() {
    id=$(os_release ID) version=$(os_release VERSION_ID) name=$(os_release PRETTY_NAME)
    codename=$(os_release VERSION_CODENAME)
    if [ -z "$codename" ]; then # VERSION="8 (jessie)"
        codename=$(os_release VERSION | sed -n 's/.*(\([a-z]*\)).*/\1/p')
    fi
    if [ -z "$id" ]; then # older than os-release
        for file in redhat-release SuSE-release debian_version; do
            [ -r "$root/etc/$file" ] || continue
            name=$(head -n 1 "$root/etc/$file")
            id=${file%[-_]*}
            break
        done
        [ -n "$id" ] || complain "no /etc/os-release: which distribution this is cannot be told"
    fi
    row value id "$id"
    row value id_like "$(os_release ID_LIKE)"
    row value version_id "$version"
    row value codename "$codename"
    row value name "$name"
}

# What compilers call x86-64-v2 and so on (the x86-64 psABI), as far as the kernel says that the CPU has it.
cpu() {
    [ "$machine" = x86_64 ] || return 0
    awk -F : '
        function has(names, name, count, i) {
            count = split(names, name, " ")
            for (i = 1; i <= count; i++) if (!(name[i] in flag)) return 0
            return 1
        }
        $1 ~ /^flags[ \t]*$/ {
            count = split($2, one, " ")
            for (i = 1; i <= count; i++) flag[one[i]] = 1
            level = "x86-64"
            if (has("cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3")) level = "x86-64-v2"; else exit
            if (has("abm avx avx2 bmi1 bmi2 f16c fma movbe xsave")) level = "x86-64-v3"; else exit
            if (has("avx512bw avx512cd avx512dq avx512f avx512vl")) level = "x86-64-v4"
            exit
        }
        END { print level }' "$root/proc/cpuinfo" 2>/dev/null
}

# "glibc 2.41", "musl 1.2.5"
libc() {
    getconf GNU_LIBC_VERSION 2>/dev/null && return
    ldd --version 2>&1 | awk '
        NR == 1 && /GNU|GLIBC/ { print "glibc", $NF; exit }
        /^musl/ { musl = 1 }
        musl && /^Version/ { print "musl", $2; exit }'
}

# ------------------------------------------------------------ its Pythons

# For 2.7 and 3; what of its own sees wheel tags. No quote of this shell in it.
question='
import sys
sys.path[:] = [place for place in sys.path if place]
import os, platform, struct, sysconfig
def say(key, value):
    sys.stdout.write("fact\t%s\t%s\n" % (key, value))
def variable(name):
    value = sysconfig.get_config_var(name)
    return "" if value is None else value
say("version", platform.python_version())
say("implementation", platform.python_implementation().lower())
say("soabi", variable("SOABI"))
say("abiflags", getattr(sys, "abiflags", ""))
say("debug", int(bool(variable("Py_DEBUG"))))
say("gil_disabled", int(bool(variable("Py_GIL_DISABLED"))))
say("pymalloc", int(bool(variable("WITH_PYMALLOC"))))
say("unicode_size", 4 if sys.maxunicode > 0xFFFF else 2)
say("pointer_size", struct.calcsize("P"))
say("machine", platform.machine())
say("prefix", sys.prefix)
try:
    say("libc", os.confstr("CS_GNU_LIBC_VERSION") or "")
except (AttributeError, ValueError, OSError):
    say("libc", "")
'

# Names that a Python goes by; not python3-config, nor pythontex.
is_python() {
    case ${1##*/} in
        python*) rest=${1##*/python} ;;
        pypy*) rest=${1##*/pypy} ;;
        *) return 1 ;;
    esac
    case $rest in *[!0-9.dmtu]*) return 1 ;; esac
    [ -f "$1" ] && [ -x "$1" ]
}

pythons() {
    limit=
    if timeout 30 true 2>/dev/null; then limit='timeout 30'; fi
    asked=' '
    for python in "$root"/usr/bin/python* "$root"/usr/bin/pypy* "$root"/usr/local/bin/python* \
        "$root"/usr/local/bin/pypy* "$root"/opt/python/*/bin/python*; do
        is_python "$python" || continue
        real=$(readlink -f "$python") || continue
        case $asked in
            *" $real "*) ;;
            *)
                asked="$asked$real "
                # -B: no byte code is written. -E -s -S: neither the environment nor a site has a say.
                # shellcheck disable=SC2086  # two words, or none
                facts=$($limit "$python" -B -E -s -S -c "$question" 2>/dev/null | head -n 40)
                case $facts in
                    fact*)
                        row python "${real#"$root"}"
                        printf '%s\n' "$facts" | awk -F '\t' '$1 == "fact" && NF == 3'
                        ;;
                    *)
                        complain "$python cannot be asked what it is"
                        continue
                        ;;
                esac
                ;;
        esac
        row name "${real#"$root"}" "${python#"$root"}"
    done
}

# ------------------------------------------------------------ its packages

# deb822's stanzas as lines of sources.list; what is switched off is left out.
stanzas() {
    awk '
        function flush(type, uri, suite, types, uris, suites, i, j, k) {
            if (tolower(field["enabled"]) !~ /no/) {
                types = split(field["types"], type, " ")
                uris = split(field["uris"], uri, " ")
                suites = split(field["suites"], suite, " ")
                for (i = 1; i <= types; i++) for (j = 1; j <= uris; j++) for (k = 1; k <= suites; k++)
                    print type[i], uri[j], suite[k], field["components"]
            }
            split("", field)
        }
        /^[ \t]*#/ { next }
        /^[ \t]*$/ { flush(); next }
        /^[ \t]/ { field[key] = field[key] " " $0; next }
        { colon = index($0, ":"); key = tolower(substr($0, 1, colon - 1)); field[key] = substr($0, colon + 1) }
        END { flush() }' "$1"
}

# The repositories of dnf, yum and zypper that are switched on: `[id] URL`.
repositories() {
    awk '
        function flush() { if (id != "" && enabled && url != "") print id, url }
        function value() { sub(/^[^=]*=[ \t]*/, ""); return $0 }
        /^[ \t]*[#;]/ { next }
        /^\[/ { flush(); id = $0; enabled = 1; url = ""; more = 0; next }
        /^[ \t]/ { if (more) url = url " " $1; next }
        { more = 0 }
        /^enabled[ \t]*=/ { enabled = value() !~ /^(0|no|false|off)/ }
        /^baseurl[ \t]*=/ { url = value(); more = 1 }
        /^(metalink|mirrorlist)[ \t]*=/ { if (url == "") url = value() }
        END { flush() }' "$1"
}

# Where packages come from, without passwords (up to the last @ of a URL) and without queries.
sources() {
    {
        for list in "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*.list; do
            if [ -r "$list" ]; then sed -n -e 's/#.*//' -e '/^[[:space:]]*deb/p' "$list"; fi
        done
        for list in "$root"/etc/apt/sources.list.d/*.sources; do
            if [ -r "$list" ]; then stanzas "$list"; fi
        done
        for list in "$root"/etc/yum.repos.d/*.repo "$root"/etc/zypp/repos.d/*.repo; do
            if [ -r "$list" ]; then repositories "$list"; fi
        done
    } | sed -e 's|://[^[:space:]]*@|://|g' -e 's/?[^[:space:]]*//g' -e 's/[[:space:]][[:space:]]*/ /g' \
        -e 's/^ //' -e 's/ $//' -e '/./!d' -e 's/^/source	/'
}

packages() {
    if [ -e "$root/var/lib/dpkg/status" ] && command -v dpkg-query >/dev/null; then
        row value family debian
        row value architecture "$(dpkg --print-architecture)"
        dpkg-query --show --showformat 'package\t${Package}\t${Version}\t${Architecture}\t${Status}\n' |
            awk -F '\t' '$5 ~ / installed$/ { print $1 "\t" $2 "\t" $3 "\t" $4 }'
    elif rpm --eval 1 >/dev/null 2>&1; then # busybox has an rpm that knows no database
        row value family rpm
        row value architecture "$(rpm --eval '%{_arch}')"
        rpm -qa --qf 'package\t%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{ARCH}\n' |
            awk -F '\t' '$2 != "gpg-pubkey"' | sort
    else
        row value family ''
        complain "neither dpkg nor rpm here: which packages are installed cannot be told"
    fi
}

# ------------------------------------------------------------ libraries that the loader finds

# name TAB path TAB what ldconfig calls its kind: `libc6,x86-64`
loadable() {
    cached=$(ldconfig -p 2>/dev/null | sed -n 's/^[[:space:]]*\([^[:space:]]*\) (\([^)]*\)) => \(.*\)$/\1	\3	\2/p')
    if [ -n "$cached" ]; then
        printf '%s\n' "$cached"
        return
    fi
    # No cache: where the loader looks by itself, and where its configuration sends it. lib is for
    # 32 bits where lib64 has the C library.
    if [ -e "$root/lib64/libc.so.6" ]; then places='/lib64 /usr/lib64'; else places='/lib /usr/lib'; fi
    configured=$(cat "$root"/etc/ld.so.conf "$root"/etc/ld.so.conf.d/*.conf 2>/dev/null | grep '^/')
    for place in $places "/lib/$machine-linux-gnu" "/usr/lib/$machine-linux-gnu" /usr/local/lib $configured; do
        for file in "$root$place"/lib*.so*; do
            row "${file##*/}" "${file#"$root"}" ''
        done
    done
}

# A cache may be older than the files.
libraries() {
    loadable | while IFS='	' read -r name path kind; do
        if [ -e "$root$path" ]; then row library "$name" "$path" "$kind"; fi
    done
}

# ------------------------------------------------------------ all of it, as JSON

everything() {
    machine=$(uname -m)
    row value made "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
    system
    row value machine "$machine"
    row value cpu "$(cpu)"
    row value libc "$(libc)"
    row value python3 "$(command -v python3)"
    pythons
    sources
    packages
    libraries
}

# Rows to JSON. sed writes the backslashes: what awk makes of them in a replacement differs from awk to awk.
encode() {
    tr -c '\n\t -~' '?' | sed 's/[\\"]/\\&/g' | awk -F '\t' '
        function quoted(text) { return "\"" text "\"" }
        function list(kind, number, i) {
            printf ",\n%s: [", quoted(kind)
            for (i = 1; i <= number; i++) printf "%s\n%s", (i == 1 ? "" : ","), held[kind, i]
            printf "\n]"
        }
        $1 == "value" && NF == 3 { value[++values] = quoted($2) ": " quoted($3) }
        $1 == "python" && NF == 2 { path[++pythons] = $2; number[$2] = pythons }
        $1 == "fact" && NF == 3 && pythons { facts[pythons] = facts[pythons] ", " quoted($2) ": " quoted($3) }
        $1 == "name" && NF == 3 && ($2 in number) {
            names[number[$2]] = names[number[$2]] (names[number[$2]] == "" ? "" : ", ") quoted($3)
        }
        $1 == "source" { held["sources", ++sources] = quoted($2) }
        $1 == "package" && NF == 4 {
            held["packages", ++packages] = "[" quoted($2) ", " quoted($3) ", " quoted($4) "]"
        }
        $1 == "library" && NF == 4 {
            held["libraries", ++libraries] = "[" quoted($2) ", " quoted($3) ", " quoted($4) "]"
        }
        END {
            printf "{\n\"podwheel-capture\": 1"
            for (i = 1; i <= values; i++) printf ",\n%s", value[i]
            for (i = 1; i <= pythons; i++)
                held["pythons", i] = "{\"path\": " quoted(path[i]) ", \"names\": [" names[i] "]" facts[i] "}"
            list("pythons", pythons)
            list("sources", sources)
            list("packages", packages)
            list("libraries", libraries)
            print "\n}"
        }'
}

main() {
    root=${1-}
    for tool in awk sed tr readlink uname; do
        command -v "$tool" >/dev/null || {
            complain "$tool is not here, and nothing can be told without it"
            exit 1
        }
    done
    cd / || exit 1 # a file of the working directory is no part of the server
    everything </dev/null | encode
}

main "$@"
