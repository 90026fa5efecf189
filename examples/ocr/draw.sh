#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# draw.sh TEXT FILE.png: a picture of the text, black on white, its lines as they are. With Pango, which finds a font that
# has the characters: fonts-dejavu-core for English, fonts-wqy-microhei for Chinese.
set -eu
exec pango-view -q --no-display --font='DejaVu Sans, WenQuanYi Micro Hei 24' --margin=20 --text="$1" -o "$2"
