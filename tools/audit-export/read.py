"""Programs of others read an exported audit log: every action with every outcome, in each form.

OCSF is held against the schema of its version, with nothing beside what it names; CloudEvents are read by the SDK of the
CloudEvents project. There is no schema of ECS among packages: its categories and types are held against those that its
field reference allows together (https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category).
"""

import json
import sys
from collections import Counter
from pathlib import Path

from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

ECS_TYPES = {
    "api": {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"},
    "authentication": {"start", "end", "info"},
    "configuration": {"access", "change", "creation", "deletion", "info"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "intrusion_detection": {"allowed", "denied", "info"},
    "process": {"access", "change", "end", "info", "start"},
}


def lines(folder: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def ocsf(events: list[dict]) -> Counter:
    validators: dict[int, Draft202012Validator] = {}
    seen: Counter = Counter()
    for event in events:
        uid = event["class_uid"]
        if uid not in validators:
            schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=event["metadata"]["version"]))
            name = schema.lookup_class_name_from_uid(class_uid=uid)
            validators[uid] = Draft202012Validator(schema.get_class_schema(class_name=name))
        errors = [f"{error.json_path}: {error.message}" for error in validators[uid].iter_errors(event)]
        assert not errors, (event, errors)
        assert event["type_uid"] == uid * 100 + event["activity_id"]
        seen[event["class_name"]] += 1
    return seen


def cloudevents(events: list[dict], native: list[dict]) -> int:
    for told, own in zip(events, native, strict=True):
        body = json.dumps(told).encode()
        message = HTTPMessage({"content-type": "application/cloudevents+json"}, body)
        event = from_structured_event(message)
        assert event.get_id() == own["id"] and event.get_data() == own
        assert event.get_type() == f"syft-space.audit.{own['action']}"
        assert int(event.get_extension("sequence")) == own["seq"]
    return len(events)


def ecs(events: list[dict]) -> Counter:
    seen: Counter = Counter()
    for event in events:
        [category] = event["event"]["category"]
        assert set(event["event"]["type"]) <= ECS_TYPES[category], event
        assert event["event"]["outcome"] in {"success", "failure"} and event["ecs"]["version"].startswith("8.")
        seen[category] += 1
    return seen


def main() -> None:
    folder = Path(sys.argv[1])
    native = lines(folder, "jsonl")
    print("OCSF:", dict(ocsf(lines(folder, "ocsf"))))
    print("CloudEvents:", cloudevents(lines(folder, "cloudevents"), native))
    print("ECS:", dict(ecs(lines(folder, "ecs"))))


main()
