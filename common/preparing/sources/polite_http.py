"""An HTTP client that is polite to servers: it obeys robots.txt, pauses between requests and retries slowly."""

from __future__ import annotations

import time
import urllib.robotparser
from typing import Any
from urllib.parse import urlsplit

from common.errors import missing_package

AGENT = "Atelier/0.1 (prepares a dataset of paintings)"
ATTEMPTS = 6
LONGEST_WAIT = 600.0
"""Seconds to wait at most where the server names a time."""


class Refused(Exception):
    """The server refuses the request; retrying would not help."""


class Unreachable(Exception):
    """Every attempt failed; trying again later may help."""


class PoliteClient:
    """Fetch one URL at a time, with `pause` seconds (or robots.txt's Crawl-delay, if longer) between requests."""

    def __init__(self, pause: float, *, backoff: float = 1.0, timeout: float = 30.0) -> None:
        """`backoff` is the wait before the first retry, in seconds; it doubles with each retry."""
        try:
            import httpx
        except ImportError:
            raise missing_package("fetching from the site", "httpx", extra="site") from None
        self._httpx = httpx
        self._client = httpx.Client(headers={"User-Agent": AGENT}, timeout=timeout, follow_redirects=True)
        self._pause, self._backoff = pause, backoff
        self._earliest = 0.0
        self._robots: dict[str, urllib.robotparser.RobotFileParser] = {}

    def get(self, url: str) -> Any:
        """Return the complete, successful httpx response. Raises Refused or Unreachable with the reason."""
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._robots:
            self._robots[host] = rules = urllib.robotparser.RobotFileParser()
            try:
                rules.parse(self._patiently(f"{host}/robots.txt", self._pause).text.splitlines())
            except Refused:
                rules.parse([])  # No robots.txt: everything is allowed.
        rules = self._robots[host]
        if not rules.can_fetch(AGENT, url):
            raise Refused("robots.txt forbids it")
        return self._patiently(url, max(self._pause, float(rules.crawl_delay(AGENT) or 0)))

    def _patiently(self, url: str, pause: float) -> Any:
        """Retry what may pass: a lost connection, a busy or broken server."""
        reason, asked = "", 0.0
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(max(self._backoff * 2 ** (attempt - 1), asked))
            time.sleep(max(0.0, self._earliest - time.monotonic()))
            try:
                response = self._client.get(url)
            except (self._httpx.TooManyRedirects, self._httpx.InvalidURL) as error:
                raise Refused(str(error)) from None
            except self._httpx.TransportError as error:
                reason, asked = str(error) or type(error).__name__, 0.0
                continue
            finally:
                self._earliest = time.monotonic() + pause
            if response.status_code < 400:
                return response
            reason = f"the server answers {response.status_code}"
            if response.status_code != 429 and response.status_code < 500:
                raise Refused(reason)
            seconds = response.headers.get("Retry-After", "")
            asked = min(float(seconds), LONGEST_WAIT) if seconds.isdecimal() else 0.0
        raise Unreachable(reason)
