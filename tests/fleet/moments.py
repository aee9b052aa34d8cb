#!/usr/bin/env python3
"""Users who add todos and note when; and whether a database that was restored has those of before a moment, and none of after it.

usage: moments.py add   --target ADDRESS:PORT[-PORT] --tokens FILE --notes FILE [--users N]   until SIGTERM
       moments.py check --target ADDRESS:PORT[-PORT] --tokens FILE --notes FILE [--users N] --moment SECONDS
A note has a todo that was answered 201, and when it was sent and answered, in seconds since 1970. `check` prints a line of JSON, and
fails where a todo that was answered before the moment is missing, or one is there that was sent after it:
  before, after     how many there were    missing, late    those of them that are wrong
  last              seconds from the newest todo that is there to the last that was answered
"""

import argparse
import asyncio
import json
import signal
import sys
import time
import uuid

from client import Connection, count_todos


async def add(number, connection, notes, stopped):
    while not stopped.is_set():
        title, sent = str(uuid.uuid4()), time.time()
        try:
            status, _, _ = await connection.ask("POST", "/v1/todos", {"title": title})
        except (OSError, EOFError):
            status = 0
        if status == 201:
            notes.write(json.dumps({"user": number, "title": title, "sent": sent, "answered": time.time()}) + "\n")
        await asyncio.sleep(0.05)


async def check(connections, options):
    with open(options.notes, encoding="ascii") as file:
        notes = [json.loads(line) for line in file]
    found = set().union(*await asyncio.gather(*(count_todos(connection) for connection in connections)))
    before = [note for note in notes if note["answered"] < options.moment]
    after = [note for note in notes if note["sent"] > options.moment]
    missing = [note for note in before if note["title"] not in found]
    late = [note for note in after if note["title"] in found]
    there = [note["answered"] for note in notes if note["title"] in found]
    last = max(note["answered"] for note in notes) - max(there, default=0)
    print(json.dumps({"before": len(before), "after": len(after), "missing": len(missing), "late": len(late), "last": round(last, 3)}))
    sys.exit(not before or bool(missing or late))


async def main(options):
    address, ports = options.target.rsplit(":", 1)
    first, _, last = ports.partition("-")
    count = int(last or first) - int(first) + 1
    with open(options.tokens, encoding="ascii") as file:
        tokens = [line.strip() for line, _ in zip(file, range(options.users))]
    connections = [Connection(address, int(first) + number % count, token) for number, token in enumerate(tokens)]
    if options.action == "check":
        await check(connections, options)
        return
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    with open(options.notes, "a", encoding="ascii", buffering=1) as notes:
        await asyncio.gather(*(add(number, connection, notes, stopped) for number, connection in enumerate(connections)))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("action", choices=["add", "check"])
parser.add_argument("--target", required=True)
parser.add_argument("--tokens", required=True)
parser.add_argument("--notes", required=True)
parser.add_argument("--users", type=int, default=8)
parser.add_argument("--moment", type=float)
asyncio.run(main(parser.parse_args()))
