"""Reads the page of -f html: its tree, its policy, the colours of its style sheet."""
import base64
import hashlib
import html.parser
import re

VOID = {"meta", "link", "br", "img", "path"}
STATES = ("queue", "partial", "warning", "critical")


class Node:
    def __init__(self, tag, attrs):
        self.tag, self.attrs, self.inside = tag, attrs, []

    def classes(self):
        return self.attrs.get("class", "").split()

    def all(self, tag=None, name=None):
        """The elements inside with that tag and class, in their order."""
        for child in self.inside:
            if isinstance(child, Node):
                if tag in (None, child.tag) and (name is None or name in child.classes()):
                    yield child
                yield from child.all(tag, name)

    def one(self, tag=None, name=None):
        found = list(self.all(tag, name))
        assert len(found) == 1, (tag, name, len(found))
        return found[0]

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.inside)


class Reader(html.parser.HTMLParser):
    """Fails at an element that is not closed, or closed twice, or that has an attribute twice."""

    def __init__(self):
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]
        self.doctype = None

    def handle_decl(self, decl):
        self.doctype = decl

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), attrs
        node = Node(tag, dict(attrs))
        self.open[-1].inside.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].inside.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].inside.append(data)


def digest(text):
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


class Queue:
    """What a reader sees of a queue."""

    def __init__(self, node):
        self.node = node
        self.name = node.one("h2").text
        self.figures = {f.one("dt").text: f.one("dd").text.split(" max ")[0]
                        for f in node.all(name="figure")}
        self.bad = [f.one("dt").text for f in node.all(name="bad")]
        state = list(node.all(name="state"))
        self.state = state[0].one(name="word").text if state else None
        self.why = " ".join(p.text for p in node.all(name="why"))
        self.note = " ".join(p.text for p in node.all(name="note"))
        chart = list(node.all("svg"))
        self.chart = chart[0] if chart else None

    def points(self):
        """How many windows of the trend have a value."""
        line = self.chart.one("path", "line").attrs["d"]
        return len(re.findall(r"[ML]", line))


class Page:
    def __init__(self, text):
        reader = Reader()
        reader.feed(text)
        reader.close()
        assert len(reader.open) == 1 and reader.doctype == "DOCTYPE html"
        self.text, self.root = text, reader.root.one("html")
        self.title = self.root.one("title").text
        self.queues = [Queue(node) for node in self.root.all("li", "queue")]
        self.time = self.root.one("time").attrs["datetime"]
        self.meta = {node.attrs.get("http-equiv", node.attrs.get("name")): node.attrs["content"]
                     for node in self.root.all("meta") if "content" in node.attrs}

    def check(self):
        """Checks each page: its policy is about its own style and script, nothing in it
        could be run or loaded, and what is linked to exists."""
        policy = dict(part.strip().split(" ", 1) for part in
                      self.meta["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"].split() == [digest(self.root.one("script").text)]
        assert policy["style-src"].split() == [
            digest(node.text) for node in self.root.all("style")]
        assert set(policy) == {"default-src", "img-src", "style-src", "script-src", "base-uri",
                               "form-action"}
        ids = [node.attrs["id"] for node in self.root.all() if "id" in node.attrs]
        assert len(ids) == len(set(ids))
        for node in self.root.all():
            assert not [name for name in node.attrs if name.startswith("on") or name in (
                "style", "src", "srcset", "action", "ping")], node.attrs
            href = node.attrs.get("href")
            assert href is None or href == "data:," or href[1:] in ids and href[0] == "#"
        assert {node.tag for node in self.root.all()} <= set(
            "head body meta link title style header main nav footer script article h1 h2 p ul li"
            " dl dt dd div span small b i a bdi time svg path".split())
        sheets = "".join(node.text for node in self.root.all("style"))
        assert not re.search(r"@import|url\(|expression", sheets)
        assert self.root.attrs["lang"] == "en" and self.root.one("h1")
        return self


# -- colours


def variables(sheet):
    """Of the light and of the dark page: {name: colour}."""
    light, dark = re.findall(r":root\{([^}]*)\}", sheet)[:2]
    read = [dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", text)) for text in (light, dark)]
    return {"light": read[0], "dark": {**read[0], **read[1]}}


def rules(sheet):
    """(selector, {property: value}) of the rules outside of @media."""
    sheet = re.sub(r"@[^{]*\{(?:[^{}]*\{[^}]*\})*[^{}]*\}", "", sheet)
    for selector, body in re.findall(r"([^{}]+)\{([^}]*)\}", sheet):
        yield selector.strip(), dict(part.split(":", 1) for part in body.split(";") if ":" in part)


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a, b):
    """WCAG 2.2: from 1 to 21."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
