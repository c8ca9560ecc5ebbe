"""spool.py - winnowd is killed, cut off and failed at its system calls; nothing may be lost.

usage: spool.py short|long|all|teeth PROGRAMS WORK [option...]

PROGRAMS is a folder with winnowd, winnow-worker (spool_poison), winnow, kill_at and
fail_alloc.so; WORK one to work in.  spool.sh makes both.

    --part NAME       kill, power, fault, alloc; several times: several (all)
    --seed N          of the sample; it is printed
    --seconds N       no new point is begun after so long; what is left is told
    --resume FILE     points that stand in FILE are passed over; those that were done are added
    --share I/N       every N-th point from the I-th on (0 is the first): for several at once
    --jobs N          points at once (2)
    --most PART=N     so many points of a part
    --calls NAMES     points at these calls only, with commas
    --set NAME=VALUE  a setting of winnowd
    --disk NAME=OPTIONS  a filesystem for power cuts: WORK/NAME.new is an empty one

A run over the files of spool_files.py that nothing disturbs gives the points (a kind of
process, a call's name, its how-manieth) and the outcomes that every other run must come to.
Half of the points are of a second kind of run, which begins where another was killed between
a decision and its end: recovery is hit as well ("broken", where the first are "fresh").
At each point the spool is looked at right after the blow (spool_check.py, now), then winnowd
is started again and has to end, and the spool is looked at again (end).  Every point that was
planned is done: runs differ in what they call when, so where a call does not come so often
this time, the point is moved to the last one, and that is told.

    kill    SIGKILL before the call: of the whole family, of the coordinator alone (the others
            have to go by themselves), of the nursery or of a worker alone (the run goes on)
    power   a loop-mounted filesystem is shut down before the call, with a flush of its
            journal (1) or without (2), and mounted again
    fault   the call fails, or does half of what it should, once or from then on; the run ends
            by no signal and in time, with a word where it gives up
    alloc   the n-th allocation of the coordinator fails, or all from it on

long does each call of the coordinator that changes something, and of the others and for the
other parts up to a dozen of each name, spread out; all leaves out nothing, which takes days:
give it --seconds and --resume.  short is a sample of MOST.

teeth: the parts must find something: what does first ends it with 0."""

import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import threading
import time

import spool_check
import spool_files

DEADLINE = 60  # seconds for any run; a whole one takes less than one
PATIENCE = 8   # for one whose fault stays: it may wait for that to go
SETTINGS = {
    "index": "yes", "default_rules": "no", "batch": "8", "batch_wait": "1ms", "workers": "2",
    "attempts": "2", "retry": "1ms", "max_size": "128K", "min_free": "0", "min_free_inodes": "0",
    "timeout": "20s", "log": "info", "settle": "20ms",
}

CHANGING = """creat write pwrite64 writev pwritev ftruncate fallocate fsync fdatasync syncfs msync
    rename renameat renameat2 link linkat unlink unlinkat mkdir mkdirat rmdir symlinkat flock
    fcntl sendmsg close""".split()

# Kills in the nursery and in a worker: what they call at all.
SMALL = """read write sendmsg recvmsg sendto recvfrom close clone clone3 vfork wait4 waitid mmap
    munmap brk seccomp prctl prlimit64 setrlimit landlock_restrict_self landlock_create_ruleset
    openat close_range epoll_wait poll ppoll socketpair pidfd_open exit_group execve fstat
    setpriority madvise lseek""".split()

