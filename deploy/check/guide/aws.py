"""AWS's command line, as far as pages use it: its words are held against the models of botocore, and carried out on a local cloud.

check(words) raises Wrong if a command names an operation, an option, a value or a query that there is none of; call(words) does it.
What the command line adds to the API (s3 cp, cloudformation deploy, logs tail) is a table here.
"""

import json
import re
import sys

import botocore.session
import jmespath
from botocore import xform_name
from botocore.validate import ParamValidator

SESSION = botocore.session.get_session()

# What has no model: how many words stand free, and the options of each, with how many words follow.
OWN = {
    "s3 mb": (1, {}), "s3 cp": (2, {"recursive": 0, "exclude": 1, "include": 1}),
    "logs tail": (1, {"since": 1, "follow": 0, "filter-pattern": 1, "format": 1}),
    "cloudformation deploy": (0, {"stack-name": 1, "template-file": 1, "capabilities": 9, "parameter-overrides": 99, "no-fail-on-empty-changeset": 0}),
}
# What the command line calls otherwise, and what it adds to an operation: an option, and the parameter with the member that it fills.
RENAMED = {"subscribe endpoint": "notification-endpoint"}  # its own --endpoint-url is too near
NEWER = {"UpdateTable": {"no-deletion-protection-enabled": 0}}  # than Debian's botocore: API reference of Amazon DynamoDB
ADDED = {("lambda", "PublishLayerVersion"): ("zip-file", "Content", "ZipFile")}
GLOBAL = {"query": 1, "output": 1, "region": 1, "profile": 1, "no-cli-pager": 0}


class Wrong(Exception):
    """What is wrong with a command of a page."""


def options(words, arity):
    """Gives the options with their words, and what stands before them; a word after an option that takes none is positional."""
    given, free, name = {}, [], None
    for word in words:
        if word.startswith("--"):
            name = word[2:]
            if name not in arity:
                raise Wrong(f"no option --{name}")
            given[name] = []
        elif name and len(given[name]) < arity[name]:
            given[name].append(word)
        else:
            free.append(word)
    for name, values in given.items():
        if arity[name] and not values:
            raise Wrong(f"--{name} has no value")
    return given, free


def check(words):
    """Raises Wrong unless the command line knows these words; gives service, operation, parameters and the global options."""
    if len(words) < 2:
        raise Wrong("no operation")
    service, operation, rest = words[0], words[1], words[2:]
    if f"{service} {operation}" in OWN:
        count, arity = OWN[f"{service} {operation}"]
        given, free = options(rest, {**arity, **GLOBAL})
        if len(free) != count:
            raise Wrong(f"{count} words stand free, not {free}")
        look(given)
        return service, operation, given, given
    if service not in SESSION.get_available_services():
        raise Wrong(f"no service {service}")
    if operation == "wait":
        return wait(service, rest)
    model = SESSION.get_service_model(service)
    names = {xform_name(n, "-"): n for n in model.operation_names}
    if operation not in names:
        raise Wrong(f"{service} has no operation {operation}")
    return parameters(service, model.operation_model(names[operation]), rest)


def wait(service, words):
    """As check, for aws SERVICE wait NAME."""
    waiters = SESSION.get_waiter_model(service)
    names = {xform_name(n, "-"): n for n in waiters.waiter_names}
    if not words or words[0] not in names:
        raise Wrong(f"{service} has no waiter {words[:1]}")
    return parameters(service, SESSION.get_service_model(service).operation_model(waiters.get_waiter(names[words[0]]).operation), words[1:])


def parameters(service, operation, words):
    """Reads the options by the shapes of the operation's input."""
    members = operation.input_shape.members if operation.input_shape else {}
    by = {RENAMED.get(f"{xform_name(operation.name, '-')} {xform_name(n, '-')}", xform_name(n, "-")): n for n in members}
    by.update({"no-" + xform_name(n, "-"): n for n, s in members.items() if s.type_name == "boolean"})
    arity = {o: 0 if members[n].type_name == "boolean" else 99 if members[n].type_name == "list" else 1 for o, n in by.items()}
    added = ADDED.get((service, operation.name), ("", "", ""))
    given, free = options(words, {**arity, **GLOBAL, **NEWER.get(operation.name, {}), added[0]: 1})
    if free:
        raise Wrong(f"nothing takes {free}")
    values = {}
    if added[0] in given:
        content = members[added[1]]
        values[added[1]] = {added[2]: value(content.members[added[2]], given[added[0]][0])}
    for option, text in given.items():
        if option in by:
            shape = members[by[option]]
            values[by[option]] = not option.startswith("no-") if shape.type_name == "boolean" else value(shape, text if shape.type_name == "list" else text[0])
    if operation.input_shape:
        report = ParamValidator().validate(values, operation.input_shape)
        if report.has_errors():
            raise Wrong(report.generate_report())
    look(given)
    return service, operation.name, values, given


def unknown(text):
    """Tells whether a value is known later only: a variable, or dots that stand for it."""
    return "$" in text or "…" in text


def value(shape, text):
    """Reads a value as the command line does: JSON, or its shorthand."""
    kind = shape.type_name
    if kind == "list":
        if text[0].startswith("["):
            return json.loads(text[0])
        return [value(shape.member, one) for one in text]
    if text.startswith("{") and kind in ("structure", "map"):
        return json.loads(text)
    if kind in ("structure", "map"):
        members = {}
        for pair in text.split(","):
            key, _, inner = pair.partition("=")
            if kind == "structure" and key not in shape.members:
                raise Wrong(f"{shape.name} has no member {key}")
            members[key] = value(shape.members[key] if kind == "structure" else shape.value, inner)
        return members
    if kind == "boolean":
        return text.lower() == "true"
    if kind in ("integer", "long"):
        return 1 if unknown(text) else int(text)
    if kind == "timestamp" and unknown(text):
        return "2026-01-02T03:04:05Z"
    if kind == "blob":
        if not text.startswith("fileb://"):
            raise Wrong(f"{text} is no fileb://")
        return b""
    if getattr(shape, "enum", None) and not unknown(text) and text not in shape.enum:
        raise Wrong(f"{text} is none of {shape.enum}")
    return text


def look(given):
    """Compiles the query."""
    for query in given.get("query", []):
        try:
            jmespath.compile(re.sub(r"\$\w+", "x", query))
        except jmespath.exceptions.ParseError as wrong:
            raise Wrong(f"--query {query}: {wrong}") from wrong


def call(words):
    """Does it, where AWS_ENDPOINT_URL says, and prints what --query asks for."""
    import os

    import boto3

    service, operation, values, given = check(words)
    client = boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    answer = getattr(client, xform_name(operation))(**values)
    for query in given.get("query", []):
        answer = jmespath.search(query, answer)
    if given.get("output") == ["text"]:
        for one in answer if isinstance(answer, list) else [answer]:
            print(one)
    else:
        print(json.dumps(answer, default=str))


if __name__ == "__main__":
    try:
        call(sys.argv[1:])
    except Wrong as wrong:
        sys.exit(f"aws: {wrong}")
