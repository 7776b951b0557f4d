"""Draw commands that stand for CBC and GLPK and are broken, or lie."""

from __future__ import annotations

import os
import sys

SHIM = '''#!{python}
"""Read a model as the command of a solver does, and do what the fault says."""

import os, signal, sys, time

FAULT, words = {fault!r}, sys.argv[1:]
IS_CBC = "-solution" in words
MODEL = words[0] if IS_CBC else words[words.index("--cpxlp") + 1]
SOLUTION = words[words.index("-solution" if IS_CBC else "-w") + 1]
OUT = None if IS_CBC else words[words.index("-o") + 1]


def write(path, text):
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def solution(value, word="Optimal", names=None):
    """Write a solution in which every variable has a value; None: the true one."""
    import highspy

    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.readModel(MODEL)
    rows, columns = model.getLp().num_row_, list(model.getLp().col_names_)
    values = [value] * len(columns)
    if value is None:
        model.run()
        values = [round(number) for number in model.getSolution().col_value]
    names = columns if names is None else names(columns)
    if IS_CBC:
        lines = [f"{{word}} - objective value 0.00000000"]
        lines += [f"{{i:7d}} {{name}} {{values[i]:15.8g}} {{0:15.8g}}" for i, name in enumerate(names)]
        return write(SOLUTION, "\\n".join(lines) + "\\n")
    status, mark = {{"Optimal": ("INTEGER OPTIMAL", "o"), "Infeasible": ("INTEGER EMPTY", "n")}}[word]
    head = ["Problem:", f"Rows:       {{rows}}", f"Columns:    {{len(names)}}", "Non-zeros:  0"]
    head += [f"Status:     {{status}}", "Objective:  obj = 0", "", "No. Row", "------"]
    head += [f"{{i + 1}} r{{i}} 0" for i in range(rows)] + ["", "No. Column", "------"]
    head += [f"{{i + 1}} {{name}} {{values[i]}}" for i, name in enumerate(names)]
    write(OUT, "\\n".join(head) + "\\n")
    marked = [f"j {{i + 1}} {{values[i]}}" for i in range(len(names))]
    write(SOLUTION, "\\n".join([f"s mip {{rows}} {{len(names)}} {{mark}} 0", *marked, "e o f"]) + "\\n")


if FAULT == "none":
    solution(None)
elif FAULT == "exit 1":
    sys.exit(1)
elif FAULT == "SIGKILL":
    os.kill(os.getpid(), signal.SIGKILL)
elif FAULT == "SIGSEGV":
    os.kill(os.getpid(), signal.SIGSEGV)
elif FAULT == "hang":
    time.sleep(600)
elif FAULT == "empty file":
    write(SOLUTION, "")
    OUT and write(OUT, "")
elif FAULT == "truncated file":
    solution(1)
    for path in filter(None, (SOLUTION, OUT)):
        write(path, open(path, "rb").read()[:45])
elif FAULT == "random bytes":
    for path in filter(None, (SOLUTION, OUT)):
        write(path, bytes(range(255, 127, -1)) * 3)
elif FAULT == "infeasible point":
    solution(1)
elif FAULT == "sub-optimal point":
    solution(0)
elif FAULT == "infeasible":
    solution(0, "Infeasible")
elif FAULT == "wrong names":
    solution(1, names=lambda columns: [f"other{{i}}" for i in range(len(columns))])
elif FAULT == "wrong order":
    solution(1, names=lambda columns: columns[::-1][: len(columns) // 2])
'''

FAULTS = (
    "exit 1",
    "no file",
    "SIGKILL",
    "SIGSEGV",
    "hang",
    "empty file",
    "truncated file",
    "random bytes",
    "infeasible point",
    "sub-optimal point",
    "infeasible",
    "wrong names",
    "wrong order",
)
"""What the commands do; `no file` ends well and writes nothing. A command with the fault `none` is honest."""


def write_shim(folder, command, fault):
    """Write a command with a fault into a folder, and return the search path that finds it first."""
    path = folder / command
    path.write_text(SHIM.format(python=sys.executable, fault=fault), encoding="utf-8")
    path.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
