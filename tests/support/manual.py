"""The manual pages, and what in them is to be typed or copied."""
import re

from harness import TOP

PAGES = ("gsqstat.1", "gsqstat-cookbook.7", "gsqstat-rows.5")
MANUAL, COOKBOOK = ((TOP / "man" / page).read_text() for page in PAGES[:2])


def unroff(text):
    """Text as it is shown, without the marks that keep roff from reading it."""
    return text.replace("\\&", "").replace("\\e", "\\")


def blocks(page):
    """What stands in the displays of a page, as one types it."""
    return [unroff(text) for text in
            re.findall(r"(?m)^\.Bd -literal.*\n((?:(?!\.Ed).*\n)*)\.Ed$", page)]
