"""producers.py - real scrapers drop the pages of a site on this machine; all come out.

usage: producers.py WINNOWD WINNOW WORK

Scrapy (spider.py) writes as it should.  wget -r writes in place, and opens each file again to
look for links, so it may not write right into drop/ unless winnowd waits (settle_always); or
it writes into a folder whose name is passed over, which is renamed when all is there."""

import json
import os
import shutil
import subprocess
import sys
import time

import dropping
import served

HERE = os.path.dirname(os.path.abspath(__file__))


class Producers:
    def __init__(self, winnowd, winnow, work):
        self.winnowd, self.winnow, self.work = winnowd, winnow, work
        self.spool = work + "/spool"
        self.drop = self.spool + "/drop"
        os.makedirs(self.drop)
        self.found, self.pages = [], {}
        self.site = served.Site(work + "/site", 1000)
        self.start = f"http://{self.site.host}/"

    def run(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=dropping.PATIENCE)
        if done.returncode != 0:
            self.found.append(f"{command[0]}: status {done.returncode}: {done.stderr[-500:]}")

    def expect(self, folder):
        """Every page of the site below it."""
        prefix = f"{folder}/{self.site.host}".lstrip("/")
        for path, n in self.site.numbers.items():
            self.pages[f"{prefix}/{path}"] = n
        dropping.wait_decided(self.spool, len(self.pages))

    def check_urls(self, folder):
        """Their records know where they came from."""
        for path in self.site.numbers:
            name = f"{self.spool}/out/{folder}/{self.site.host}/{path}.json"
            with open(name, encoding="utf-8") as f:
                record = json.load(f)
            if self.start + path.removesuffix("index.html") not in json.dumps(record):
                self.found.append(f"{name} does not tell its URL")

    # --- the producers ----------------------------------------------------------------------------

    def scrapy(self):
        self.run("scrapy", "runspider", HERE + "/spider.py", "-a", "start=" + self.start,
                 "-a", f"folder={self.drop}/spider")
        self.expect("spider")

    def wget(self, folder, *options):
        self.run("wget", "--no-config", "-q", "-r", "-l", "inf", "-e", "robots=off", *options,
                 "-P", f"{self.drop}/{folder}", self.start)

    def beside(self, folder, *options):
        """Into a folder that is passed over; one rename puts all of it there."""
        self.wget("." + folder, *options)
        os.rename(f"{self.drop}/.{folder}", f"{self.drop}/{folder}")
        self.expect(folder)

    def wget_converting(self):
        """-k writes all pages once more at the end."""
        self.beside("converted", "-k")

    def wget_telling(self):
        """--xattr: the address is an attribute of the file."""
        self.beside("told", "--xattr")

    def wget_direct(self):
        self.wget("direct")
        self.expect("direct")


def knows(winnowd, setting):
    done = subprocess.run([winnowd, "--print"], capture_output=True, text=True)
    return f"\n{setting} = " in "\n" + done.stdout


def kept_attributes(folder):
    try:
        os.setxattr(folder, "user.winnow", b"1")
        return True
    except OSError:
        return False


def plan(p):
    """(name, what to do, the folder whose records have URLs, settings, why not)."""
    has_wget = None if shutil.which("wget") else "wget is not installed"
    waits = None if knows(p.winnowd, "settle_always") else "no setting settle_always"
    return [
        ("scrapy", p.scrapy, "spider", (), None if shutil.which("scrapy") else "Scrapy is not installed"),
        ("wget -r -k beside drop", p.wget_converting, None, (), has_wget),
        ("wget -r --xattr beside drop", p.wget_telling, "told", (),
         has_wget or (None if kept_attributes(p.work) else "no extended attributes here")),
        ("wget -r into drop", p.wget_direct, None, ("settle_always=yes", "settle=500ms"),
         has_wget or waits),
    ]


def try_one(p, name, task, told, settings):
    began = time.monotonic()
    daemon = dropping.Daemon(p.winnowd, p.spool, "index=no", *settings, log=p.work + "/log")
    try:
        task()
        if daemon.leave() != 0:
            p.found.append("winnowd left with an error")
        if told:
            p.check_urls(told)
    except (TimeoutError, OSError, subprocess.TimeoutExpired) as e:
        p.found.append(f"{name}: {e}")
    finally:
        daemon.kill()
    print(f"{name}: {len(p.site.numbers)} pages, {time.monotonic() - began:.1f} s")


def main():
    p = Producers(*sys.argv[1:4])
    done = 0
    for name, task, told, settings, why_not in plan(p):
        if why_not:
            print(f"{name}: skipped: {why_not}")
            continue
        try_one(p, name, task, told, settings)
        done += 1
    p.site.close()
    found = p.found + dropping.check_all(p.spool, p.winnow, p.pages)
    for text in found[:50]:
        print(text)
    print(f"{len(p.pages)} pages of {done} producers: {len(found)} findings")
    if found:
        with open(p.work + "/log", encoding="utf-8", errors="replace") as f:
            print("".join(f.readlines()[-20:]))
    sys.exit(1 if found else 0 if done else 77)


main()
