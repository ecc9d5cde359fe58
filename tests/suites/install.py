# SPDX-License-Identifier: BSD-2-Clause
"""The install suite: what `make install` and `make deb` put down works outside of this tree, for an
ordinary user, from another folder; and what ramet-cc makes has nothing of this machine in it.

Where the tests run as root, everything after the installation is done by nobody. The programs run
on whatever that user can use, QEMU for lack of a KVM."""

import os
import re
import shutil
import stat
import subprocess
import tempfile

import paths
import proc
import report as reporting

MAKE_LIMIT = 300.0
LIMIT = 60.0
MANUALS = {"ramet": ["run", "--help"], "mkimage": ["--help"], "ramet-cc": ["--help"]}
# Headers and archives that the host has and the sysroot has not (libc6-dev, gcc).
HOST_HEADER, HOST_ARCHIVES = "gconv.h", ["anl", "gcov"]

HELLO = """
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int status;
    if (fork() == 0) { printf("child of %s\\n", argv[argc - 1]); return 7; }
    wait(&status);
    printf("child ended with %d\\n", WEXITSTATUS(status));
    return 0;
}
"""

# A FIFO that came with the image joins two processes.
FIFO = """
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void)
{
    struct stat st;
    char line[80] = "";
    if (stat("/run/fifo", &st) < 0) return 1;
    printf("%o %d\\n", st.st_mode & 07777, S_ISFIFO(st.st_mode));
    fflush(stdout);
    if (fork() == 0) { fputs("through it\\n", fopen("/run/fifo", "w")); exit(0); }
    fputs(fgets(line, sizeof line, fopen("/run/fifo", "r")), stdout);
    return 0;
}
"""

# What autoconf does, in short: can programs be run, how large is a type, does a call work?
CONFIGURE = """
set -eu
${CC:?} -o conftest conftest_run.c
./conftest
${CC} -o conftest conftest_size.c
./conftest
echo "sizeof(void *) is $(cat conftest.val)"
${CC} -o conftest conftest_linux.c
if ./conftest one 'two words'; then echo status 0; else echo status $?; fi
"""
CONFTESTS = {
    "conftest_run.c": "int main(void) { return 0; }\n",
    "conftest_size.c": '#include <stdio.h>\nint main(void) { FILE *f = fopen("conftest.val", "w");'
    ' fprintf(f, "%d\\n", (int)sizeof(void *)); return fclose(f); }\n',
    "conftest_linux.c": "#include <stdio.h>\n#ifndef __linux__\n#error no Linux\n#endif\n"
    'int main(int c, char **v) { char line[80]; FILE *f = fopen("input", "r");'
    ' printf("%d %s %s", c, v[2], fgets(line, 80, f)); return 3; }\n',
    "input": "a line of input\n",
    "configure": CONFIGURE,
}
CONFIGURED = "sizeof(void *) is 8\n3 two words a line of input\nstatus 3\n"


def make(*arguments):
    """Not as part of a make around us."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE") and k != "MFLAGS"}
    done = proc.run(["make", "-s", *arguments], limit=MAKE_LIMIT, env=env, cwd=paths.ROOT)
    assert done.status == 0, f"make {' '.join(arguments)}: {reporting.tail(done.out + done.err)}"


class Place:
    """An installation, and a folder of the user's own to work in."""

    def __init__(self, root, prefix):
        self.root, self.prefix = root, prefix
        self.bin = os.path.join(prefix, "bin")
        self.sysroot = os.path.join(prefix, "lib", "ramet")
        self.home = os.path.join(root, "home")
        os.makedirs(self.home, exist_ok=True)
        os.chmod(root, 0o755)
        os.chmod(self.home, 0o777)

    def write(self, name, text):
        with open(os.path.join(self.home, name), "w", encoding="ascii") as f:
            f.write(text)

    def run(self, *argv, env=None):
        """As the user would, in his folder. Returns (status, standard output, standard error)."""
        become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        done = proc.run(
            [*(become if os.getuid() == 0 else []), *argv],
            limit=LIMIT, cwd=self.home,
            env={"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": self.home, **(env or {})},
        )  # fmt: skip
        assert not done.trouble(), f"{' '.join(argv)}: {done.trouble()}"
        return done.status, done.out.decode(), done.err.decode()

    def good(self, *argv, env=None):
        status, out, err = self.run(*argv, env=env)
        assert status == 0, f"{' '.join(argv)}: status {status}: {out}{err}"
        return out

    def bad(self, want, *argv, env=None):
        status, _, err = self.run(*argv, env=env)
        assert status != 0, f"{' '.join(argv)}: no error"
        assert re.search(want, err), f"{' '.join(argv)}: {err}"


