"""Draw README's picture: what a pipeline finds in abstract.txt, as a browser shows `render`.

usage: make_picture.py PIPELINE OUTPUT.png

Needs selenium, Chromium and its driver.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import spacy
from selenium import webdriver

from spacy_blurb.render import render

PAGE = (
    '<!doctype html><meta charset="utf-8"><style>body { margin: 0; background: #fff; } '
    "main { font: 17px/1.6 sans-serif; padding: 1.2rem; }</style><main>"
)


def main(pipeline: str, output: str) -> None:
    """Annotate, write the page, and take a picture of it."""
    nlp = spacy.load(pipeline)
    text = Path(__file__).with_name("abstract.txt").read_text(encoding="utf-8").strip()
    page = PAGE + render(nlp(text)) + "</main>"
    options = webdriver.ChromeOptions()
    for flag in ("headless=new", "no-sandbox", "window-size=1200,900"):
        options.add_argument(f"--{flag}")
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    with tempfile.TemporaryDirectory() as folder, driver as browser:
        path = Path(folder, "page.html")
        path.write_text(page, encoding="utf-8")
        browser.get(path.as_uri())
        browser.find_element("tag name", "main").screenshot(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
