"""spool_check.py - is every file that was dropped still there, once, and whole?

usage: spool_check.py now SPOOL FILES               right after a kill or a power cut
       spool_check.py end SPOOL FILES KNOWN WINNOW   after the run that followed

FILES holds what was dropped, KNOWN is the spool of a run that nothing disturbed, WINNOW the
program.  Each thing that is wrong is a line; the status is 1 then.

    now    every input stands in drop/, work/ or quarantine/, or is published; nothing is in
           two places that exclude each other; what is visible in out/ was decided and whole
    end    every input has one outcome, the one of KNOWN, and nothing is left over: what a
           page was compared with may differ, since pages come in another order, but not
           what it is"""

import base64
import binascii
import json
import os
import re
import subprocess
import sys

SAME = ["id", "hash", "length", "source", "site", "shown", "version", "blocks", "metadata"]


def files_below(folder):
    """Path below folder -> its bytes, of all that is no folder; links as None."""
    ret, folder = {}, os.fsencode(folder)
    for top, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(top, name)
            if os.path.islink(path) or not os.path.isfile(path):
                ret[os.path.relpath(path, folder)] = None
                continue
            with open(path, "rb") as f:
                ret[os.path.relpath(path, folder)] = f.read()
    return ret


def unescape(word):
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), word)


def words_of(raw):
    """The words of a line of the manifest that checks."""
    words = raw.split(b" ")
    if words[0] != b"w1" or len(words) not in (5, 9):
        raise ValueError("no line of a manifest")
    last = raw.rindex(b" ")
    if int(words[-1], 16) not in (binascii.crc32(raw[:last]), binascii.crc32(raw[:last + 1])):
        raise ValueError("its check is another")
    return words


class Line:
    """A decision."""

    def __init__(self, words):
        self.id, self.kind, self.page = int(words[1]), words[2].decode(), words[4].decode()
        self.path = unescape(words[6])
        self.out = None if words[7] == b"-" else unescape(words[7])


