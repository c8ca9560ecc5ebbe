"""served.py - a site of sixty pages in folders, and its server on this machine.

Used by producers.py: it writes the pages below a folder and serves them from a thread."""

import functools
import http.server
import os
import threading

import dropping

SECTIONS, PAGES_OF = 5, 10  # with the front pages, and four more below: sixty


def tree():
    """Path -> the paths that it links to; every page is reached from the first."""
    sections = [f"part{s}/index.html" for s in range(SECTIONS)]
    links = {"index.html": list(sections)}
    for s, front in enumerate(sections):
        pages = [f"part{s}/page{i}.html" for i in range(PAGES_OF)]
        links[front] = ["index.html", pages[0]]
        for a, b in zip(pages, pages[1:] + [front]):
            links[a] = [b, front]
    below = [f"part0/deep/er/{name}.html" for name in ("one", "two", "three", "four")]
    links["part0/page3.html"].append(below[0])
    for a, b in zip(below, below[1:] + ["index.html"]):
        links[a] = [b]
    assert len(links) == 60
    return links


def address(path):
    """As pages link to it: a folder's front page has one name, or wget would write it twice."""
    return "/" + path.removesuffix("index.html")


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format, *args):
        pass


class Site:
    """The pages, and a server for them until close()."""

    def __init__(self, folder, first):
        self.numbers = {path: first + i for i, path in enumerate(tree())}
        for path, to in tree().items():
            os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
            with open(f"{folder}/{path}", "wb") as f:
                f.write(dropping.page(self.numbers[path], [address(other) for other in to]))
        handler = functools.partial(Quiet, directory=folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
