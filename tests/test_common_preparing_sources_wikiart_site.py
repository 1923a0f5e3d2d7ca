"""The site's lists and pictures, from a server on loopback that has every fault a site can have."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tiny_data import random_picture

from common.errors import UserError
from common.preparing.pictures import Rejected
from common.preparing.sources import wikiart_site as site_module
from common.preparing.sources.files import Entry, Listing
from common.preparing.sources.wikiart_site import PoliteClient, wikiart_site

PAGE_SIZE = 3
Answer = Callable[[BaseHTTPRequestHandler], None]


def answer(handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def jpeg(seed: int) -> bytes:
    file = io.BytesIO()
    random_picture(seed, 80, 64).save(file, format="JPEG")
    return file.getvalue()


class Site:
    """Two genres and two styles; `faults` answers the first requests of a path, one answer after the other."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.times: list[float] = []
        self.robots = "User-agent: *\nDisallow: /private\n"
        self.faults: dict[str, list[Answer]] = {}
        self.repeat_last_page = False
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests[self.path] += 1
                site.times.append(time.monotonic())
                waiting = site.faults.get(self.path)
                if waiting:
                    waiting.pop(0)(self)
                else:
                    site.serve(self)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        if parts.path == "/robots.txt":
            answer(handler, 200, "text/plain", self.robots.encode())
        elif parts.path.startswith("/images/"):
            answer(handler, 200, "image/jpeg", jpeg(int(parts.path.partition("-")[2].partition(".")[0])))
        else:
            kind, label = parts.path.removeprefix("/en/paintings-by-").split("/")
            page = self.page(kind, label, int(parse_qs(parts.query)["page"][0]))
            answer(handler, 200, "application/json", json.dumps({"Paintings": page, "PageSize": PAGE_SIZE}).encode())

    def page(self, kind: str, label: str, number: int) -> list[dict[str, object]] | None:
        """Portraits are 0 to 4, landscapes 10 to 12; even numbers are cubism, the others of no listed style."""
        members = {"portrait": [0, 1, 2, 3, 4], "landscape": [10, 11, 12], "cubism": [0, 2, 4, 10, 12, 98]}.get(
            label, []
        )
        pages = [members[start : start + PAGE_SIZE] for start in range(0, len(members), PAGE_SIZE)]
        if number > len(pages) and not (self.repeat_last_page and pages):
            return None
        return [self.painting(one) for one in pages[min(number, len(pages)) - 1]]

    def painting(self, number: int) -> dict[str, object]:
        return {
            "id": f"id{number}",
            "title": f"Work {number}",
            "year": 1900 + number,
            "artistName": "A. Painter",
            "image": f"{self.place}/images/work-{number}.jpg!Large.jpg",
        }


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    site = Site()
    labels = {"GENRES": ("portrait", "landscape"), "STYLES": ("cubism", "fauvism")}
    for name, value in (labels | {"SITE": site.place}).items():
        monkeypatch.setattr(site_module, name, value)
    yield site
    site.server.shutdown()
    site.server.server_close()


def picture(number: int) -> str:
    return f"/images/work-{number}.jpg!Large.jpg"


def listed(downloads: Path, per_genre: int = 100) -> Listing:
    return wikiart_site(downloads, per_genre, PoliteClient(0.0, backoff=0.01, timeout=0.5))


def fetched(downloads: Path, per_genre: int = 100) -> list[Entry]:
    return list(listed(downloads, per_genre).entries)


def test_genre_and_style_are_kept_with_each_picture(site: Site, tmp_path: Path) -> None:
    site.repeat_last_page = True
    listing = listed(tmp_path)
    assert listing.total == 8
    entries = list(listing.entries)
    assert [(entry.record.genre, entry.record.style) for entry in entries] == [
        *[("portrait", style) for style in ("cubism", "", "cubism", "", "cubism")],
        *[("landscape", style) for style in ("cubism", "", "cubism")],
    ]
    first = entries[0].record
    assert (first.name, first.artist, first.title, first.year) == ("id0.jpg", "A. Painter", "Work 0", "1900")
    assert entries[7].read().size == (80, 64)
    assert set(site.requests.values()) == {1}


def test_a_second_start_goes_on_and_fetches_nothing_twice(site: Site, tmp_path: Path) -> None:
    entries = iter(listed(tmp_path).entries)
    for _ in range(3):
        next(entries)
    before = Counter(site.requests)
    assert len(fetched(tmp_path)) == 8
    assert {path for path, count in site.requests.items() if count > before[path]} == {
        *(picture(number) for number in (3, 4, 10, 11, 12)),
        "/robots.txt",
    }
    site.requests.clear()
    assert len(fetched(tmp_path)) == 8
    assert not site.requests


def status(code: int, kind: str = "text/plain", **headers: str) -> Answer:
    return lambda handler: answer(handler, code, kind, b"a page", **headers)


BROKEN, GONE, BUSY = status(500), status(404), status(429, Retry_After="1")
PAGE = status(200, "text/html; charset=utf-8")


