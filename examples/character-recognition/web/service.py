# SPDX-License-Identifier: Apache-2.0
"""The recognition service, as its clients have known it for long."""
import contextlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request


class Refused(Exception):
    """It answered, and not with 2xx: `status`."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class Service:
    """`url`: where it is. What cannot be reached, or breaks off in the middle of an answer, raises OSError."""

    def __init__(self, url, timeout=30):
        self.url, self.timeout = url.rstrip("/"), timeout

    def submit(self, text, priority, callback, key):
        """The task's id. The same key gets the same task, however often it is sent."""
        asked = {"priority": priority, **({"callback_url": callback} if callback else {})}
        path = "/api/recognize/async?" + urllib.parse.urlencode(asked)
        return self._ask("POST", path, {"text": text}, {"Idempotency-Key": key})["task_id"]

    def state(self, task):
        return self._ask("GET", f"/api/recognize/async/{task}")

    def cancel(self, task):
        return self._ask("POST", f"/api/recognize/async/{task}/cancel")

    def events(self, task):
        """The stream of its progress (text/event-stream), a line at a time, until it has ended."""
        with answered(urllib.request.Request(f"{self.url}/v1/tasks/{task}/events"), self.timeout) as answer:
            yield from answer

    def _ask(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {**(headers or {}), **({"Content-Type": "application/json"} if data else {})}
        with answered(urllib.request.Request(self.url + path, data, headers, method=method), self.timeout) as answer:
            return json.load(answer)


@contextlib.contextmanager
def answered(request, timeout):
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            yield answer
    except urllib.error.HTTPError as error:
        with error:
            raise Refused(error.code, error.read(1000).decode("utf-8", "replace")) from None
    except (http.client.HTTPException, json.JSONDecodeError) as error:
        raise OSError(f"no whole answer: {error!r}") from None
