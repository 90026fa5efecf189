#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""fetch.py URL DIRECTORY: downloads the sound of a video, or all of it, with yt-dlp; prints {"title": ...}.

What the other side refuses (404, 403) is refused for good; what may be otherwise next time is tried again."""
import json
import os
import sys
import traceback
import urllib.error

import yt_dlp

from frames import say


def told(state):
    whole = state.get("total_bytes") or state.get("total_bytes_estimate")
    if state["status"] == "downloading" and whole:
        say("progress", percent=100 * state["downloaded_bytes"] / whole)


def refused(error):
    """What is behind the exception is an answer of 4xx that does not ask to come again, or no video at all."""
    while error:
        if isinstance(error, yt_dlp.utils.UnsupportedError):
            return True
        if isinstance(error, urllib.error.HTTPError):
            return 400 <= error.code < 500 and error.code not in (408, 425, 429)
        error = getattr(error, "cause", None) or (getattr(error, "exc_info", None) or (None, None))[1] or error.__cause__
    return False


def main(url, directory):
    options = {
        "outtmpl": os.path.join(directory, "media.%(ext)s"),
        "format": "bestaudio/best",
        "noplaylist": True,
        "cachedir": False,
        "no_color": True,
        "noprogress": True,
        "logtostderr": True,  # stdout is the result
        "progress_hooks": [told],
    }
    try:
        with yt_dlp.YoutubeDL(options) as youtube:
            print(json.dumps({"title": youtube.extract_info(url)["title"]}))
    except yt_dlp.utils.DownloadError as error:
        say("fail", message=str(error), detail=traceback.format_exc(), type="DownloadError", retry=not refused(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
