"""spider.py - a Scrapy spider that follows all links of a site and drops its pages.

usage: scrapy runspider spider.py -a start=URL -a folder=DROP

The pipeline does what winnowd asks of who writes into drop/: the address first, as
<name>.url, then the page under a name that is passed over, and a rename."""

import os
from urllib.parse import urlsplit

import scrapy


class DropPipeline:
    def process_item(self, item, spider):
        parts = urlsplit(item["url"])
        path = parts.path + ("index.html" if parts.path.endswith("/") else "")
        name = os.path.join(spider.folder, parts.netloc, path.lstrip("/"))
        os.makedirs(os.path.dirname(name), exist_ok=True)
        with open(name + ".url", "w", encoding="utf-8") as f:
            f.write(item["url"] + "\n")
        with open(name + ".part", "wb") as f:
            f.write(item["body"])
        os.rename(name + ".part", name)
        return {"url": item["url"]}


class DropSpider(scrapy.Spider):
    name = "drop"
    custom_settings = {
        "ITEM_PIPELINES": {DropPipeline: 300},
        "ROBOTSTXT_OBEY": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_LEVEL": "WARNING",
    }

    def __init__(self, start, folder):
        super().__init__()
        self.start, self.folder = start, folder

    def start_requests(self):
        """By hand: start_urls would be fetched once more when a page links to them."""
        yield scrapy.Request(self.start)

    def parse(self, response):
        yield {"url": response.url, "body": response.body}
        yield from response.follow_all(css="a")