# What each call can fail with, on a disk that is full or broken, in a machine without
# memory or descriptors, and when a signal comes.
DISK, FDS, MEMORY = ["ENOSPC", "EIO"], ["EMFILE", "ENOMEM"], ["ENOMEM"]
FAULTS = {
    "creat": DISK + ["EMFILE", "ENOMEM", "EINTR"], "openat": ["EIO", "EMFILE", "ENOMEM", "EINTR"],
    "openat2": ["EIO", "EMFILE", "ENOMEM", "EINTR"],
    "write": DISK + ["EINTR", "short"], "pwrite64": DISK + ["EINTR", "short"],
    "writev": DISK + ["EINTR"], "pwritev": DISK, "read": ["EIO", "EINTR", "short"],
    "pread64": ["EIO", "EINTR", "short"], "readv": ["EIO"], "close": ["EIO", "EINTR"],
    "ftruncate": DISK + ["EINTR"], "fallocate": DISK + ["EINTR"], "fsync": DISK,
    "fdatasync": DISK, "syncfs": DISK, "msync": ["EIO"],
    "rename": DISK + MEMORY, "renameat": DISK + MEMORY, "renameat2": DISK + MEMORY,
    "link": DISK, "linkat": DISK, "unlink": ["EIO"], "unlinkat": ["EIO", "ENOMEM"],
    "rmdir": ["EIO"], "mkdir": DISK, "mkdirat": DISK + ["ENOMEM"],
    "fstat": ["EIO", "ENOMEM"], "newfstatat": ["EIO", "ENOMEM"], "statx": ["EIO", "ENOMEM"],
    "statfs": ["EIO"], "fstatfs": ["EIO"], "getdents64": ["EIO", "ENOMEM"],
    "fgetxattr": ["EIO", "ENOMEM"], "flock": ["EINTR", "ENOLCK"], "fcntl": ["ENOMEM", "EINTR"],
    "mmap": MEMORY, "brk": MEMORY, "mremap": MEMORY, "mprotect": MEMORY,
    "socket": FDS, "socketpair": FDS, "pipe2": FDS, "epoll_create1": FDS, "eventfd2": FDS,
    "timerfd_create": FDS, "signalfd4": FDS, "inotify_init1": FDS, "memfd_create": FDS,
    "accept4": FDS, "pidfd_open": FDS, "dup": FDS, "dup3": FDS,
    "bind": ["ENOSPC", "ENOMEM"], "listen": ["EIO"], "inotify_add_watch": ["ENOSPC", "ENOMEM"],
    "epoll_ctl": ["ENOSPC", "ENOMEM"], "epoll_wait": ["EINTR"], "epoll_pwait": ["EINTR"],
    "poll": ["EINTR"], "ppoll": ["EINTR"], "wait4": ["EINTR"], "waitid": ["EINTR"],
    "clone": ["EAGAIN", "ENOMEM"], "clone3": ["EAGAIN", "ENOMEM"], "vfork": ["EAGAIN", "ENOMEM"],
    "execve": ["ENOMEM", "EIO"], "sendmsg": ["EINTR", "ENOMEM"], "recvmsg": ["EINTR", "ENOMEM"],
    "sendto": ["EINTR", "ENOMEM"], "recvfrom": ["EINTR"], "prlimit64": ["EPERM"],
    "seccomp": ["ENOMEM", "EINVAL"], "landlock_create_ruleset": ["EMFILE", "ENOSYS"],
    "landlock_restrict_self": ["EPERM"], "prctl": ["EINVAL"], "close_range": ["ENOMEM"],
    "setpriority": ["EACCES"], "pidfd_send_signal": ["EPERM"],
}
FORMS = ("short", "long", "all", "teeth")
MOST = {  # points of the short form, by part
    "kill": 60, "power": 20, "fault": 60, "alloc": 24,
}


class Options:
    def __init__(self, argv):
        if len(argv) < 3 or argv[0] not in FORMS:
            sys.exit(__doc__.split("\n\n")[1])
        self.form, self.programs, self.work = argv[0], os.path.abspath(argv[1]), argv[2]
        self.parts, self.disks, self.seed, self.calls = [], {}, int(time.time()), None
        self.seconds, self.resume, self.share, self.jobs, self.most = None, None, (0, 1), 2, {}
        words = iter(argv[3:])
        for word in words:
            self.take(word, next(words, ""))
        self.parts = self.parts or list(MOST)

    def take(self, word, value):
        if word == "--part":
            self.parts.append(value)
        elif word == "--disk":
            name, _, options = value.partition("=")
            self.disks[name] = options
        elif word == "--share":
            self.share = tuple(int(n) for n in value.split("/"))
        elif word == "--most":
            part, _, n = value.partition("=")
            self.most[part] = int(n)
        elif word == "--calls":
            self.calls = set(value.split(","))
        elif word == "--set":
            name, _, SETTINGS[name] = value.partition("=")
        elif word == "--resume":
            self.resume = value
        elif word in ("--seed", "--seconds", "--jobs"):
            setattr(self, word[2:], int(value))
        else:
            sys.exit(f"spool.py: {word}: no such option")


