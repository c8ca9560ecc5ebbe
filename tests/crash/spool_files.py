"""spool_files.py - makes the hundred files that a spool is tried with: what scrapers drop.

usage: spool_files.py FOLDER [--slow]

Pages of three sites with their templates, text dumps, exact and cut-short copies, the same
names in several folders, gzip, sidecars, odd names, deep folders, and what no cleaner can
take: crashes, binaries, broken gzip, a page that is too large; --slow adds one whose worker
never answers.  The same bytes each time: the words come from a generator with a fixed seed.

A page with CRASH in it makes the worker of spool_poison.c crash, one with HANG keeps it."""

import gzip
import os
import random
import sys

CRASH = b"winnow-poison: crash"
HANG = b"winnow-poison: hang"
MAX_SIZE = 128 * 1024  # what the runs allow for a page

PLACES = "harbour mill orchard quarry ferry chapel market station bridge lighthouse school " \
    "workshop library granary ropewalk bakery tower meadow canal boatyard".split()
PEOPLE = "the miller;a young surveyor;two carpenters;the ferryman;an old teacher;the librarian;" \
    "several farmers;a visiting painter;the night watchman;her neighbour;the council;" \
    "a group of pupils".split(";")
DEEDS = "measured;repaired;described;sold;painted;counted;photographed;reopened;closed;" \
    "inherited;moved;surrounded;mapped;cleaned".split(";")
WHEN = "last spring;before the flood;on a wet morning;after the fair;in the third week of May;" \
    "without telling anyone;for the second time;at low tide;by lamplight;between two storms;" \
    "as the bells rang;long before noon".split(";")
WHY = "because the old one had sunk into the mud;so that nobody would have to wait again;" \
    "although the plans said otherwise;and wrote a short letter about it;while the rest of the " \
    "village slept;which surprised even the oldest residents;and asked for nothing in return;" \
    "since the winter had been unusually mild;but kept the receipts in a tin box;as their " \
    "grandparents had done with the same tools".split(";")


class Writer:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def sentence(self):
        pick, number = self.r.choice, self.r.randint(3, 997)
        words = f"{pick(PEOPLE)} {pick(DEEDS)} the {pick(PLACES)} near the {pick(PLACES)} " \
            f"{pick(WHEN)}, {number} paces from the {pick(PLACES)}, {pick(WHY)}."
        return words[0].upper() + words[1:]

    def paragraphs(self, count):
        return [" ".join(self.sentence() for _ in range(self.r.randint(2, 4)))
                for _ in range(count)]


def page(site, title, paragraphs, extra=""):
    body = "\n".join(f"<p>{p}</p>" for p in paragraphs)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title} | {site}</title></head>