# ---- what is installed ---------------------------------------------------------------------------


def nothing_of_the_build(place):
    """No file mentions the tree it was built in; everybody may read all of it."""
    for folder, _, names in os.walk(place.prefix):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as f:
                assert paths.ROOT.encode() not in f.read(), f"{path} names the build tree"
            assert os.stat(path).st_mode & stat.S_IROTH, f"{path} cannot be read by others"


def hello(place):
    place.write("hello.c", HELLO)
    place.good("ramet-cc", "-O2", "-Wall", "-o", "hello.elf", "hello.c")
    place.good("mkimage", "-q", "-o", "hello.img", "--program", "/bin/hello=hello.elf")
    out = place.good("ramet", "run", "hello.img", "of an ordinary user")
    assert out == "child of of an ordinary user\nchild ended with 7\n", out
    # By a link from elsewhere, as /usr/local/bin has them.
    link = os.path.join(place.home, "cc")
    os.symlink(os.path.join(place.bin, "ramet-cc"), link)
    place.good(link, "-c", "hello.c")


def fifo_of_a_tree(place):
    place.write("fifo.c", FIFO)
    place.good("ramet-cc", "-o", "fifo.elf", "fifo.c")
    place.good("sh", "-c", "mkdir -p tree/run && mkfifo -m 640 tree/run/fifo")
    place.good("mkimage", "-q", "-o", "fifo.img", "--program", "/f=fifo.elf", "--dir", "tree:/")
    out = place.good("ramet", "run", "fifo.img")
    assert out == "640 1\nthrough it\n", out


def documents(place):
    """The README's links to pages lead somewhere, and its example can be compiled."""
    folder = os.path.join(place.prefix, "share", "doc", "ramet")
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as f:
        links = re.findall(r"\]\((docs/[a-z-]+\.md)", f.read())
    assert links
    for link in links:
        assert os.path.exists(os.path.join(folder, link)), f"README.md: {link} is not installed"
    place.good("ramet-cc", "-o", "example.elf", os.path.join(folder, "examples", "hello.c"))


def help_of_commands(place):
    """However it is asked for, on standard output; an unknown command names itself."""
    text = place.good("ramet", "help")
    assert text == place.good("ramet", "-h") == place.good("ramet", "--help")
    for word in ("ramet run", "ramet template", "ramet serve", "--mem", "man ramet"):
        assert word in text, f"{word} is not in the help"
    place.bad("no command 'start'", "ramet", "start")
    place.bad("usage: ", "ramet")


def versions(place):
    with open(os.path.join(paths.ROOT, "abi", "version.h"), encoding="ascii") as f:
        version = re.search(r'RAMET_VERSION "(.*)"', f.read()).group(1)
    for command in ("mkimage", "ramet-cc"):
        first = place.good(command, "--version").splitlines()[0]
        assert first.startswith(f"{command} (Ramet) {version}"), first
    assert place.good("ramet-cc", "--help").startswith("usage: ramet-cc ")


def manuals(place):
    """The pages say of each option what --help says, and of no other."""
    for name, arguments in MANUALS.items():
        page = os.path.join(place.prefix, "share", "man", "man1", name + ".1")
        with open(page, encoding="ascii") as f:
            text = f.read()
        documented = {"--" + o for o in re.findall(r"^\.It .*?Fl Fl ([a-z][a-z-]+)", text, re.M)}
        documented |= {"--" + o for o in re.findall(r"^\.It .*, Fl Fl ([a-z][a-z-]+)", text, re.M)}
        known = set(re.findall(r"--[a-z][a-z-]+", place.good(name, *arguments)))
        if name == "ramet-cc":
            known.discard("--host")  # configure's
        assert known == documented, f"{name}.1: --help and page differ: {known ^ documented}"
        if shutil.which("mandoc"):
            place.good("mandoc", "-Tlint", "-Wwarning", page)


