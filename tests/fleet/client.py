#!/usr/bin/env python3
"""Users who list their todos and add some, while hosts come and go: is every list answered, and is every todo there once?

usage: client.py --target ADDRESS[,ADDRESS...]:PORT[-PORT] --tokens FILE [--users N] [--rate R]
Until SIGTERM. Each user has a connection of its own, and makes another one when that ends. A todo that got no answer of 2xx is
sent again with its key until it gets one. Then each user's todos are counted, and a line of JSON says what was found:
  get    answered; wrong, as one of the user's todos was missing, or another one there; failed by what happened (a status, or an
         error); slowest, in seconds
  post   answered, repeated by what had happened; slowest, with all its repetitions; pause, the longest time without an answer
  lost   todos that were answered 201 and are not there       doubled   those that are there more than once
"""

import argparse
import asyncio
import collections
import json
import re
import signal
import sys
import time
import uuid

ANSWER_SECONDS = 20  # longer than an edge asks one host, and then another
REPEAT_SECONDS = 0.1
GIVE_UP_SECONDS = 60


class Connection:
    """One to the service, made when it is needed."""

    def __init__(self, address, port, token):
        self.place, self.token = (address, port), token
        self.reader = self.writer = None

    async def ask(self, method, path, body=None, key=None):
        """Status and body; an OSError or a TimeoutError where there is none."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._ask(method, path, body, key)
        except (OSError, EOFError):
            self.close()
            raise

    async def _ask(self, method, path, body, key):
        if self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection(*self.place)
        text = json.dumps(body).encode() if body is not None else b""
        lines = [f"{method} {path} HTTP/1.1", "Host: todo.example", f"Authorization: Bearer {self.token}"]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(text)}"]
        if key:
            lines.append(f"Idempotency-Key: {key}")
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if "\r\nTransfer-Encoding: chunked" in head:
            answer = b""
            while size := int(await self.reader.readline(), 16):
                answer += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
        else:
            length = re.search(r"\r\nContent-Length: (\d+)", head)
            answer = await self.reader.readexactly(int(length[1])) if length else b""
        if "\r\nConnection: close" in head:
            self.close()
        link = re.search(r'\r\nLink: <http://[^/]+([^>]+)>; rel="next"', head)
        return int(head[9:12]), answer, link and link[1]

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None


class Report:
    def __init__(self):
        self.get = {"answered": 0, "wrong": 0, "failed": collections.Counter(), "slowest": 0.0}
        self.post = {"answered": 0, "repeated": collections.Counter(), "slowest": 0.0, "pause": 0.0}
        self.last_post = time.monotonic()
        self.lost = self.doubled = self.unknown = 0


def what(error):
    return type(error).__name__


class Todos:
    """A user's: the titles that were sent, and those of them that were acknowledged."""

    def __init__(self, there):
        self.sent, self.added = set(there), set(there)


async def list_once(connection, report, todos):
    begin = time.monotonic()
    try:
        status, body, following = await connection.ask("GET", "/v1/todos?limit=200")
    except (OSError, EOFError) as error:
        status = what(error)
    report.get["slowest"] = max(report.get["slowest"], time.monotonic() - begin)
    if status == 200:
        report.get["answered"] += 1
        found = {item["title"] for item in json.loads(body)}
        report.get["wrong"] += not found <= todos.sent or (following is None and not todos.added <= found)
    else:
        report.get["failed"][f"{status} on {connection.place[0]}"] += 1


async def add_until_answered(connection, report, todos):
    begin, title, key = time.monotonic(), str(uuid.uuid4()), str(uuid.uuid4())
    todos.sent.add(title)
    while time.monotonic() - begin < GIVE_UP_SECONDS:
        try:
            status, _, _ = await connection.ask("POST", "/v1/todos", {"title": title}, key)
        except (OSError, EOFError) as error:
            status = what(error)
        if status == 201:
            now = time.monotonic()
            todos.added.add(title)
            report.post["answered"] += 1
            report.post["slowest"] = max(report.post["slowest"], now - begin)
            report.post["pause"] = max(report.post["pause"], now - report.last_post)
            report.last_post = now
            return
        report.post["repeated"][f"{status} on {connection.place[0]}"] += 1
        await asyncio.sleep(REPEAT_SECONDS)
    report.unknown += 1


async def count_todos(connection):
    found, path = collections.Counter(), "/v1/todos?limit=200"
    while path:
        status, body, path = await connection.ask("GET", path)
        if status != 200:
            sys.exit(f"client: the todos cannot be counted: {status} {body[:300]}")
        found.update(item["title"] for item in json.loads(body))
    return found


async def user(number, options, connection, report, stopped):
    period = options.users / options.rate
    todos, turn = Todos(await count_todos(connection)), number
    report.last_post = time.monotonic()
    due = time.monotonic() + period * number / options.users
    while not stopped.is_set():
        await asyncio.sleep(max(due - time.monotonic(), 0))
        due = max(due + period, time.monotonic())
        if turn % 2:
            await add_until_answered(connection, report, todos)
        else:
            await list_once(connection, report, todos)
        turn += 1
    found = await count_todos(connection)
    report.lost += sum(found[title] == 0 for title in todos.added)
    report.doubled += sum(number > 1 for number in found.values())


async def main(options):
    addresses, ports = options.target.rsplit(":", 1)
    first, _, last = ports.partition("-")
    places = [(address, port) for port in range(int(first), int(last or first) + 1) for address in addresses.split(",")]
    with open(options.tokens, encoding="ascii") as file:
        tokens = [line.strip() for line, _ in zip(file, range(options.users))]
    report, stopped = Report(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    connections = [Connection(*places[number % len(places)], token) for number, token in enumerate(tokens)]
    await asyncio.gather(*(user(number, options, one, report, stopped) for number, one in enumerate(connections)))
    print(json.dumps({name: value for name, value in vars(report).items() if name != "last_post"}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", required=True)
    parser.add_argument("--tokens", required=True)
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--rate", type=float, default=200)
    asyncio.run(main(parser.parse_args()))