<body><div class="top"><a href="/">{site}</a> <a href="/news">News of the valley</a>
<a href="/shop">Things for sale</a></div>
<article><h1>{title}</h1>
{body}
</article>{extra}
<div class="foot"><p>{site} is written by volunteers and printed on the press in the old mill.</p>
<p>Subscribe to our letter and never miss a market day in {site}.</p></div>
</body></html>
""".encode()


def dump(title, paragraphs):
    return (title + "\n\n" + "\n\n".join(paragraphs) + "\n").encode()


SITES = ["valley.example", "harbour.example", "hills.example"]


def ordinary(files):
    for i in range(26):
        site, w = SITES[i % 3], Writer(i)
        files[f"{site}/story-{i}.html".encode()] = page(site, f"Story {i}", w.paragraphs(4))
    for i in range(9):
        files[f"dumps/note-{i}.txt".encode()] = dump(f"Note {i}", Writer(100 + i).paragraphs(5))


def copies(files):
    """Whole ones under other names, and ones that are cut short."""
    for i in range(8):
        files[f"mirror/copy-{i}.html".encode()] = files[f"{SITES[i % 3]}/story-{i}.html".encode()]
    for i in range(6):
        whole = Writer(100 + i).paragraphs(5)
        files[f"cut/note-{i}.txt".encode()] = dump(f"Note {i}", whole[:3] + [whole[3][:90] + "..."])


def same_names(files):
    for i, folder in enumerate(["a", "b", "a/b", "b/a", "a/a/a", "."]):
        name = f"{folder}/index.html".removeprefix("./").encode()
        files[name] = page("index.example", f"Index {i}", Writer(200 + i).paragraphs(3))


def packed(files):
    for i in range(6):
        whole = page("packed.example", f"Packed {i}", Writer(300 + i).paragraphs(4))
        files[f"packed/p{i}.html.gz".encode()] = gzip.compress(whole, mtime=0)


def with_sidecars(files):
    for i in range(5):
        name = f"side/s{i}.html".encode()
        files[name] = page("side.example", f"Aside {i}", Writer(400 + i).paragraphs(3))
        files[name + b".url"] = f"https://side.example/s{i}.html\n".encode()


ODD = [
    b"odd/two\nlines.html", b"odd/ blank .html", b"odd/tab\there.html", b"odd/-rf", b"odd/--once",
    b"odd/\xff\xfe not utf-8 \x80.html", b"odd/caf\xc3\xa9.html", b"odd/100%25.html",
    b'odd/quo"te\'s.html', b"odd/back\\slash.html", b"odd/*?[x].html", b"odd/$(date).html",
    b"odd/;semicolon&.html", b"odd/\x1b[31mred.html", b"odd/page.html~2", b"odd/page.html",
    b"odd/x.json", b"odd/x.txt", b"odd/no-suffix", b"odd/x...", b"odd/~", b"odd/work/1/in/x",
    b"odd/" + b"n" * 245 + b".html", b"odd/" + b"m" * 250 + b".html",
    b"/".join([b"deep"] * 40) + b"/down.html",
    b"/".join([b"f" * 200] * 8) + b"/long.html",
]


def odd(files):
    for i, name in enumerate(ODD):
        files[name] = page("odd.example", f"Odd {i}", Writer(500 + i).paragraphs(2))


def poison(files, slow):
    whole = page("poison.example", "Poison", Writer(600).paragraphs(3))
    files[b"poison/crash.html"] = whole.replace(b"</body>", b"<!-- " + CRASH + b" --></body>")
    files[b"poison/crash again.html"] = files[b"poison/crash.html"] + b"<!-- -->"
    files[b"poison/empty.html"] = b""
    files[b"poison/binary.bin"] = bytes(random.Random(601).randrange(256) for _ in range(4096))
    files[b"poison/torn.html.gz"] = gzip.compress(whole * 3, mtime=0)[:400]
    files[b"poison/no.gz"] = b"\x1f\x8b\x08\x00" + whole[:300]
    files[b"poison/large.html"] = page("poison.example", "Large", Writer(602).paragraphs(900))
    files[b"poison/bomb.html.gz"] = gzip.compress(b"<p>" + b"a" * (4 << 20), mtime=0)
    if slow:
        files[b"poison/hang.html"] = whole.replace(b"</body>", b"<!-- " + HANG + b" --></body>")


def make(slow=False):
    """Path below drop/ -> bytes."""
    files = {}
    ordinary(files)
    copies(files)
    same_names(files)
    packed(files)
    with_sidecars(files)
    odd(files)
    poison(files, slow)
    assert len(files[b"poison/large.html"]) > MAX_SIZE
    return files


def inputs(files):
    """The paths that are to have an outcome: all but the sidecars."""
    return {p for p in files if not (p.endswith(b".url") and p[:-4] in files)}


def write(files, folder):
    folder = os.fsencode(folder)
    for path, data in files.items():
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        with open(os.path.join(folder, path), "wb") as f:
            f.write(data)


def main():
    files = make("--slow" in sys.argv)
    write(files, sys.argv[1])
    print(len(inputs(files)), "files,", len(files) - len(inputs(files)), "sidecars")


if __name__ == "__main__":
    main()