def complete(place, *words):
    """What bash offers for the last of the words."""
    script = os.path.join(place.prefix, "share", "bash-completion", "completions", words[0])
    lines = f"""
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        . {script}
        function=$(complete -p {words[0]} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        "$function" "$1"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return set(place.good("bash", "-c", lines, "bash", *words).split())


def completion(place):
    assert complete(place, "ramet", "r") == {"run"}
    assert {"--mem", "--disk", "--help"} <= complete(place, "ramet", "run", "--")
    assert complete(place, "ramet", "run", "--vmm", "=", "q") == {"qemu"}
    assert complete(place, "mkimage", "--pro") == {"--program"}
    assert complete(place, "mkimage", "--format", "q") == {"qcow2"}
    place.write("some.img", "")
    assert complete(place, "ramet", "run", "some") == {"some.img"}


# ---- nothing of the host -------------------------------------------------------------------------


def host_libraries(place):
    """-l finds archives of the sysroot and of the user's own folders, by whatever compiler."""
    place.write("main.c", "int f(void); int main(void) { return f(); }\n")
    place.write("f.c", "int f(void) { return 0; }\n")
    place.good("ramet-cc", "-c", "f.c")
    place.good("sh", "-c", "mkdir -p mine && ar rcs mine/libmine.a f.o")
    for backend in ("gcc", "clang"):
        env = {"RAMET_CC_BACKEND": backend, "LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu"}
        place.good("ramet-cc", "main.c", "-L", "mine", "-lmine", "-lm", "-lpthread", env=env)
        place.good("ramet-cc", "main.c", "-Lmine", "-l", "mine", "-lgcc", env=env)
        place.good("ramet-cc", "-c", "main.c", "-lz", env=env)
        for name in HOST_ARCHIVES:
            found = place.good("gcc", f"-print-file-name=lib{name}.a").strip()
            assert os.path.isabs(found), f"lib{name}.a is not on this machine: the test is void"
            place.bad(f"-l{name}: no lib{name}.a", "ramet-cc", "main.c", f"-l{name}", env=env)
            place.bad("cannot find|not found", "ramet-cc", "main.c", f"-Wl,-l{name}", env=env)
            place.bad("of this machine", "ramet-cc", "main.c", found, env=env)
            folder = "-L" + os.path.dirname(found)
            place.bad("of this machine", "ramet-cc", "main.c", folder, env=env)
        traced = place.good("ramet-cc", "main.c", "f.c", "-Wl,--trace", env=env)
        own = (place.sysroot, tempfile.gettempdir() + "/")
        for line in traced.splitlines():
            path = os.path.realpath(line.strip("()").split(")")[0])
            assert path.startswith(own) or path.endswith("libgcc.a"), f"{line} is linked in"


def host_headers(place):
    paths_set = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH")
    place.write("vector.cc", "#include <vector>\n")
    place.write("host.c", f"#include <{HOST_HEADER}>\n")
    place.write("all.c", "".join(f"#include <{h}>\n" for h in (
        "stdio.h", "stdlib.h", "limits.h", "stdint.h", "string.h", "signal.h", "unistd.h",
        "errno.h", "fcntl.h", "time.h", "locale.h", "math.h", "float.h", "stdatomic.h", "termios.h",
        "immintrin.h", "sys/types.h", "sys/stat.h", "sys/wait.h", "sys/ioctl.h")))  # fmt: skip
    for backend in ("gcc", "clang"):
        env = {"RAMET_CC_BACKEND": backend, **dict.fromkeys(paths_set, "/usr/include")}
        place.bad(HOST_HEADER, "ramet-cc", "-c", "host.c", env=env)
        for option in (["-I/usr/include"], ["-I", "/usr/include"], ["-isystem/usr/include"],
                       ["-isystem", "/usr/local/../include"], ["-idirafter", "/usr/include"],
                       ["-include", f"/usr/include/{HOST_HEADER}"]):  # fmt: skip
            place.bad("of this machine", "ramet-cc", *option, "-c", "host.c", env=env)
        place.bad("vector", "ramet-cc", "-x", "c++", "-c", "vector.cc", env=env)
        own = place.good(backend, "-print-file-name=include").strip()
        allowed = tuple(os.path.realpath(p) + "/" for p in (place.sysroot, own))
        for used in re.findall(r"/\S+\.h", place.good("ramet-cc", "-M", "all.c", env=env)):
            assert os.path.realpath(used).startswith(allowed), f"{used} is included"