class Spool:
    """All that lies in one, read at once."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.drop = files_below(path + "/drop")
        self.work = self.entries("work")
        self.quarantine = self.entries("quarantine")
        self.out = files_below(path + "/out")
        self.lines, self.torn = [], []
        self.read_manifest()

    def entries(self, folder):
        """Id -> its files."""
        ret, top = {}, os.path.join(self.path, folder)
        for name in sorted(os.listdir(top)) if os.path.isdir(top) else []:
            ret[name] = files_below(os.path.join(top, name))
        return ret

    def read_manifest(self):
        """A file may say in its first line how much of the one before counts."""
        state, files = os.path.join(self.path, "state"), {}
        for name in os.listdir(state) if os.path.isdir(state) else []:
            number = re.fullmatch(r"manifest-(\d+)\.log", name)
            if number:
                with open(os.path.join(state, name), "rb") as f:
                    files[int(number[1])] = f.read()
        for number, data in sorted(files.items()):
            if data.startswith(b"w1 after ") and b"\n" in data:
                try:
                    words = words_of(data[:data.index(b"\n")])
                    files[int(words[2])] = files[int(words[2])][:int(words[3])]
                except (ValueError, KeyError) as e:
                    self.torn.append(f"manifest-{number}.log, line 1: {e!r}")
        for number, data in sorted(files.items()):
            self.read_lines(f"manifest-{number}.log", data)

    def read_lines(self, name, data):
        for i, raw in enumerate(data.split(b"\n")[:-1]):
            try:
                words = words_of(raw)
                if len(words) == 9:
                    self.lines.append(Line(words))
            except ValueError as e:
                self.torn.append(f"{name}, line {i + 1}: {e}")

    def inputs_of(self, entries):
        """Path of the input -> ids that hold it."""
        ret = {}
        for name, files in entries.items():
            for path in files:
                if path.startswith(b"in/"):
                    ret.setdefault(path[3:], []).append(name)
        return ret


class Finder:
    """Collects what is wrong.

    may_quarantine: a page that was cleaned in the undisturbed run may be in quarantine;
    any_reason: and what is there, for other reasons."""

    def __init__(self, spool, files, may_quarantine=False, any_reason=False):
        self.spool, self.files, self.found = spool, files, []
        self.may_quarantine, self.any_reason = may_quarantine, any_reason or may_quarantine
        self.inputs = {p for p in files if not (p.endswith(b".url") and p[:-4] in files)}

    def wrong(self, text, *what):
        self.found.append(text % tuple(w.decode(errors="backslashreplace").replace("\n", "\\n")
                                       if isinstance(w, bytes) else w for w in what))

    # --- what is visible ------------------------------------------------------------------------

    def record(self, name):
        """The record below out/, whole, or None."""
        data = self.spool.out.get(name + b".json")
        if data is None:
            return None
        try:
            record = json.loads(data)
            record["text"], record["hash"]
            return record
        except (ValueError, KeyError) as e:
            self.wrong("out/%s.json is not whole: %s", name, e)
            return None

    def check_pair(self, line):
        """What is visible of an outcome: the text first, whole; then the record, whole."""
        text, record = self.spool.out.get(line.out + b".txt"), self.record(line.out)
        if record is not None and text is None:
            self.wrong("out/%s.json is visible without its text", line.out)
        if text is None:
            return
        if record is None:
            record = self.record_in_work(line)
        if record is not None and record["text"].encode(errors="surrogatepass") != text:
            self.wrong("out/%s.txt is not the text of its record", line.out)

    def record_in_work(self, line):
        data = self.spool.work.get(str(line.id), {}).get(b"record")
        try:
            return json.loads(data)
        except (TypeError, ValueError):
            self.wrong("out/%s.txt is visible, and work/%s has no whole record", line.out, line.id)
            return None

    def check_visible(self):
        names = {}
        for line in self.spool.lines:
            if line.kind == "cleaned":
                names[line.out] = line
        for path in self.spool.out:
            if path.rpartition(b".")[0] not in names or not path.endswith((b".txt", b".json")):
                self.wrong("out/%s is visible, and nothing was decided of it", path)
        for line in names.values():
            self.check_pair(line)
        return names

    # --- right after the kill ------------------------------------------------------------------------

    def places(self):
        """Path of an input -> where it is."""
        spool, ret = self.spool, {p: [] for p in self.inputs}
        for path in self.inputs & spool.drop.keys():
            ret[path].append("drop")
        for path, names in spool.inputs_of(spool.work).items():
            ret.setdefault(path, []).extend("work" for _ in names)
        for path, names in spool.inputs_of(spool.quarantine).items():
            ret.setdefault(path, []).extend("quarantine" for _ in names)
        for line in spool.lines:
            if line.kind == "cleaned" and line.out + b".json" in spool.out:
                ret.setdefault(line.path, []).append("out")
        return ret

    def check_bytes(self):
        where = [("drop/", self.spool.drop)]
        for folder in "work", "quarantine":
            for name, files in getattr(self.spool, folder).items():
                inside = {p[3:]: d for p, d in files.items() if p.startswith(b"in/")}
                where.append((f"{folder}/{name}/in/", inside))
        for prefix, files in where:
            for path, data in files.items():
                if path in self.files and data != self.files[path]:
                    self.wrong("%s%s has other bytes than were dropped", prefix, path)

    def check_now(self):
        allowed = [["drop"], ["work"], ["quarantine"], ["out"], ["work", "out"]]
        for path, places in self.places().items():
            if path not in self.inputs:
                continue # a sidecar: with its page at the end, or its URL is missed there
            if not places:
                self.wrong("%s is lost", path)
            elif places not in allowed:
                self.wrong("%s is in %s at once", path, " and ".join(places))
        self.check_bytes()
        self.check_visible()
        return self.found

    # --- at the end --------------------------------------------------------------------------------

    def check_left(self):
        for path in self.spool.drop:
            self.wrong("drop/%s was left", path)
        for name in self.spool.work:
            self.wrong("work/%s was left", name)
        for text in self.spool.torn:
            self.wrong("%s", text)

    def check_decisions(self):
        decided = {}
        for line in self.spool.lines:
            decided.setdefault(line.path, []).append(line)
        for path in self.inputs - decided.keys():
            self.wrong("nothing was decided of %s", path)
        for path in decided.keys() - self.inputs:
            self.wrong("%s was decided, and never dropped", path)
        for path, lines in decided.items():
            if len(lines) > 1:
                self.wrong("%s was decided %s times", path, len(lines))
        return {path: lines[-1] for path, lines in decided.items()}

    def check_quarantined(self, line, kind):
        files = self.spool.quarantine.get(str(line.id))
        if files is None:
            self.wrong("%s is not in quarantine/%s", line.path, line.id)
            return
        if files.get(b"in/" + line.path) != self.files.get(line.path):
            self.wrong("quarantine/%s has not the bytes of %s", line.id, line.path)
        side = line.path + b".url"
        if side in self.files and files.get(b"in/" + side) != self.files[side]:
            self.wrong("quarantine/%s has not the sidecar of %s", line.id, line.path)
        reason = self.reason(line, files)
        if reason is not None and kind is not None and reason["kind"] != kind and \
                not self.any_reason:
            self.wrong("%s is in quarantine for %s, not %s: %s", line.path, reason["kind"], kind,
                       reason["reason"])

    def reason(self, line, files):
        try:
            reason = json.loads(files[b"reason.json"])
            path = base64.b64decode(reason["path_bytes"]) if "path_bytes" in reason \
                else reason["path"].encode()
            if path != line.path or str(reason["id"]) != str(line.id) or not reason["kind"] \
                    or not reason["reason"] or not reason["what_to_do"] or not reason["time"]:
                raise ValueError("it is of another file, or says too little")
            return reason
        except (KeyError, ValueError) as e:
            self.wrong("quarantine/%s/reason.json: %r", line.id, e)
            return None

    def check_cleaned(self, line, known, known_path):
        record = self.record(line.out)
        if record is None or line.out + b".txt" not in self.spool.out:
            self.wrong("out/%s of %s is not complete", line.out, line.path)
            return
        if line.page != record["id"]:
            self.wrong("the manifest has another page for %s than its record", line.path)
        if known is None:
            return
        for field in SAME:
            a, b = record.get(field), known[0].get(field)
            if field in ("source", "site"):
                a, b = a.replace(self.spool.path, "", 1), b.replace(known_path, "", 1)
            if a != b:
                self.wrong("%s: %s is %s, and was %s", line.path, field, json.dumps(a)[:200],
                           json.dumps(b)[:200])
        stem = re.sub(rb"~\d{9,}$", b"", line.out)
        if stem != re.sub(rb"~\d{9,}$", b"", known[1]):
            self.wrong("%s is published as %s, and was as %s", line.path, line.out, known[1])

    def check_outcomes(self, known, known_path):
        outs, places = set(), set()
        for path, line in self.check_decisions().items():
            of = known.get(path) if known else None
            kind = "quarantined" if of and isinstance(of, str) else "cleaned"
            if of and line.kind != kind:
                if not self.may_quarantine or line.kind == "cleaned":
                    self.wrong("%s is %s, and was %s", path, line.kind, kind)
                of = None
            if line.kind == "quarantined":
                places.add(str(line.id))
                self.check_quarantined(line, of)
            elif line.kind == "cleaned":
                if line.out in outs:
                    self.wrong("out/%s is named twice", line.out)
                outs.add(line.out)
                self.check_cleaned(line, of, known_path)
        for name in self.spool.quarantine.keys() - places:
            self.wrong("quarantine/%s is nobody's", name)
        return len(outs)

    def check_programs(self, winnow, cleaned, restore):
        spool = self.spool.path
        self.say_nothing([winnow, "queue", "fsck", spool])
        if os.path.isdir(spool + "/state/index"):
            self.check_index(winnow, spool, cleaned)
        names = sorted(p for p in self.spool.out if p.endswith(b".json"))
        for name in names[:: max(1, len(names) // restore)] if restore else []:
            self.say_nothing([winnow, "restore", "-o", "/dev/null",
                              os.path.join(os.fsencode(spool), b"out", name)])

    def check_index(self, winnow, spool, cleaned):
        self.say_nothing([winnow, "index", "verify", spool + "/state/index"])
        run = subprocess.run([winnow, "index", "stat", "--format", "json", spool + "/state/index"],
                             capture_output=True)
        try:
            stat = json.loads(run.stdout)
            if stat["documents"] + stat["superseded"] != cleaned or stat["replaced"] or \
                    stat["forgotten"] or stat["learned"]:
                self.wrong("the index knows %s documents, and %s are superseded, %s replaced, "
                           "%s learned: there are %s", stat["documents"], stat["superseded"],
                           stat["replaced"], stat["learned"], cleaned)
        except (ValueError, KeyError):
            self.wrong("winnow index stat: %s", run.stderr[:300])

    def say_nothing(self, command):
        run = subprocess.run(command, capture_output=True, timeout=60)
        if run.returncode or run.stdout:
            self.wrong("winnow %s ends with %s: %s", command[1] + " " + os.fsdecode(command[2]),
                       run.returncode, (run.stdout + run.stderr)[:600])

    def check_end(self, known, known_path, winnow, restore=4):
        """known: what outcomes_of gave for another spool; None: there is none."""
        self.check_left()
        self.check_visible()
        cleaned = self.check_outcomes(known, known_path)
        self.check_programs(winnow, cleaned, restore)
        return self.found


def outcomes_of(path):
    """Of a finished run: path of an input -> (record, out), or why it is in quarantine."""
    spool, ret = Spool(path), {}
    for line in spool.lines:
        if line.kind == "cleaned":
            ret[line.path] = (json.loads(spool.out[line.out + b".json"]), line.out)
        elif line.kind == "quarantined":
            ret[line.path] = json.loads(spool.quarantine[str(line.id)][b"reason.json"])["kind"]
    return ret


def main():
    mode, path, files = sys.argv[1], sys.argv[2], files_below(sys.argv[3])
    finder = Finder(Spool(path), files)
    if mode == "now":
        found = finder.check_now()
    else:
        found = finder.check_end(outcomes_of(sys.argv[4]), os.path.abspath(sys.argv[4]), sys.argv[5])
    print("\n".join(found) or "nothing is wrong")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
