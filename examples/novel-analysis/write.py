#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""write.py PROJECT CHAPTER NUMBER FILE: what is to be posted when a chapter was written."""
import json
import sys

project, chapter, number, path = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    content = file.read()
print(json.dumps({"project_id": int(project), "chapter_id": int(chapter), "chapter_number": int(number), "content": content}))
