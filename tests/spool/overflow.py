"""overflow.py - many files at once, events that are lost, writers of every kind: all come out.

usage: overflow.py short|long WINNOWD WINNOW SPOOL [--seed N]

Pages are dropped while winnowd is stopped, while it runs, and while it is held by SIGSTOP so
that its queue of events (made small, as root) overflows: in folders that are moved in, by
hard links, O_TMPFILE, renames, writers that stop in the middle, and into a drop/ that was
renamed and made anew.  Then every page has one outcome in the manifest, under its name, is
whole in out/, and nothing is left."""

import errno
import fcntl
import os
import sys
import threading
import time

import dropping
from dropping import Daemon, is_out, page, wait_decided, wait_out

QUEUE = "/proc/sys/fs/inotify/max_queued_events"
SMALL_QUEUE = 32
FORMS = {"short": 5000, "long": 100000}
FOLDER_OF = 100  # files


class Rig:
    def __init__(self, total, programs, spool, seed):
        self.total, self.seed = total, seed
        self.winnowd, self.winnow = programs
        self.spool, self.stage = spool + "/spool", spool + "/stage"
        self.pages = {}  # path below drop/ -> number
        self.lock = threading.Lock()
        self.errors = []
        for folder in self.stage, self.drop(""), f"{self.spool}/out":
            os.makedirs(folder)

    def drop(self, path):
        return f"{self.spool}/drop/{path}"

    def new(self, path):
        """A page's bytes; from now on it is to come out."""
        with self.lock:
            n = self.seed * 1000000 + len(self.pages)
            assert path not in self.pages
            self.pages[path] = n
        return page(n)

    def out_folder(self, name):
        """A folder in drop/ and in out/, where it can be watched."""
        for top in "drop", "out":
            os.makedirs(f"{self.spool}/{top}/{name}", exist_ok=True)


# --- writers: each puts one page into drop/ ----------------------------------------------------------

def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def write_in_place(rig, path):
    write(rig.drop(path), rig.new(path))


def write_and_rename(rig, path):
    folder, name = os.path.split(rig.drop(path))
    write(f"{folder}/.{name}", rig.new(path))
    os.rename(f"{folder}/.{name}", rig.drop(path))


def write_elsewhere(rig, path):
    data = rig.new(path)
    name = f"{rig.stage}/{rig.pages[path]}"
    write(name, data)
    os.rename(name, rig.drop(path))


def hard_link(rig, path):
    """Its other name stays for a while: the page is there at once, whole, without an event of
    its own but CREATE."""
    data = rig.new(path)
    name = f"{rig.stage}/{rig.pages[path]}"
    write(name, data)
    os.link(name, rig.drop(path))
    os.unlink(name)


def link_open(fd, path):
    """Python follows the link in /proc only where a folder is given, too."""
    os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)


def nameless(rig, path):
    """O_TMPFILE: what is closed has another name than what is there."""
    fd = os.open(os.path.dirname(rig.drop(path)), os.O_TMPFILE | os.O_WRONLY, 0o644)
    try:
        os.write(fd, rig.new(path))
        link_open(fd, rig.drop(path))
    finally:
        os.close(fd)


