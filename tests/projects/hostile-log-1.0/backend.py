import os
import sys

# Each of another package of Debian's.
FIRST = ["argh", "avl", "jsmn"]
HEADERS = """
    adios2 adios2_c allocx aml atomicops avtp base16384 bemenu bezctx bloom cdb cerf chm_lib
    cmumps_c compface cpucycles cqrlib critnib csv ctapi deg2str dhash disorder dlrestrictions
    doodle e131 ebur128 edac edit_dist eglexternalplatform einfo evdi_lib fast_obj fduserdata
    ffindex flake fp16 freeaptx frei0r fru fsplib fstrcmp fxdiv g15daemon gamemode_client gcroots
    glome gpm hersheyfont ident iterator_tpl kal kibi laxjson lbfgs lcrq libacpi libaio libcaes
    libcidr libcue libdivide libdlm libdlmcontrol libdumbtts libdynamite libestr libjodycode
    liblms7002m libocas libpowerman libqrtr libresample libscrypt libsocketcan libvumod litl_config
    lockfile ltc lzfse migemo mini18n minicoredumper mkdio mmap_access_mode mpack mpb msgpuck mtdev
    murmurhash natpmp ndp newuoa npth ntlm opaque openaptx oping otpw ownetapi passwdqc path_utils
    pdqsort picojson potracelib psimd purelibc qrencode randombytes ref_array rply rtf_common rtpi
    rw safe_iop semver shhmsg
""".split()

EVIL = [
    "a.c:1:10: fatal error: -oAPT::Update::Pre-Invoke::=touch${IFS}owned.h: No such file or directory",
    "a.c:1:10: fatal error: ../../../../../../etc/shadow: No such file or directory",
    "a.c:1:10: fatal error: $(touch /tmp/owned).h: No such file or directory",
    "/bin/sh: 1: --allow-unauthenticated: not found",
    "/bin/sh: 1: -oDpkg::Options::=--force-all: not found",
    "/bin/sh: 1: $(reboot): not found",
    "/usr/bin/ld: cannot find -l;touch${IFS}owned: No such file or directory",
    "/usr/bin/ld: cannot find -l-o=Dir::Etc=/tmp/owned: No such file or directory",
    "Package 'owned; touch /tmp/owned', required by 'virtual:world', not found",
    "FileNotFoundError: [Errno 2] No such file or directory: '--config-file=/tmp/owned'",
    "\x1b]0;owned\x07a.c:1:10: fatal error: \x1b[31mowned\x1b[2J.h: No such file or directory",
    "a.c:1:10: fatal error: " + "a" * 100000 + ".h: No such file or directory",
    'CMake Error at CMakeLists.txt:3 (find_package):\n  By not providing "Find../../owned.cmake" in CMAKE_MODULE_PATH',
]


def build_wheel(directory, settings=None, metadata=None):
    there = all(os.path.exists("/usr/include/%s.h" % header) for header in FIRST)
    for header in HEADERS if there else FIRST:
        print("a.c:1:10: fatal error: %s.h: No such file or directory" % header, file=sys.stderr)
    print("\n".join(EVIL), file=sys.stderr)
    raise RuntimeError("owned.c:1:10: fatal error: /tmp/owned.h: No such file or directory")
