"""Runs the commands that the orchestrator gives to `py-audit`, one at a time, over real files. Start as many as you like: they are
interchangeable."""
import ast
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "classic"))
from agent import ClassicAgent  # noqa: E402

NOT_OURS = {"node_modules", "dist", "report", "coverage", "vendor", "__pycache__"}


def json_syntax(path, text):
    if path.endswith(".json"):
        try:
            json.loads(text)
        except ValueError as error:
            yield f"is no JSON: {error}"


def python_syntax(path, text):
    if path.endswith(".py"):
        try:
            ast.parse(text)
        except SyntaxError as error:
            yield f"is no Python: {error.msg} in line {error.lineno}"


def long_lines(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > 200:
            yield f"line {number} has {len(line)} characters"


def trailing_spaces(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            yield f"line {number} ends with spaces"


def final_newline(path, text):
    if text and not text.endswith("\n"):
        yield "ends in the middle of a line"


def mixed_indent(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if " " in indent and "\t" in indent:
            yield f"line {number} is indented with spaces and tabs"


COMMANDS = {
    "json-syntax": json_syntax,
    "python-syntax": python_syntax,
    "long-lines": long_lines,
    "trailing-spaces": trailing_spaces,
    "final-newline": final_newline,
    "mixed-indent": mixed_indent,
}


def files_of(folder):
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.startswith(".")]
        found += [os.path.relpath(os.path.join(place, name), folder) for name in names if not name.endswith(".patch")]
    return sorted(found)


def read(path):
    """The text of a file; nothing where it is no text."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except (UnicodeDecodeError, OSError):
        return ""


def audit(agent, task):
    command, folder = task["metadata"]["command"], task["metadata"]["folder"]
    if not os.path.isdir(folder):
        raise ValueError(f"expected folder to be a directory, got: {folder}")
    files, findings = files_of(folder), []
    for done, path in enumerate(files):
        if done % 200 == 0:
            progress = {"taskId": task["taskId"], "done": done, "total": len(files), "note": command}
            agent.broadcast(f"Task progress: {task['taskId']}", progress)
        findings += [f"{path}: {finding}" for finding in COMMANDS[command](path, read(os.path.join(folder, path)))]
    worst = findings[0] if findings else None
    return {"by": agent.id, "language": "Python", "findings": len(findings), "worst": worst}


agent = ClassicAgent(sys.argv[1] if len(sys.argv) > 1 else "py-1")
while True:
    task = agent.next_task(["py-audit"])
    if task is None:
        continue
    try:
        agent.complete_task(task["taskId"], audit(agent, task))
    except Exception as error:  # the orchestrator is told, and the worker goes on
        agent.fail_task(task["taskId"], f"{type(error).__name__}: {error}")
