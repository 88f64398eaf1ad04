"""What a reader would stumble over in the built pages: dead links, missing words, strangers."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src"), ("iframe", "src")}
FILE_NAME = re.compile(r"\.(png|jpe?g|svg|gif)$|^_?images?/", re.I)


class Page(HTMLParser):
    """The ids of a page, what it links to, what it loads and its pictures."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads, self.faults = set(), [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs[key] for key in ("id", "name") if attrs.get(key) and tag != "meta"}
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        for name, value in attrs.items():
            if (tag, name) in LOADS and value and attrs.get("rel") not in ("canonical", "next"):
                self.loads.append(value)
        if tag == "img":
            self.look_at_picture(attrs)

    def look_at_picture(self, attrs):
        words = attrs.get("alt")
        if words is None or FILE_NAME.search(words) or (words and len(words) < 4):
            self.faults.append(f"picture {attrs.get('src')} is described as {words!r}")


def faults(out):
    """Return a sentence for each fault of the pages under `out`, JupyterLite's own left out."""
    paths = [path for path in sorted(Path(out).rglob("*.html"))
             if path.relative_to(out).parts[0] not in ("lite", "_static")]
    pages = {path.resolve(): Page(path) for path in paths}
    found = []
    for path, page in pages.items():
        told = page.faults + [fault for link in page.links + page.loads
                              if (fault := follow(path, link, pages, out))]
        told += [f"loads {load} from elsewhere" for load in page.loads if urlsplit(load).netloc]
        found += [f"{path.relative_to(out)}: {fault}" for fault in dict.fromkeys(told)]
    return found


def follow(path, link, pages, out):
    """Return what is wrong with a link inside the site, or None."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return f"link to {link}, which is not there"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].ids:
        return f"link to {link}: no such place on that page"
    return None
