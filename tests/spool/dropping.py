"""dropping.py - what the tests of the spool share: pages with marks, winnowd, events, the check.

A page is told by its number: its first sentence and its last one have it, and both have to
stand in its clean text.  Who waits here waits for an event of inotify, with a deadline."""

import ctypes
import errno
import os
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "crash"))
import spool_check  # noqa: E402  reads manifests, and knows nothing of winnowd's code

PATIENCE = 60.0  # seconds without any progress

CLOSED, MOVED_TO, CREATED, CHANGED = 0x8, 0x80, 0x100, 0x2
HEAD = struct.Struct("iIII")


# --- pages ------------------------------------------------------------------------------------

WORDS = """amber anchor barley basket candle cedar cellar chimney cobbler copper cottage currant
dairy ditch drawer elbow ember fathom feather fennel ferry flint furrow gable garnet ginger gravel
hamlet hatch hazel hinge hollow icicle ivory jetty kettle lantern ledger linen lintel loom mallet
marsh meadow mortar nettle oakum orchard oven parsley pasture pebble pewter plough quarry quill
raft rafter reed ridge saddle saffron shingle shuttle sickle slate spindle stable tallow tanner
thatch thimble timber trellis turnip vessel walnut wharf wicker willow yeoman""".split()


def sentence(rng):
    words = [rng.choice(WORDS) for _ in range(rng.randint(9, 14))]
    return " ".join(words).capitalize() + f" {rng.randint(100, 99999)}."


def first_mark(n):
    return f"Opening words of the page numbered b{n}b are these"


def last_mark(n):
    return f"closing words of the page numbered e{n}e stand here"


def page(n, links=()):
    """A small page; halves of it are no whole ones."""
    rng = random.Random(n)
    menu = "".join(f'<li><a href="{to}">{to}</a></li>' for to in links)
    middle = "\n".join(f"<p>{sentence(rng)} {sentence(rng)}</p>" for _ in range(2))
    return f"""<!DOCTYPE html><html lang="en"><head><title>Page {n}</title></head><body><article>
<p>{first_mark(n)}, and {sentence(rng).lower()}</p>
{middle}
<p>{sentence(rng)} And the {last_mark(n)}, after {rng.choice(WORDS)} and {rng.choice(WORDS)}.</p>
</article><ul>{menu}</ul></body></html>
""".encode()


# --- events -----------------------------------------------------------------------------------

class Events:
    """inotify, as little of it as is needed."""

    libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self):
        self.fd = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def watch(self, path, mask=MOVED_TO | CREATED | CLOSED | CHANGED):
        if self.libc.inotify_add_watch(self.fd, os.fsencode(path), mask) < 0:
            raise OSError(ctypes.get_errno(), path)

    def wait(self, deadline):
        """True: there were some."""
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self.fd], [], [], left)[0]:
            return False
        try:
            os.read(self.fd, 1 << 16)
        except OSError as e:
            if e.errno != errno.EAGAIN:
                raise
        return True

    def close(self):
        os.close(self.fd)


def wait_until(done, deadline, *folders):
    """Until done() says so; it is asked again when something happens in the folders."""
    events = Events()
    try:
        for folder in folders:
            events.watch(folder)
        while not done():
            if not events.wait(deadline()):
                raise TimeoutError(f"nothing more comes in {', '.join(folders)}")
    finally:
        events.close()


# --- winnowd ----------------------------------------------------------------------------------

