"""A hub on this machine: what huggingface_hub's client asks of the real one when it uploads, and no more."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hub(ThreadingHTTPServer):
    """Large files come by git LFS (`put` one by one, then named in the commit), the others within the commit."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.created: dict[str, Any] = {}
        self.large: dict[str, bytes] = {}
        self.repository: dict[str, bytes] = {}
        self.full = False
        """A full hub refuses large files."""


@contextmanager
def running_hub() -> Iterator[Hub]:
    with Hub() as hub:
        thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.shutdown()
            thread.join()


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self._body()
        if self.path.endswith("/repos/create"):
            self.server.created = json.loads(body)
            self._answer({"url": f"{self.server.address}/owner/name"})
        elif self.path.endswith("/validate-yaml"):
            self._answer({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            self._answer({"files": [_how_to_upload(file["path"]) for file in json.loads(body)["files"]]})
        elif self.path.endswith("/info/lfs/objects/batch"):
            self._answer({"transfer": "basic", "objects": [self._place(one) for one in json.loads(body)["objects"]]})
        elif "/commit/" in self.path:
            self._commit([json.loads(line) for line in body.splitlines()])
            self._answer({"commitUrl": f"{self.server.address}/owner/name/commit/1", "commitOid": "1"})
        else:
            self.send_error(404)

    def do_PUT(self) -> None:
        content = self._body()
        if self.server.full:
            self._answer({"error": "no room"}, status=413)
            return
        self.server.large[self.path.rpartition("/")[2]] = content
        self._answer({})

    def log_message(self, *_: object) -> None:
        pass

    def _place(self, file: dict[str, Any]) -> dict[str, Any]:
        return {**file, "actions": {"upload": {"href": f"{self.server.address}/large/{file['oid']}"}}}

    def _commit(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            match line["key"], line["value"]:
                case "file", value:
                    self.server.repository[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile", value:
                    self.server.repository[value["path"]] = self.server.large[value["oid"]]

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _answer(self, content: dict[str, Any], status: int = 200) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)


def _how_to_upload(path: str) -> dict[str, Any]:
    mode = "lfs" if path.endswith((".safetensors", ".onnx")) else "regular"
    return {"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": None}
