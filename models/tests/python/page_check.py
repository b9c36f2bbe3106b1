"""Runs docs/travel.md: its commands, on little data, and its Python, in the order in which they stand.

    python page_check.py
"""

import os
import re
import shlex

from travel import FOLDER, ROOT, tapeline

page = (ROOT / "docs/travel.md").read_text()
os.chdir(FOLDER.name)
ran = {"sh": 0, "python": 0}
for language, block in re.findall(r"```(sh|python)\n(.*?)```", page, re.S):
    if language == "sh":
        for line in block.splitlines():
            program, *args = shlex.split(line)
            assert program == "tapeline", line
            tapeline(*args, *(["--epochs", "1", "--limit", "1000"] if args[0] == "train" else []))
    else:
        exec(block, {})
    ran[language] += 1
assert min(ran.values()) >= 2, ran
print("the page does what it says:", ran)