class Daemon:
    """A winnowd that runs on a spool; made when it is ready."""

    def __init__(self, program, spool, *settings, log=None):
        self.spool = spool
        self.log = open(log or spool + ".log", "ab")
        path = spool + ".notify"
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        args = [program, "--set", "default_rules=no", "--set", "min_free=0"]
        for setting in settings:
            args += ["--set", setting]
        self.process = subprocess.Popen(args + [spool], stdout=self.log, stderr=self.log,
                                        env=dict(os.environ, NOTIFY_SOCKET=path))
        notify.settimeout(PATIENCE)
        while b"READY=1" not in notify.recv(4096):
            pass
        notify.close()
        os.unlink(path)

    def pause(self):
        """Stopped, so that events gather."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def leave(self):
        """Ends it in peace; what it exits with."""
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE)

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


def is_out(spool, path):
    return os.path.lexists(f"{spool}/out/{path}.json")


# --- the record of what became of all ------------------------------------------------------------

class Record(spool_check.Spool):
    """The manifest alone: the rest may be large."""

    def __init__(self, spool):
        self.path, self.lines, self.torn = spool, [], []
        self.read_manifest()


class Counter:
    """How many decisions the manifest has, read on as it grows."""

    def __init__(self, spool):
        self.state, self.read = spool + "/state", {}
        self.last, self.since = -1, time.monotonic()

    def count(self):
        for name in os.listdir(self.state):
            if not name.startswith("manifest-"):
                continue
            at, lines = self.read.get(name, (0, 0))
            with open(os.path.join(self.state, name), "rb") as f:
                f.seek(at)
                data = f.read()
            end = data.rfind(b"\n") + 1
            lines += sum(not line.startswith(b"w1 after ")
                         for line in data[:end].split(b"\n")[:-1])
            self.read[name] = at + end, lines
        return sum(lines for _, lines in self.read.values())


    def deadline(self):
        """There is hope as long as files are decided."""
        count = self.count()
        if count != self.last:
            self.last, self.since = count, time.monotonic()
        return self.since + PATIENCE


def wait_out(spool, path):
    """Until the record of drop/<path> is visible; its folder is there.  Others may come first."""
    folder = os.path.dirname(f"{spool}/out/{path}")
    wait_until(lambda: is_out(spool, path), Counter(spool).deadline, folder, spool + "/state")


def wait_decided(spool, count):
    counter = Counter(spool)
    wait_until(lambda: counter.count() >= count, counter.deadline, spool + "/state")


# --- the check --------------------------------------------------------------------------------

def files_below(folder):
    return [os.path.relpath(os.path.join(top, name), folder)
            for top, _, names in os.walk(folder) for name in names]


def check_page(spool, n, out, found):
    """Whole, and the one that it says it is."""
    try:
        with open(f"{spool}/out/{out}.txt", encoding="utf-8") as f:
            text = f.read()
    except OSError as e:
        found.append(f"page {n}: {e}")
        return
    if first_mark(n) not in text or last_mark(n) not in text:
        found.append(f"page {n}: out/{out}.txt is not the whole page: {text[:80]!r} ... {text[-80:]!r}")
    if not is_out(spool, out):
        found.append(f"page {n}: out/{out}.json is missing")


def check_decisions(spool, pages, found):
    """Path -> number, for all; what the record says of them."""
    record, decided = Record(spool), {}
    found.extend(record.torn)
    for line in record.lines:
        path = os.fsdecode(line.path)
        if path in decided:
            found.append(f"{path} was decided twice")
        if line.kind != "cleaned":
            found.append(f"{path} is {line.kind}")
        decided[path] = os.fsdecode(line.out or b"-")
    for path in sorted(pages.keys() - decided.keys())[:20]:
        found.append(f"nothing was decided of {path}")
    for path in sorted(decided.keys() - pages.keys())[:20]:
        found.append(f"{path} was decided, and never dropped")
    if len({line.id for line in record.lines}) != len(record.lines):
        found.append("an id was used twice")
    if len(record.lines) != len(pages):
        found.append(f"{len(record.lines)} decisions, and {len(pages)} files")
    return decided


def check_all(spool, winnow, pages):
    """pages: path below drop/ -> number.  What is wrong, a line each."""
    found = []
    decided = check_decisions(spool, pages, found)
    for path, n in pages.items():
        if path in decided:
            check_page(spool, n, decided[path], found)
    out = files_below(spool + "/out")
    if len(out) != 2 * len(pages):
        found.append(f"{len(out)} files in out, and {2 * len(pages)} are to be")
    for folder in "drop", "work", "quarantine":
        for path in files_below(f"{spool}/{folder}")[:10]:
            found.append(f"{folder}/{path} was left")
    run = subprocess.run([winnow, "queue", "fsck", spool], capture_output=True, text=True)
    if run.returncode != 0 or run.stdout or run.stderr:
        found.append(f"winnow queue fsck: {run.returncode}: {run.stdout[:500]}{run.stderr[:500]}")
    return found