def questions(place):
    """Answers that libtool, configure and pkg-config act on."""
    for question in ("-print-search-dirs", "-print-sysroot", "-print-file-name=libz.a",
                     "-print-file-name=libc.a", "-print-multiarch"):  # fmt: skip
        for word in re.split(r"[\s:=]+", place.good("ramet-cc", question)):
            assert not word.startswith("/") or word.startswith(place.sysroot), f"{question}: {word}"
    assert place.run("pkg-config", "--exists", "libseccomp")[0] == 0, "the test is void"
    assert place.run("ramet-pkg-config", "--exists", "libseccomp")[0] != 0
    folder = os.path.join(place.sysroot, "usr", "lib", "pkgconfig")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "own.pc"), "w", encoding="ascii") as f:
        f.write("Name: own\nDescription: own\nVersion: 1\nCflags: -I/usr/include/own\n"
                "Libs: -L/usr/lib -lown\n")  # fmt: skip
    flags = place.good("x86_64-ramet-elf-pkg-config", "--cflags", "--libs", "own")
    usr = os.path.join(place.sysroot, "usr")
    assert flags.split() == [f"-I{usr}/include/own", f"-L{usr}/lib", "-lown"], flags


def triples(place):
    for triple, linux in (("x86_64-ramet-elf", False), ("x86_64-ramet-linux-gnu", True)):
        assert place.good(f"{triple}-gcc", "-dumpmachine").strip() == triple
        macros = place.good(f"{triple}-gcc", "-dM", "-E", "-x", "c", "/dev/null")
        assert ("#define __linux__ 1" in macros) == linux, triple
        assert "#define __ramet__ 1" in macros and "__PIE__" not in macros
    assert "x86_64-ramet-linux-gnu" in place.good("ramet-cc", "--linux", "--version")
    place.good("ramet-cc", "-pie", "-fPIE", "-static-pie", "-o", "pie.elf", "main.c", "f.c")
    assert "EXEC" in place.good("readelf", "-h", "pie.elf")
    place.bad("no shared libraries", "ramet-cc", "-shared", "f.c")


def configure(place):
    """A configure script that runs what it compiles, and reads what that wrote."""
    for name, text in CONFTESTS.items():
        place.write(name, text)
    out = place.good("sh", "configure", env={"CC": "ramet-cc --linux --runner"})
    assert out == CONFIGURED, out
    place.good("ramet-cc", "-o", "plain", "conftest_run.c")
    place.good("ramet-exec", "--mem=32M", "./plain")
    place.bad("no such file", "ramet-exec", "./absent")


# ---- the package ---------------------------------------------------------------------------------


def package(root):
    """`make deb`, unpacked somewhere: root's files, a control file, and it works from there."""
    make("deb")
    (name,) = [n for n in os.listdir(paths.BUILD) if re.fullmatch(r"ramet_[0-9.]+_amd64\.deb", n)]
    deb = os.path.join(paths.BUILD, name)
    control = subprocess.run(["dpkg-deb", "-f", deb], capture_output=True, text=True, check=True)
    for line in ("Package: ramet", "Architecture: amd64", f"Version: {name.split('_')[1]}"):
        assert line in control.stdout.splitlines(), f"{line}: {control.stdout}"
    listing = subprocess.run(["dpkg-deb", "-c", deb], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        assert line.split()[1] == "root/root", line
        assert line[8] != "w" or line[0] == "l", line
    for path in ("bin/ramet", "bin/mkimage", "bin/ramet-cc", "lib/ramet/lib/libc.a",
                 "share/man/man1/ramet.1.gz",
                 "share/bash-completion/completions/ramet"):  # fmt: skip
        assert f" ./usr/{path}" in listing.stdout, path
    subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    place = Place(root, os.path.join(root, "usr"))
    nothing_of_the_build(place)
    hello(place)


# What is asked of one installation, in this order.
CASES = [nothing_of_the_build, hello, fifo_of_a_tree, documents, help_of_commands, versions,
         manuals, completion, host_libraries, host_headers, questions, triples,
         configure]  # fmt: skip


def judge(report, name, check):
    if not report.wants("install/" + name):
        return
    try:
        check()
        report.ok("install/" + name)
    except (AssertionError, OSError, subprocess.CalledProcessError) as problem:
        report.fail("install/" + name, "as follows", str(problem))


def suite(report, _options):
    names = [case.__name__ for case in CASES]
    if any(report.wants("install/" + name) for name in names):
        with tempfile.TemporaryDirectory() as root:
            try:
                make("install", f"PREFIX={root}/prefix")
            except AssertionError as problem:
                report.fail("install/make", "as follows", str(problem))
                return
            place = Place(root, os.path.join(root, "prefix"))
            for case in CASES:
                judge(report, case.__name__, lambda case=case: case(place))
    with tempfile.TemporaryDirectory() as root:
        judge(report, "package", lambda: package(root))