def named_early(rig, path):
    """O_TMPFILE that has its name while half of it is missing."""
    data = rig.new(path)
    fd = os.open(os.path.dirname(rig.drop(path)), os.O_TMPFILE | os.O_WRONLY, 0o644)
    try:
        os.write(fd, data[:len(data) // 2])
        link_open(fd, rig.drop(path))
        os.write(fd, data[len(data) // 2:])
    finally:
        os.close(fd)


def copied(rig, path):
    """As cp and rsync --inplace do: small writes into the file itself, its times set last."""
    data = rig.new(path)
    fd = os.open(rig.drop(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        for at in range(0, len(data), 128):
            os.write(fd, data[at:at + 128])
        os.utime(fd, (1e9, 1e9))
    finally:
        os.close(fd)


WRITERS = [write_in_place, write_and_rename, write_elsewhere, hard_link, nameless, named_early,
           copied]


def write_some(rig, name, count):
    """A folder after the other, the writers in turn."""
    for i in range(count):
        folder = f"{name}/{i // FOLDER_OF}/{i % 3}"
        os.makedirs(rig.drop(folder), exist_ok=True)
        WRITERS[i % len(WRITERS)](rig, f"{folder}/{WRITERS[i % len(WRITERS)].__name__}-{i}.html")


def move_in(rig, name, count):
    """A tree that was made elsewhere: none of its files is announced."""
    for top in range(0, count, FOLDER_OF):
        tree = f"{name}-{top}"
        for i in range(top, min(count, top + FOLDER_OF)):
            folder = f"{tree}/a/{i % 4}"
            os.makedirs(f"{rig.stage}/{folder}", exist_ok=True)
            write(f"{rig.stage}/{folder}/{i}.html", rig.new(f"{folder}/{i}.html"))
        os.rename(f"{rig.stage}/{tree}", rig.drop(tree))


# --- writers that stop in the middle ------------------------------------------------------------------

def until_another(rig, name):
    """Writes one more page, and waits until it is out: so much later is it then."""
    write_and_rename(rig, name)
    wait_out(rig.spool, name)


def may_not_be_out(rig, path):
    if is_out(rig.spool, path) or not os.path.exists(rig.drop(path)):
        rig.errors.append(f"{path} was taken while it was written")


def stopping(rig, count):
    """Half a page, which rests for more than a second; then the other half."""
    rig.out_folder("stopping")
    for i in range(count):
        path = f"stopping/half-{i}.html"
        data = rig.new(path)
        began = time.monotonic()
        with open(rig.drop(path), "wb", buffering=0) as f:
            f.write(data[:len(data) // 2])
            for j in range(1 << 20):
                until_another(rig, f"stopping/meanwhile-{i}-{j}.html")
                may_not_be_out(rig, path)
                if time.monotonic() - began > 1:
                    break
            f.write(data[len(data) // 2:])
        wait_out(rig.spool, path)


def appending(rig, count):
    """A line, and another when some page has come out; closed only at the end.  The second time
    it is closed after each line, as a name that is passed over."""
    rig.out_folder("appending")
    for i in range(count):
        path = f"appending/lines-{i}.html"
        data, hidden = rig.new(path), i % 2 == 1
        name = rig.drop(path) + (".part" if hidden else "")
        log = open(name, "ab", buffering=0)
        for j, line in enumerate(data.splitlines(keepends=True)):
            log.write(line)
            if hidden:
                log.close()
                log = open(name, "ab", buffering=0)
            until_another(rig, f"appending/meanwhile-{i}-{j}.html")
            if not hidden:
                may_not_be_out(rig, path)
        log.close()
        if hidden:
            os.rename(name, rig.drop(path))
        wait_out(rig.spool, path)


# --- the folder itself -----------------------------------------------------------------------------------

def replace_root(rig, name):
    """drop/ is renamed, and made anew, with pages in it."""
    for i in range(20):
        write_in_place(rig, f"before-{name}-{i}.html")
    os.rename(rig.drop("")[:-1], f"{rig.spool}/{name}")
    os.mkdir(rig.drop(""))
    rig.out_folder(name)
    for i in range(20):
        write_in_place(rig, f"{name}/after-{i}.html")


def bring_old(rig, name):
    """Once the new one is seen: what was left in the old one comes as a folder."""
    wait_out(rig.spool, f"{name}/after-19.html")
    left = dropping.files_below(f"{rig.spool}/{name}")
    os.rename(f"{rig.spool}/{name}", rig.drop(f"old-{name}"))
    for path in left:
        rig.pages[f"old-{name}/{path}"] = rig.pages.pop(path)


# --- the queue of events ------------------------------------------------------------------------------------

class SmallQueue:
    """As root: who asks for events now gets a queue that overflows soon.  The machine has
    only one such number: it is locked, and put back at once."""

    def __enter__(self):
        self.file = None
        try:
            self.file = open(QUEUE, "r+")
            fcntl.flock(self.file, fcntl.LOCK_EX)
            self.before = self.file.read()
            self.set(f"{SMALL_QUEUE}\n")
        except OSError as e:
            if e.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT):
                raise
            self.file = None
        return self.file is not None

    def set(self, text):
        self.file.seek(0)
        self.file.write(text)
        self.file.flush()

    def __exit__(self, *_):
        if self.file:
            self.set(self.before)
            self.file.close()


def overflows(spool):
    with open(spool + "/state/metrics.prom", encoding="utf-8") as f:
        for line in f:
            if line.startswith("winnowd_event_overflows_total"):
                return int(float(line.split()[-1]))
    return 0


# --- the run -----------------------------------------------------------------------------------------------

def at_once(*tasks):
    """Runs them side by side; the first failure is raised."""
    failures = []

    def run(task, *args):
        try:
            task(*args)
        except BaseException as e:  # told by the one who waits
            failures.append(e)
    threads = [threading.Thread(target=run, args=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def while_held(rig, daemon, count):
    """More events than the queue takes; that drop/ is another is one that is lost."""
    daemon.pause()
    move_in(rig, "held-moved", count // 4)
    write_some(rig, "held", count // 4)
    replace_root(rig, "unseen")
    write_some(rig, "held-after", count - 2 * (count // 4) - 40)
    daemon.go_on()
    bring_old(rig, "unseen")


def run(rig):
    share = rig.total // 5
    write_some(rig, "stopped", share)
    move_in(rig, "stopped-moved", share)
    with SmallQueue() as small:  # it keeps that queue until it opens drop/ anew
        daemon = Daemon(rig.winnowd, rig.spool, "rescan=1h", "index=no",
                        log=rig.stage + ".log")
    try:
        at_once((write_some, rig, "running", share), (move_in, rig, "running-moved", share),
                (stopping, rig, 3), (appending, rig, 2))
        while_held(rig, daemon, rig.total - len(rig.pages) - 40)
        replace_root(rig, "seen")
        bring_old(rig, "seen")
        wait_decided(rig.spool, len(rig.pages))
        if daemon.leave() != 0:
            rig.errors.append("winnowd left with an error")
    finally:
        daemon.kill()
    seen = overflows(rig.spool)
    if small and seen == 0:
        rig.errors.append("the queue of events never overflowed: nothing was tried")
    return seen if small else None


def main():
    form, winnowd, winnow, spool = sys.argv[1:5]
    seed = int(sys.argv[6]) if sys.argv[5:6] == ["--seed"] else int(time.time()) % 1000
    rig = Rig(FORMS[form], (winnowd, winnow), spool, seed)
    began = time.monotonic()
    try:
        seen = run(rig)
    except TimeoutError as e:
        seen, rig.errors = None, rig.errors + [str(e)]
    took = time.monotonic() - began
    found = rig.errors + dropping.check_all(rig.spool, rig.winnow, rig.pages)
    for text in found[:50]:
        print(text)
    lost = "as large as it is" if seen is None else f"overflowed {seen} times"
    print(f"{len(rig.pages)} files in {took:.0f} s, seed {seed}, queue of events {lost}: "
          f"{len(found)} findings")
    if found:
        with open(rig.stage + ".log", encoding="utf-8", errors="replace") as f:
            print("".join(f.readlines()[-20:]))
    sys.exit(1 if found else 0)


main()
