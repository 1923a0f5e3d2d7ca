"""An HTTP client that is polite to servers: it obeys robots.txt, pauses between requests and retries slowly."""

from __future__ import annotations

import time
import urllib.robotparser
from typing import Any
from urllib.parse import urlsplit

from common.errors import missing_package

AGENT = "Atelier/0.1 (prepares a dataset of paintings)"
ATTEMPTS = 6
TIMEOUT = 30.0


class Refused(Exception):
    """The server refuses the request; retrying would not help."""


class Unreachable(Exception):
    """Every attempt failed; trying again later may help."""


class PoliteClient:
    """Fetch one URL at a time, with `pause` seconds (or robots.txt's Crawl-delay, if longer) between requests."""

    def __init__(self, pause: float, *, backoff: float = 1.0, timeout: float = TIMEOUT) -> None:
        """`backoff` is the wait before the first retry, in seconds; it doubles with each retry."""
        try:
            import httpx
            import tenacity
        except ImportError:
            raise missing_package("fetching from the site", "httpx and tenacity", extra="site") from None
        self._httpx, self._tenacity = httpx, tenacity
        self._client = httpx.Client(headers={"User-Agent": AGENT}, timeout=timeout, follow_redirects=True)
        self._pause = pause
        self._backoff = backoff
        self._earliest = 0.0
        self._robots: dict[str, urllib.robotparser.RobotFileParser] = {}

    def get(self, url: str) -> Any:
        """Return the complete, successful httpx response. Raises Refused or Unreachable with the reason."""
        robots = self._rules(url)
        if not robots.can_fetch(AGENT, url):
            raise Refused("robots.txt forbids it")
        asked = robots.crawl_delay(AGENT)
        return self._patiently(url, max(self._pause, float(asked or 0)))

    def _rules(self, url: str) -> urllib.robotparser.RobotFileParser:
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._robots:
            rules = urllib.robotparser.RobotFileParser()
            try:
                rules.parse(self._patiently(f"{host}/robots.txt", self._pause).text.splitlines())
            except Refused:
                # No robots.txt: everything is allowed.
                rules.parse([])
            self._robots[host] = rules
        return self._robots[host]

    def _patiently(self, url: str, pause: float) -> Any:
        tenacity = self._tenacity
        again = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=self._wait,
            retry=tenacity.retry_if_exception_type((_Passing, self._httpx.TransportError)),
            reraise=True,
        )
        try:
            return again(self._once, url, pause)
        except (_Passing, self._httpx.TransportError) as error:
            raise Unreachable(str(error) or type(error).__name__) from None

    def _once(self, url: str, pause: float) -> Any:
        time.sleep(max(0.0, self._earliest - time.monotonic()))
        try:
            response = self._client.get(url)
        except (self._httpx.TooManyRedirects, self._httpx.InvalidURL) as error:
            raise Refused(str(error)) from None
        finally:
            self._earliest = time.monotonic() + pause
        if response.status_code == 429 or response.status_code >= 500:
            raise _Passing(f"the server answers {response.status_code}", _seconds(response.headers.get("Retry-After")))
        if response.status_code >= 400:
            raise Refused(f"the server answers {response.status_code}")
        return response

    def _wait(self, state: Any) -> float:
        error = state.outcome.exception()
        doubled = self._backoff * 2 ** (state.attempt_number - 1)
        return max(doubled, error.retry_after) if isinstance(error, _Passing) else doubled


class _Passing(Exception):
    """A temporary error; retry after a wait."""

    def __init__(self, reason: str, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def _seconds(header: str | None) -> float:
    """Return the seconds of a Retry-After header, at most ten minutes; 0 if it is missing or a date."""
    return min(float(header), 600.0) if header is not None and header.isdecimal() else 0.0
