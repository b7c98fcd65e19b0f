"""distutils' compilers with more than one job: sources, and extensions, side by side.

distutils (setuptools' copy as well) compiles one source after the other. Here each command that
it starts is a job, which needs a token of the jobserver unless it is the only one; objects are
linked in the order of the sources, as ever. Only what is distutils' own is done so: a package
that puts its own function in the place of one of them may count on one call at a time.

hook.py loads this by its path, on Python 3 only, into the process of the backend.
"""

# ruff: noqa: SLF001 - distutils' own parts are what this is about
import contextlib
import functools
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

_CHUNK = 1 << 16
_GAP = 0.002  # seconds in which the broker gets hold of a token that another step needs
_COMMANDS = ("spawn", "call")  # newer setuptools have both
_PARTS = ("_setup_compile", "_get_cc_args")
_C = (".c", ".cc", ".cpp", ".cxx")
_TRANSLATED = (".pyx", ".py")  # by Cython's build_ext, into one C file of that name
_TRANSLATOR = "Cython.Distutils.build_ext"
_OURS = ("distutils.", "setuptools._distutils.")
_PLAIN_BUILD_EXT = (
    "distutils.command.build_ext",
    "setuptools._distutils.command.build_ext",
    "setuptools.command.build_ext",
    _TRANSLATOR,
)
_PLAIN_EXTENSIONS = (
    "distutils.extension",
    "setuptools._distutils.extension",
    "setuptools.extension",
)


class Jobs(object):
    """The jobs of this process: one is its own, each further one needs a token of the FIFO."""

    def __init__(self, fifo):
        self._fifo = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
        self._own, self._own_back = os.pipe()
        os.set_blocking(self._own, False)
        os.write(self._own_back, b"+")
        self._local = threading.local()

    @contextlib.contextmanager
    def one(self):
        """Wait until one more may run; it runs as long as the context. Within another, it is the same."""
        if getattr(self._local, "held", False):
            yield
            return
        back, token = self._take()
        self._local.held = True
        try:
            yield
        finally:
            self._local.held = False
            os.write(back, token)
            if back == self._fifo:
                time.sleep(_GAP)

    def _take(self):
        while True:
            for source, back in ((self._own, self._own_back), (self._fifo, self._fifo)):
                try:
                    return back, os.read(source, 1)
                except BlockingIOError:
                    continue
            select.select([self._own, self._fifo], [], [])


class Output(object):
    """What commands print that run beside others: each one's as a whole, when it has ended."""

    def __init__(self):
        self._local = threading.local()
        self._lock = threading.Lock()
        original = subprocess.Popen.__init__

        def popen(process, *arguments, **options):
            file = getattr(self._local, "file", None)
            if file is not None and len(arguments) < 5 and options.get("stdout") is None:
                options.update(stdout=file, stderr=subprocess.STDOUT)
            original(process, *arguments, **options)

        subprocess.Popen.__init__ = popen

    @contextlib.contextmanager
    def gathered(self):
        """Of this thread's commands, unless it is the main thread."""
        if threading.current_thread() is threading.main_thread():
            yield
            return
        with tempfile.TemporaryFile() as file:
            self._local.file = file
            try:
                yield
            finally:
                self._local.file = None
                file.seek(0)
                with self._lock:
                    for data in iter(lambda: file.read(_CHUNK), b""):
                        sys.stdout.flush()
                        while data:
                            data = data[os.write(2, data) :]


class InTurn(object):
    """Builds extensions that Cython's build_ext translates first: translated one after the other, in
    their order, and compiled side by side. Each is one job from its beginning to its end."""

    def __init__(self, command, jobs):
        self._build = command.build_extension
        self._jobs = jobs
        self._numbers = {id(extension): n for n, extension in enumerate(command.extensions)}
        self._turn = 0
        self._changed = threading.Condition()

    def build(self, extension):
        number = self._numbers[id(extension)]
        with self._changed:
            self._changed.wait_for(lambda: self._turn == number)
        try:
            with self._jobs.one():
                self._build(extension)
        finally:
            self.translated(extension)

    def translated(self, extension):
        """What comes now is distutils' own: the next one's turn."""
        with self._changed:
            self._turn = max(self._turn, self._numbers[id(extension)] + 1)
            self._changed.notify_all()


