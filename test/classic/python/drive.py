"""Drives a classic agent by lines of JSON: {"call": method, "args": [...]} in, {"value": ...} or {"error": ...} out. It ends with its
standard input."""
import json
import sys

from agent import ClassicAgent


def say(record):
    print(json.dumps(record), flush=True)


agent = ClassicAgent(sys.argv[1], sys.argv[2], int(sys.argv[3]), lambda word: say({"word": word}))
for line in sys.stdin:
    request = json.loads(line)
    try:
        say({"value": getattr(agent, request["call"])(*request["args"])})
    except Exception as error:  # whoever drives it is told
        say({"error": str(error)})
