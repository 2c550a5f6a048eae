"""The published schemas, made strict: here a member that no schema has is an error."""
import copy
import json
import pathlib

import jsonschema

DIRECTORY = pathlib.Path(__file__).parent.parent.parent / "schema"
FILES = {path.name: json.loads(path.read_text()) for path in DIRECTORY.glob("*.json")}


def strict(schema):
    """A copy in which objects have no members but those that the schema names."""
    def close(found):
        if isinstance(found, list):
            return [close(part) for part in found]
        if not isinstance(found, dict):
            return found
        closed = {name: close(part) for name, part in found.items()}
        if "properties" in found and "required" in found and found.get("type") and not (
                {"additionalProperties", "oneOf"} & set(found)):
            closed["additionalProperties"] = False
        if "oneOf" in found:
            closed["unevaluatedProperties"] = False
        return closed
    return close(copy.deepcopy(schema))


STRICT = {name: strict(schema) for name, schema in FILES.items()}


def validator(name):
    store = {f"file:///{other}": schema for other, schema in STRICT.items()}
    schema = STRICT[name]
    resolver = jsonschema.RefResolver(f"file:///{name}", schema, store)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


VALIDATORS = {name: validator(name) for name in STRICT}


WORDS = {"event", "level", "schema", "state", "time", "quantiles", "source", "answer"}
ANY_NAMES = {"metrics", "settings", "labels"}     # objects whose members may have any name


def kinds(found):
    """The shapes of all that is below, whatever its names."""
    if not isinstance(found, dict) or any(not isinstance(part, dict) for part in found.values()):
        return frozenset([shape(found)])
    return frozenset().union(*map(kinds, found.values()))


def shape(found):
    """What two values have in common if a schema treats them alike."""
    if isinstance(found, dict):
        return tuple(
            (name, value if name in WORDS and isinstance(value, str)
             else kinds(value) if name in ANY_NAMES and isinstance(value, dict) else shape(value))
            for name, value in found.items())
    if isinstance(found, list):
        return frozenset(map(shape, found))
    return float if isinstance(found, int) and not isinstance(found, bool) else type(found)


SEEN = set()


def check(name, found):
    """Validates a value, unless one of this shape was valid before."""
    mark = (name, shape(found))
    if mark in SEEN:
        return
    for error in VALIDATORS[name].iter_errors(found):
        raise AssertionError(f"{name}: {error.message[:300]} at {list(error.absolute_path)} in "
                             + json.dumps(found)[:1000])
    SEEN.add(mark)


def check_lines(text):
    """Validates the lines of an output that have a schema."""
    for line in text.splitlines():
        if line.startswith('{"schema":"gsqstat/1",'):
            check("gsqstat-1.json", json.loads(line))
        elif line.startswith('{"ts":"') and line.endswith("}"):
            check("gsqstat-audit-1.json", json.loads(line))


BODIES = []


def note(body):
    """Keeps the body of a callback for check_bodies(). Receivers call this before they answer:
    validating a large body there can take longer than a sender waits."""
    BODIES.append(body)


def check_bodies():
    """Validates the bodies that came since the last call."""
    while BODIES:
        body = BODIES.pop()
        found = json.loads(body) if body.startswith(b"{") else {}
        if found.get("type") == "gsqstat.window.1" or found.get("schema") == "gsqstat-window/1":
            check("gsqstat-window-1.json", found.get("data", found))