def side_by_side(fifo):
    """Let the backend's distutils take tokens out of *fifo*, if the backend has come with one."""
    if "setuptools" not in sys.modules and "distutils" not in sys.modules:
        return
    try:
        from distutils.ccompiler import CCompiler
        from distutils.command.build_ext import build_ext
    except Exception:  # an old setuptools on a new Python: whatever it needs, it will say
        return
    cores = len(os.sched_getaffinity(0))
    jobs, output = Jobs(fifo), Output()
    _count_commands(CCompiler, jobs, output)
    _compile_sources(CCompiler, jobs, ThreadPoolExecutor(cores))
    _build_extensions(build_ext, jobs, cores)


def _count_commands(compiler_class, jobs, output):
    def counted(original):
        def run(self, *arguments, **options):
            with jobs.one(), output.gathered():
                return original(self, *arguments, **options)

        run.podwheel = True
        return run

    for name in _COMMANDS:
        if hasattr(compiler_class, name):
            setattr(compiler_class, name, counted(getattr(compiler_class, name)))


def _compile_sources(compiler_class, jobs, pool):
    original = compiler_class.compile

    def together(
        self, sources, output_dir=None, macros=None, include_dirs=None, debug=0,
        extra_preargs=None, extra_postargs=None, depends=None,
    ):  # fmt: skip
        if len(sources) < 2 or not _is_plain(self):
            return original(
                self, sources, output_dir, macros, include_dirs, debug, extra_preargs,
                extra_postargs, depends,
            )  # fmt: skip
        # As the original does it, but for the order in time.
        macros, objects, extra_postargs, pp_opts, build = self._setup_compile(
            output_dir, macros, include_dirs, sources, depends, extra_postargs
        )
        cc_args = self._get_cc_args(pp_opts, debug, extra_preargs)

        failed = []

        def one(made):
            source, extension = build[made]
            with jobs.one():
                if failed:  # while it waited for a token
                    return
                try:
                    self._compile(made, source, extension, cc_args, extra_postargs, pp_opts)
                except BaseException:
                    failed.append(made)
                    raise

        running = [pool.submit(one, made) for made in objects if made in build]
        try:
            for each in running:
                each.result()
        finally:
            for each in running:
                each.cancel()
            for each in running:  # those that could not be cancelled: nobody expects them later
                if not each.cancelled():
                    each.exception()
        return objects

    compiler_class.compile = together


def _is_plain(compiler):
    """Whether nobody has changed how one source is compiled, so that two may be at once."""
    own, kind = vars(compiler), type(compiler)
    return (
        not any(name in own for name in ("_compile", *_COMMANDS, *_PARTS))
        and all(hasattr(getattr(kind, n), "podwheel") for n in _COMMANDS if hasattr(kind, n))
        and all(getattr(kind, n).__module__.startswith(_OURS) for n in ("_compile", *_PARTS))
    )


def _build_extensions(command_class, jobs, cores):
    serially, build_one = command_class._build_extensions_serial, command_class.build_extension

    def serial(self):
        if not _are_independent(self):
            return serially(self)
        self.parallel = cores
        if _translates(self):
            self.podwheel = InTurn(self, jobs)
            self.build_extension = self.podwheel.build
        try:
            return self._build_extensions_parallel()
        finally:
            self.parallel = None
            for name in ("build_extension", "podwheel"):
                vars(self).pop(name, None)

    @functools.wraps(build_one)
    def build_extension(self, extension):
        if "podwheel" in vars(self):
            self.podwheel.translated(extension)
        return build_one(self, extension)

    command_class._build_extensions_serial = serial
    command_class.build_extension = build_extension


def _translates(command):
    return any(kind.__module__ == _TRANSLATOR for kind in type(command).__mro__)


def _are_independent(command):
    """Whether the extensions are plain C, C++ or Cython, with no object in common, and built as distutils does."""
    extensions = command.extensions
    suffixes = _C + _TRANSLATED if _translates(command) else _C
    sources = [os.path.splitext(source) for extension in extensions for source in extension.sources]
    return (
        len(extensions) > 1
        and "build_extension" not in vars(command)
        and type(command).build_extension.__module__ in _PLAIN_BUILD_EXT
        and all(type(extension).__module__ in _PLAIN_EXTENSIONS for extension in extensions)
        and not any(extension.extra_objects for extension in extensions)
        and all(suffix in suffixes for _, suffix in sources)
        and len({stem for stem, _ in sources}) == len(sources)
        and _is_plain(command.compiler)
    )
