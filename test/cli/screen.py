# SPDX-License-Identifier: Apache-2.0
"""What a terminal shows after some bytes: the few controls that the bars use, and no others."""
import re


class Screen:
    def __init__(self, rows, columns):
        self.rows, self.columns, self.row, self.column = rows, columns, 0, 0
        self.lines = [""] * rows

    def feed(self, text):
        for control, plain in re.findall(r"(\x1b\[[\d;]*[A-Za-z]|[\r\n])|([^\x1b\r\n]+)", text):
            if plain:
                self.write(plain)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.down()
            else:
                self.control(control[-1], control[2:-1])
        return self

    def write(self, text):
        assert self.column + len(text) <= self.columns, f"this line wraps: {text}"
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + text + line[self.column + len(text):]
        self.column += len(text)

    def down(self):
        if self.row == self.rows - 1:
            self.lines = self.lines[1:] + [""]
        else:
            self.row += 1

    def control(self, what, number):
        if what == "A":
            assert int(number) <= self.row, "up beyond the top of the screen"
            self.row -= int(number)
        elif what == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif what == "J" and number == "2":
            self.lines = [""] * self.rows
        elif what == "J":
            self.control("K", "")
            self.lines[self.row + 1:] = [""] * (self.rows - self.row - 1)
        elif what == "H":
            self.row = self.column = 0
        else:
            assert what == "m", what

    def shown(self):
        return [line.rstrip() for line in self.lines if line.strip()]
