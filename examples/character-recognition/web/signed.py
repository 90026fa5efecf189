# SPDX-License-Identifier: Apache-2.0
"""Standard Webhooks 1.0: is this callback from whom has the secret, and recent?"""
import base64
import hashlib
import hmac
import time

RECENT = 300  # seconds


def is_genuine(secret, headers, body, now=None):
    """`secret`: whsec_...; `headers`: of the request, by name in whatever case; `body`: its bytes."""
    id, at, given = (headers.get(f"webhook-{name}") or "" for name in ("id", "timestamp", "signature"))
    if not at.isdigit() or abs((now or time.time()) - int(at)) > RECENT:
        return False
    key = base64.b64decode(secret.strip().removeprefix("whsec_"))
    wanted = b"v1," + base64.b64encode(hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest())
    return any(hmac.compare_digest(wanted, one.encode()) for one in given.split())
