"""docs/openapi.yaml as something that judges: which operation a request is for, and what is wrong with an answer to it."""
import functools
import json
import pathlib
import re
import urllib.parse

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
METHODS = ("get", "head", "post", "put", "patch", "delete")

# Of HTTP itself, which the document does not list again. CORS stands in x-every-answer and x-other-methods.
HTTP_HEADERS = {"connection", "content-length", "content-type", "date", "keep-alive", "server", "transfer-encoding"}
CORS_HEADERS = {f"access-control-{name}" for name in ("allow-origin", "allow-methods", "allow-headers", "max-age", "expose-headers")}
# What every path may be answered with before anybody looks at its method: nginx's own errors.
NGINX_ERRORS = {400, 404, 405, 408, 413, 414, 421, 429, 431, 500, 501, 502, 503, 504, 505}

document = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())


def resolved(node):
    """What a reference stands for."""
    while "$ref" in node:
        target = document
        for name in node["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        node = target
    return node


def validator(schema):
    return jsonschema.Draft202012Validator(
        schema,
        resolver=jsonschema.RefResolver("", document),
        format_checker=jsonschema.FormatChecker(),
    )


def faults(schema, value):
    """What is wrong with a value, the first few things."""
    for error, _ in zip(validator(schema).iter_errors(value), range(3)):
        yield f"{error.json_path}: {error.message}"[:300]


class Operation:
    """A method of a path of the document."""

    def __init__(self, path, method):
        item = document["paths"][path]
        self.path, self.method = path, method.upper()
        self.definition = item[method]
        self.parameters = [resolved(one) for one in item.get("parameters", []) + self.definition.get("parameters", [])]
        self.responses = {int(status): resolved(one) for status, one in self.definition["responses"].items()}
        self.body = self.definition.get("requestBody")

    def __str__(self):
        return f"{self.method} {self.path}"


OPERATIONS = {
    (method.upper(), path): Operation(path, method) for path, item in document["paths"].items() for method in METHODS if method in item
}


@functools.lru_cache(maxsize=4096)
def path_of(target):
    """The document's path that a request's target, as sent, is for; None where there is none."""
    sent = re.sub("^https?://[^/]*", "", target).partition("?")[0]
    for path in sorted(document["paths"], key=lambda path: "{" in path):
        if re.fullmatch(re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(path)), sent):
            return path
    return None


def operation_of(method, target):
    return OPERATIONS.get((method, path_of(target)))


def header_faults(response, headers):
    """headers: pairs of lower-case name and value."""
    documented = {name.lower(): resolved(one) for name, one in response.get("headers", {}).items()}
    everywhere = {name.lower() for name in document["x-every-answer"]["headers"]} | HTTP_HEADERS | CORS_HEADERS
    sent = dict(headers)
    for name, one in documented.items():
        if one.get("required") and name not in sent:
            yield f"there is no header {name}"
    for name, value in headers:
        if name in documented:
            schema = documented[name]["schema"]
            number = int(value) if resolved(schema).get("type") == "integer" and value.isdecimal() else value
            yield from (f"header {name}: {fault}" for fault in faults(schema, number))
        elif name not in everywhere:
            yield f"the header {name} is not in the document"


def body_faults(response, method, headers, body):
    kind = dict(headers).get("content-type", "").partition(";")[0]
    if method == "HEAD" or "content" not in response:
        if body:
            yield "there is a body"
        return
    if kind not in response["content"]:
        yield f"the body is {kind or 'nothing'}, not {' or '.join(response['content'])}"
        return
    try:
        value = json.loads(body)
    except ValueError as error:
        yield f"the body is no JSON: {error}"
        return
    yield from (f"body {fault}" for fault in faults(response["content"][kind]["schema"], value))


def problem_faults(response, status, body):
    """That the type is one of those that the document has for this answer, and the status its own."""
    if "x-problem-types" not in response:
        return
    problem = json.loads(body)
    name = problem["type"].removeprefix("/problems/")
    if name not in response["x-problem-types"]:
        yield f"the problem {name} is none of {', '.join(response['x-problem-types'])}"
    if problem["status"] != status:
        yield f"the problem's status is {problem['status']}"


def undocumented(method, target, status, headers):
    """The response that x-other-methods and nginx's own errors stand for; None where they do not have this one."""
    names = {name for name, _ in headers}
    if method == "OPTIONS" and status == 204:
        preflight = {"access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"}
        if preflight <= names or (path_of(target) and "allow" in names):
            return {"headers": {name: {"schema": {}} for name in ("Allow", "X-Request-Id")}}
        return None
    if status not in NGINX_ERRORS or (status == 405 and "allow" not in names):
        return None
    types = {one for operation in OPERATIONS.values() for one in operation.responses.get(status, {}).get("x-problem-types", [])}
    return {
        "headers": {"X-Request-Id": {"required": True, "schema": {"$ref": "#/components/schemas/RequestId"}}}
        | {name: {"schema": {}} for name in ("Allow", "Cache-Control", "RateLimit-Policy", "Retry-After")},
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-problem-types": sorted(types | set(document["x-other-methods"]["x-problem-types"])),
    }


def answer_faults(method, target, status, headers, body):
    """What is wrong with an answer: nothing, or lines that say so. headers: pairs."""
    headers = [(name.lower(), value) for name, value in headers]
    operation = operation_of(method, target)
    response = operation.responses.get(status) if operation else undocumented(method, target, status, headers)
    if response is None:
        return [f"the status {status} is not in the document"]
    found = [*header_faults(response, headers), *body_faults(response, method, headers, body)]
    return found or list(problem_faults(response, status, body) if method != "HEAD" else [])