def slow(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(0.8)
    handler.close_connection = True


def truncated(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "image/jpeg")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(jpeg(1)[:200])
    handler.close_connection = True


@pytest.mark.slow
@pytest.mark.parametrize("fault", [slow, truncated, BUSY, BROKEN])
def test_a_fault_that_passes_costs_a_repetition(site: Site, tmp_path: Path, fault: Answer) -> None:
    site.faults = {picture(1): [fault], "/en/paintings-by-genre/landscape?json=2&page=1": [fault]}
    started = time.monotonic()
    entries = fetched(tmp_path)
    assert [entry.read().size for entry in entries] == [(80, 64)] * 8
    assert site.requests[picture(1)] == 2
    # A server that names a time, twice one second here, is given it.
    assert fault is not BUSY or time.monotonic() - started >= 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (GONE, "the server answers 404"),
        (PAGE, "text/html, not a picture of at most 200 MiB"),
        (BROKEN, "the server answers 500"),
    ],
)
def test_a_picture_that_is_not_to_be_had_is_rejected_with_the_reason(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Answer, reason: str
) -> None:
    monkeypatch.setattr(site_module, "ATTEMPTS", 1)
    site.faults = {picture(1): [fault] * 60}
    entries = fetched(tmp_path)
    with pytest.raises(Rejected, match=f"^could not be fetched: {reason}"):
        entries[1].read()
    assert entries[2].read().size == (80, 64)
    site.faults = {}
    # The next run asks again for what could not be fetched.
    assert fetched(tmp_path)[1].read().size == (80, 64)


def test_a_redirect_in_a_circle_is_not_asked_for_again(site: Site) -> None:
    site.faults = {picture(1): [status(302, Location=picture(1))] * 60}
    with pytest.raises(site_module.Refused, match="redirects"):
        PoliteClient(0.0, backoff=0.01).get(f"{site.place}{picture(1)}")
    assert site.requests[picture(1)] < 60


def test_a_site_that_is_gone_ends_the_fetching_with_how_to_go_on(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_module, "ATTEMPTS", 1)
    site.faults = {picture(number): [BROKEN] for number in (0, 1, 2, 3, 4)}
    with pytest.raises(
        UserError,
        match=r"5 pictures in a row could not be fetched; the last one: the server answers 500; run the command",
    ):
        fetched(tmp_path)


@pytest.mark.parametrize(
    ("fault", "message"),
    [(GONE, "the server answers 404"), (PAGE, "is not a list of paintings"), (BROKEN, "the server answers 500")],
)
def test_a_list_that_is_not_to_be_had_ends_the_fetching(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Answer, message: str
) -> None:
    monkeypatch.setattr(site_module, "ATTEMPTS", 1)
    site.faults = {"/en/paintings-by-genre/landscape?json=2&page=1": [fault]}
    with pytest.raises(UserError) as caught:
        listed(tmp_path)
    assert f"landscape?json=2&page=1: {message}; run the command again later" in str(caught.value)
    assert listed(tmp_path).total == 8


def test_what_robots_forbid_is_left_alone(site: Site, tmp_path: Path) -> None:
    site.robots = "User-agent: *\nDisallow: /images/work-1.jpg\nDisallow: /en/paintings-by-style\n"
    with pytest.raises(UserError, match=r"paintings-by-style/cubism\?json=2&page=1: robots\.txt forbids it"):
        listed(tmp_path)
    assert not any("by-style" in path for path in site.requests)
    site.robots = "User-agent: *\nDisallow: /images/work-1.jpg\n"
    entries = fetched(tmp_path)
    with pytest.raises(Rejected, match=r"robots\.txt forbids it"):
        entries[1].read()
    assert not site.requests[picture(1)]


@pytest.mark.slow
@pytest.mark.parametrize(("robots", "pause"), [("", 0.05), ("User-agent: *\nCrawl-delay: 1\n", 0.0)])
def test_requests_keep_their_distance(site: Site, tmp_path: Path, robots: str, pause: float) -> None:
    site.robots = robots
    client = PoliteClient(pause, backoff=0.01)
    for number in range(3):
        client.get(f"{site.place}{picture(number)}")
    # The first request of a host asks for its rules, which name the distance from then on.
    gaps = [later - earlier for earlier, later in zip(site.times[1:], site.times[2:], strict=False)]
    assert len(gaps) == 2
    assert min(gaps) >= (pause or 1) - 0.01


def test_as_many_of_a_genre_are_fetched_as_asked_for(site: Site, tmp_path: Path) -> None:
    entries = fetched(tmp_path, per_genre=2)
    assert [entry.record.name for entry in entries] == ["id0.jpg", "id1.jpg", "id10.jpg", "id11.jpg"]
    assert sum(path.startswith("/images/") for path in site.requests) == 4
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"^cannot write .*genre-portrait-1\.json: Not a directory"):
        listed(tmp_path / "file")
