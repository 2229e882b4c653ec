"""Audits pages before they are released, and tests them afterwards. Usage: worker.py NAME"""
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "classic"))
from agent import ClassicAgent  # noqa: E402


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def audit(page):
    """What the page is: its title, its headings, how long it is."""
    title, headings, in_code = None, [], False
    text = read(page["source"])
    for line in text.splitlines():
        if line.startswith("```"):
            in_code = not in_code
        elif not in_code and line.startswith("# "):
            title = title or line[2:].strip()
        elif not in_code and line.startswith("## "):
            headings.append(line[3:].strip())
    if title is None:
        raise ValueError(f"{page['source']} has no title")
    return {"title": title, "headings": headings, "words": len(text.split())}


def test(page):
    """Is what stands in the site what was deployed, with every heading in its contents?"""
    text = read(page["page"])
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != page["sha256"]:
        raise ValueError(f"{page['page']} is not what was deployed")
    missing = [heading for heading in page["headings"] if f"- [{heading}](#" not in text]
    if missing:
        raise ValueError(f"{page['page']} does not list {', '.join(missing)}")
    return {"tested": True}


STAGES = {"audit": audit, "test": test}

agent = ClassicAgent(sys.argv[1] if len(sys.argv) > 1 else "py-1")
while True:
    task = agent.next_task(["py-worker", "tester"])
    if task is None:
        continue
    page, stage = task["metadata"], task["task"]
    try:
        found = STAGES[stage](page)
        agent.complete_task(task["taskId"], {**page, **found, "done": [*page["done"], f"{stage} by {agent.id}"]})
    except Exception as error:  # whoever waits for it is told, and the worker goes on
        agent.fail_task(task["taskId"], f"{type(error).__name__}: {error}")