class Run:
    """What became of one run of winnowd."""

    def __init__(self, status=0, log="", text=""):
        self.status, self.text, self.fired, self.seen, self.late = status, text, None, 0, False
        self.counts, self.ends = {}, []
        for line in log.splitlines():
            words = line.split()
            if words[0] == "fired":
                self.fired = " ".join(words[1:])
            elif words[0] == "count":
                self.counts[words[1], words[2]] = int(words[3])
            elif words[0] == "end":
                self.ends.append((words[1], words[2], int(words[3]), int(words[4])))
            elif words[0] == "seen":
                self.seen = int(words[1])
            elif words[0] == "deadline":
                self.late = True

    def end_of(self, kind):
        return [(how, n) for of, how, n, _ in self.ends if of == kind]


class Place:
    """A folder of its own to run in: one a thread."""

    def __init__(self, rig, name):
        self.rig, self.folder = rig, os.path.join(rig.o.work, name)
        self.spool, self.mount, self.device = self.folder + "/spool", self.folder + "/mnt", None
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.mount)
        open(self.folder + "/winnowd.conf", "w").close()

    def fresh(self):
        """A spool with the files in drop/, and nothing else."""
        shutil.rmtree(self.spool, ignore_errors=True)
        os.makedirs(self.spool)
        subprocess.run(["cp", "-a", self.rig.o.work + "/files", self.spool + "/drop"], check=True)

    def begin(self, state):
        """The spool as it is before the run."""
        if state == "fresh":
            self.fresh()
            return
        if not os.path.isdir(self.folder + "/broken"):
            self.break_off(self.fresh, lambda: os.rename(self.spool, self.folder + "/broken"))
        shutil.rmtree(self.spool, ignore_errors=True)
        subprocess.run(["cp", "-a", self.folder + "/broken", self.spool], check=True)

    def begin_on_disk(self, disk, state):
        """The same on a filesystem of its own, and durable."""
        self.end_disk()
        image = f"{self.rig.o.work}/{disk}.full"
        if state == "broken":
            image = f"{self.folder}/{disk}.broken"
            if not os.path.exists(image):
                self.break_off(lambda: self.begin_disk(disk, f"{self.rig.o.work}/{disk}.full"),
                               lambda: self.keep_disk(image))
        self.begin_disk(disk, image)

    def keep_disk(self, image):
        self.umount()
        subprocess.run(["sync", self.folder + "/disk"], check=True)
        self.end_disk()
        os.rename(self.folder + "/disk", image)

    def break_off(self, begin, keep):
        """Kills a run where files are decided, of both kinds, and others are not."""
        counts = self.rig.counts["fresh"]
        n, name = max((counts.get(("coordinator", c), 0), c)
                      for c in ("rename", "renameat", "renameat2"))
        chance = random.Random(self.rig.o.seed)
        for tries in range(60):
            begin()
            run = self.traced("kill", "coordinator", name, chance.randint(n // 3, n), "all")
            spool = spool_check.Spool(self.spool)
            kinds = [line.kind for line in spool.lines if str(line.id) in spool.work]
            good = [len(kinds) < len(spool.work), "cleaned" in kinds, "quarantined" in kinds]
            # Not every program gets there: some are changed on purpose.
            if run.fired and sum(good) >= 3 - tries // 20:
                keep()
                return
        raise RuntimeError("no run could be broken off between a decision and its end")

    def command(self):
        ret = [self.rig.program("winnowd"), "-c", self.folder + "/winnowd.conf", "--once"]
        for name, value in SETTINGS.items():
            ret += ["--set", f"{name}={value}"]
        return ret + [self.spool]

    def plain(self, env=None, seconds=DEADLINE):
        """Runs it to its end."""
        try:
            run = subprocess.run(self.command(), capture_output=True, timeout=seconds, env=env)
        except subprocess.TimeoutExpired as e:
            return Run(-9, "deadline", (e.stderr or b"").decode(errors="replace"))
        return Run(run.returncode, "", run.stderr.decode(errors="replace"))

    def traced(self, *action):
        """Runs it below kill_at."""
        seconds = PATIENCE if action[-1] == "on" else DEADLINE
        log = self.folder + "/log"
        command = [self.rig.program("kill_at"), "-t", str(seconds), "-o", log]
        with open(self.folder + "/stderr", "wb") as f:
            run = subprocess.run(command + [str(a) for a in action] + ["--"] + self.command(),
                                 stdout=f, stderr=f, timeout=DEADLINE + 60)
        with open(log) as f, open(self.folder + "/stderr", errors="replace") as g:
            ret = Run(0, f.read(), g.read())
        if run.returncode:
            raise RuntimeError("kill_at: " + ret.text)
        return ret

    # --- a filesystem whose power can be cut ---------------------------------------------------

    def begin_disk(self, name, image):
        """A copy of the image, mounted."""
        self.end_disk()
        copy = self.folder + "/disk" # anew: what a device that goes writes late is in the old
        if os.path.exists(copy):
            os.unlink(copy)
        subprocess.run(["cp", "--sparse=always", image, copy], check=True)
        found = subprocess.run(["losetup", "--find", "--show", copy], check=True,
                               capture_output=True)
        self.device, self.options = found.stdout.decode().strip(), self.rig.o.disks[name]
        self.spool = self.mount + "/spool"
        self.remount()

    def remount(self):
        for i in range(100):
            if subprocess.run(["mount", "-o", self.options, self.device, self.mount],
                              capture_output=i < 99).returncode == 0:
                return
        raise RuntimeError("it cannot be mounted again")

    def umount(self):
        for i in range(100):
            if subprocess.run(["umount", self.mount], capture_output=i < 99).returncode == 0:
                return
            time.sleep(0.02) # the kernel lets go of what the killed ones had
        raise RuntimeError("it cannot be unmounted")

    def end_disk(self):
        if os.path.ismount(self.mount):
            subprocess.run(["umount", "-l", self.mount])
        if self.device:
            subprocess.run(["losetup", "--detach", self.device])
        self.device, self.spool = None, self.folder + "/spool"


class Rig:
    def __init__(self, o):
        self.o, self.failures, self.lock = o, 0, threading.Lock()
        self.random = random.Random(o.seed)
        self.begun = time.monotonic()
        self.files = spool_files.make()
        shutil.rmtree(o.work + "/files", ignore_errors=True)
        spool_files.write(self.files, o.work + "/files")
        self.done_before = set()
        if o.resume and os.path.exists(o.resume):
            with open(o.resume) as f:
                self.done_before = set(f.read().splitlines())
        self.places, self.moved, self.notes, self.counts = [], 0, {}, {}

    def program(self, name):
        return os.path.join(self.o.programs, name)

    def say(self, text):
        print(text, flush=True)

    # --- a run that nothing disturbs ----------------------------------------------------------

    def learn(self):
        """The outcomes, and how often each call is made."""
        place = Place(self, "known")
        place.fresh()
        run = place.plain()
        if run.status:
            sys.exit(f"spool.py: an undisturbed run ends with {run.status}:\n{run.text}")
        self.known, self.known_path = spool_check.outcomes_of(place.spool), place.spool
        found = self.finder(place.spool).check_end(None, "", self.program("winnow"), 1000)
        if found and self.o.form == "teeth":
            self.say("FAILED: undisturbed\n    " + found[0])
            sys.exit(0)
        if found:
            sys.exit("spool.py: an undisturbed run goes wrong:\n" + "\n".join(found[:40]))
        kinds = {}
        for outcome in self.known.values():
            kind = outcome if isinstance(outcome, str) else "cleaned"
            kinds[kind] = kinds.get(kind, 0) + 1
        self.say(f"{len(self.known)} files: " +
                 ", ".join(f"{n} {k}" for k, n in sorted(kinds.items(), key=lambda i: -i[1])))
        self.count("fresh")
        self.count("broken")

    def count(self, state):
        """The fewest of two runs: a point is to come in every run."""
        place, ret = Place(self, "count"), None
        for _ in range(2):
            place.begin(state)
            counts = place.traced("count", "all").counts
            ret = {p: min(n, counts.get(p, 0)) for p, n in (ret or counts).items()}
        self.counts[state] = {p: n for p, n in ret.items() if n > 0}
        for kind in "coordinator", "nursery", "worker":
            of = {name: n for (k, name), n in ret.items() if k == kind and n > 0}
            self.say(f"  {state}, {kind}: {sum(of.values())} calls of {len(of)} names")
        shutil.rmtree(place.folder)

    def calls(self):
        """State, kind, name, how often; of both states."""
        for state, counts in self.counts.items():
            for (kind, name), n in counts.items():
                yield state, kind, name, n

    def finder(self, spool, **leniency):
        return spool_check.Finder(spool_check.Spool(spool), self.files, **leniency)

    # --- planning ---------------------------------------------------------------------------------

    def spread(self, n):
        """Which of n: the first, the last, and some between."""
        if self.o.form in ("all", "teeth"):
            return range(1, n + 1)
        if self.o.form == "short":
            return sorted({1, (n + 1) // 2, n, self.random.randint(1, n)})
        return sorted({1, n} | {1 + i * n // 11 for i in range(11)})

    def sample(self, part, points):
        """What is to be done of the points: by chance, but each name early."""
        most = self.o.most.get(part, MOST[part] if self.o.form == "short" else None)
        self.random.shuffle(points)
        often = {}
        def turn(point):
            name = tuple(w for w in point if isinstance(w, str))
            often[name] = often.get(name, 0) + 1
            return often[name]
        points = sorted(points, key=turn)
        if self.o.calls:
            points = [p for p in points if self.o.calls & set(p)]
        points = points[self.o.share[0]::self.o.share[1]]
        points = [p for p in points if self.key(part, p) not in self.done_before]
        return points[:most]

    def key(self, part, point):
        return part + " " + " ".join(str(w) for w in point)

    # --- doing ----------------------------------------------------------------------------------------

    def do(self, part, points, one):
        """Does one(place, point) for each; points that could not be begun in time are told."""
        free, begun = list(self.places), time.monotonic()
        done = late = 0
        failures = self.failures

        def work(point):
            with self.lock:
                if self.is_late() or (self.o.form == "teeth" and self.failures > failures):
                    return None
                place = free.pop()
            try:
                found = one(place, point)
            except Exception as e: # pylint: disable=broad-except
                found = [f"the test itself: {e!r}"]
            with self.lock:
                free.append(place)
                self.note(part, point, found)
            return True

        with concurrent.futures.ThreadPoolExecutor(len(free)) as pool:
            for result in pool.map(work, points):
                done += result is not None
                late += result is None
        self.say(f"{part}: {len(points)} planned, {done} done, {self.failures - failures} failed"
                 + (f", {late} left for want of time" if late else "")
                 + (f", {self.moved} moved to an earlier call" if self.moved else "")
                 + "".join(f", {n} {what}" for what, n in sorted(self.notes.items()))
                 + f" ({time.monotonic() - begun:.0f} s)")
        if self.notes.get("never came", 0) > max(3, len(points) // 10):
            self.failures += 1
            self.say(f"FAILED: {part}: too many points never came")
        self.moved, self.notes = 0, {}
        if not points and not self.done_before:
            self.failures += 1
            self.say(f"FAILED: {part}: nothing was planned")

    def is_late(self):
        return self.o.seconds is not None and time.monotonic() - self.begun > self.o.seconds

    def note(self, part, point, found):
        if found:
            self.failures += 1
            self.say(f"FAILED: {self.key(part, point)}: {len(found)} findings")
            for text in found[:8]:
                self.say("    " + text[:1500].rstrip().replace("\n", "\n    "))
        elif self.o.resume:
            with open(self.o.resume, "a") as f:
                f.write(self.key(part, point) + "\n")

    def count_note(self, what):
        with self.lock:
            self.notes[what] = self.notes.get(what, 0) + 1

    def at(self, place, begin, k, action):
        """Runs the action at the k-th call; where it does not come, at an earlier one."""
        for tries in range(6):
            begin()
            run = place.traced(*action(k))
            if run.fired or run.seen == 0 or k == 0:
                return run
            with self.lock:
                self.moved += 1
            k = max(1, min(k, run.seen) * (4 - tries) // 4)
        return run

    def never_came(self, run):
        """A point that was not hit: some calls do not come in every run; they are counted."""
        self.count_note("never came")
        return [] if run.seen == 0 else [f"it was not hit, and came {run.seen} times"]

    def go_on(self, place, before, **leniency):
        """After the blow: it ends by itself, and all is as it should be."""
        run = place.plain()
        if run.status or run.late:
            return [f"started again it ends with {run.status}: {run.text[-1200:]}"]
        finder = self.finder(place.spool, **leniency)
        found = finder.check_end(self.known, self.known_path, self.program("winnow"))
        return [f"at the end: {t}" for t in found] + (
            [f"said before: {before.text[-700:]}", f"said after: {run.text[-700:]}"]
            if found else [])

    def look(self, place):
        return [f"right after: {t}" for t in self.finder(place.spool).check_now()]

    # --- kill -----------------------------------------------------------------------------------

    def plan_kill(self):
        points = [("fresh", "coordinator", "end", 0, "all")]
        for state, kind, name, n in self.calls():
            some = list(self.spread(n))
            if kind == "coordinator" and (name in CHANGING or self.o.form == "all"):
                every = range(1, n + 1) if self.o.form == "long" else some
                points += [(state, kind, name, k, "all") for k in every]
                points += [(state, kind, name, k, "one") for k in some[:len(some) // 2]]
            elif kind != "coordinator" and (name in SMALL or self.o.form != "short"):
                points += [(state, kind, name, k, "one") for k in some]
        return points

    def kill(self, place, point):
        state, kind, name, k, whom = point
        calls = "exit_group" if name == "end" else name
        run = self.at(place, lambda: place.begin(state), k,
                      lambda k: ("kill", kind, calls, k, whom))
        if not run.fired:
            return self.never_came(run)
        found = ["the family did not end"] if run.late else []
        if kind != "coordinator":
            found += self.survived(place, run)
        return found + self.look(place) + self.go_on(place, run)

    def survived(self, place, run):
        """A killed worker or nursery: the coordinator goes on to its end without a loss."""
        if run.end_of("coordinator") == [("exit", 0)]:
            return []
        started = " watches " in run.text
        if not started and run.end_of("coordinator")[:1] and run.text and \
                run.end_of("coordinator")[0][0] == "exit":
            self.count_note("not started, with a word")
            return []
        return [f"the coordinator ended with {run.end_of('coordinator')}: {run.text[-700:]}"]

    # --- power ----------------------------------------------------------------------------------

    def fill_disk(self, name):
        """WORK/NAME.full: the empty one with the files in drop/."""
        place, work = self.places[0], self.o.work
        place.begin_disk(name, f"{work}/{name}.new")
        place.fresh()
        place.keep_disk(f"{work}/{name}.full")

    def plan_power(self):
        points = []
        for disk in self.o.disks:
            for flag in 1, 2:
                points.append((disk, flag, "fresh", "end", 0))
                for state, kind, name, n in self.calls():
                    if kind == "coordinator" and name in CHANGING:
                        points += [(disk, flag, state, name, k) for k in self.spread(n)]
        return points

    def power(self, place, point):
        disk, flag, state, name, k = point
        calls = "exit_group" if name == "end" else name
        try:
            run = self.at(place, lambda: place.begin_on_disk(disk, state), k,
                          lambda k: ("cut", "coordinator", calls, k, place.mount, flag))
            if not run.fired:
                return self.never_came(run)
            place.umount()
            place.remount()
            return self.look(place) + self.go_on(place, run)
        finally:
            place.end_disk()

    # --- fault -----------------------------------------------------------------------------------

    def plan_fault(self):
        points = []
        for state, kind, name, n in self.calls():
            for error in FAULTS.get(name, []):
                points += [(state, kind, name, k, error, "once") for k in self.spread(n)]
                if error not in ("EINTR", "short"):
                    points += [(state, kind, name, k, error, "on") for k in self.spread(n)[-1:]]
                if error == "short":
                    points.append((state, kind, name, 1, error, "on"))
        return points

    def fault(self, place, point):
        state, kind, name, k, error, how = point
        run = self.at(place, lambda: place.begin(state), k,
                      lambda k: ("fail", kind, name, k, error, how))
        if not run.fired:
            return self.never_came(run)
        # A worker that fails costs its page an attempt; where all fail, all of them.
        leniency = {"any_reason": kind != "coordinator",
                    "may_quarantine": kind != "coordinator" and how == "on"}
        return self.gave_up_well(run, how) + self.look(place) + \
            self.go_on(place, run, **leniency)

    def gave_up_well(self, run, how):
        """By no signal, in time unless the fault stays, and not without a word."""
        found = []
        ends = run.end_of("coordinator")
        if run.late and how == "once":
            found.append(f"it did not come to its end: {run.text[-700:]}")
        elif run.late:
            self.count_note("waited for the fault to go")
            if not run.text:
                found.append("it waits without a word")
        elif not ends or ends[0][0] == "signal":
            found.append(f"the coordinator ended with {ends}: {run.text[-700:]}")
        elif ends[0][1]:
            self.count_note("ended with a word")
            if not run.text:
                found.append(f"it ended with {ends[0][1]} and without a word")
        crashed = [n for how, n in run.end_of("nursery") if how == "signal" and n != 9]
        if crashed:
            found.append(f"the nursery ended by signal {crashed}: {run.text[-700:]}")
        return found

    # --- alloc -----------------------------------------------------------------------------------

    def alloc_environment(self, place, at):
        return dict(os.environ, LD_PRELOAD=self.program("fail_alloc.so"), FAIL_ALLOC_IN="winnowd",
                    FAIL_ALLOC_AT=str(at), FAIL_ALLOC_COUNT=place.folder + "/allocations")

    def allocations(self, place):
        try:
            with open(place.folder + "/allocations") as f:
                words = f.read().split()
            return int(words[0]), words[1] == "failed"
        except (OSError, IndexError):
            return 0, False

    def plan_alloc(self):
        place = self.places[0]
        place.fresh()
        place.plain(self.alloc_environment(place, 0))
        n = self.allocations(place)[0]
        if n == 0:
            return []
        self.say(f"  {n} allocations of the coordinator")
        if self.o.form != "short":
            step = 1 if self.o.form == "all" else max(1, n // 600)
            return [(k,) for k in range(1, n + 1, step)] + \
                [(f"{k}+",) for k in range(1, n + 1, 10 * step)]
        early = [(k,) for k in self.random.sample(range(1, max(2, n // 10)), min(15, n // 10 - 1))]
        points = early + [(self.random.randint(1, n),) for _ in range(25)]
        return points + [(f"{self.random.randint(1, n)}+",) for _ in range(5)]

    def alloc(self, place, point):
        place.fresh()
        on = str(point[0]).endswith("+")
        run = place.plain(self.alloc_environment(place, point[0]), PATIENCE if on else DEADLINE)
        found = []
        if run.late and not on:
            found.append(f"it did not come to its end: {run.text[-700:]}")
        elif run.status < 0 and not run.late:
            found.append(f"it ended by signal {-run.status}: {run.text[-700:]}")
        elif run.status and not run.text:
            found.append(f"it ended with {run.status} and without a word")
        if run.status:
            self.count_note("ended with a word")
        elif not self.allocations(place)[1]:
            self.count_note("came to no such allocation")
        return found + self.look(place) + self.go_on(place, run)

    # --- all ---------------------------------------------------------------------------------------

    def begin_part(self, part):
        if part == "power":
            for disk in self.o.disks:
                self.fill_disk(disk)

    def run(self):
        self.say(f"seed {self.o.seed}")
        self.learn()
        self.places = [Place(self, str(i)) for i in range(self.o.jobs)]
        for part in self.o.parts:
            if part == "power" and not self.o.disks:
                self.say("power: skipped, no filesystem can be mounted and shut down here")
                continue
            self.begin_part(part)
            self.do(part, self.sample(part, getattr(self, "plan_" + part)()), getattr(self, part))
            if self.o.form == "teeth" and self.failures:
                return 0
        if self.o.form == "teeth":
            self.say("nothing was noticed")
            return 1
        if self.failures:
            self.say(f"{self.failures} failures (seed {self.o.seed})")
        return 1 if self.failures else 0


def main():
    rig = Rig(Options(sys.argv[1:]))
    try:
        status = rig.run()
    finally:
        for place in rig.places:
            place.end_disk()
    sys.exit(status)


if __name__ == "__main__":
    main()
