# SPDX-License-Identifier: Apache-2.0
"""Schemas against another implementation of draft 2020-12 (python3-jsonschema): random schemas and inputs, the same verdicts."""
import json
import random

import jsonschema

SCHEMAS, INPUTS = 120, 60
NAMES = ["a", "b", "c", "d/e", "f~g"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def value(self, depth=0):
        kind = self.r.randrange(8 if depth < 3 else 5)
        if kind == 0:
            return self.r.choice([None, True, False])
        if kind in (1, 2):
            return self.r.choice([0, 1, 2, 3, 4, 6, -1, 1.5, 2.0, 10, 0.3])
        if kind in (3, 4):
            return self.r.choice(["", "a", "b", "ab", "aab", "é", "😀😀", "12", "a1"])
        if kind == 5:
            return [self.value(depth + 1) for _ in range(self.r.randrange(4))]
        return {name: self.value(depth + 1) for name in self.r.sample(NAMES, self.r.randrange(4))}

    def schema(self, depth=0):
        if depth > 3 or self.r.random() < 0.1:
            return self.r.choice([True, True, {}, {"type": self.r.choice(["integer", "string", "object", "number"])}, False])
        schema = {}
        for _ in range(self.r.randrange(1, 4)):
            name, value = self.keyword(depth + 1)
            schema[name] = value
        return schema

    def keyword(self, depth):
        r, sub = self.r, self.schema
        some = lambda: [sub(depth) for _ in range(r.randrange(1, 4))]
        named = lambda: {name: sub(depth) for name in r.sample(NAMES, r.randrange(1, 4))}
        return r.choice([
            lambda: ("type", r.choice(["null", "boolean", "number", "integer", "string", "array", "object"])),
            lambda: ("type", r.sample(["null", "boolean", "number", "integer", "string", "array", "object"], 3)),
            lambda: ("properties", named()), lambda: ("properties", named()), lambda: ("properties", named()),
            lambda: ("required", r.sample(NAMES, r.randrange(3))),
            lambda: ("additionalProperties", sub(depth)),
            lambda: ("patternProperties", {r.choice(["^[ab]$", "[cd]", "~"]): sub(depth)}),
            lambda: ("propertyNames", {"pattern": r.choice(["^[a-c]$", "."])}),
            lambda: ("minProperties", r.randrange(3)), lambda: ("maxProperties", r.randrange(1, 4)),
            lambda: ("dependentRequired", {r.choice(NAMES): r.sample(NAMES, 2)}),
            lambda: ("dependentSchemas", {r.choice(NAMES): sub(depth)}),
            lambda: ("items", sub(depth)), lambda: ("items", sub(depth)),
            lambda: ("prefixItems", some()), lambda: ("contains", sub(depth)),
            lambda: ("minItems", r.randrange(3)), lambda: ("maxItems", r.randrange(1, 4)), lambda: ("uniqueItems", True),
            lambda: ("enum", [self.value() for _ in range(4)]), lambda: ("const", self.value(2)),
            lambda: ("minimum", r.choice([0, 1, 1.5, 2])), lambda: ("maximum", r.choice([1, 3, 6.0])),
            lambda: ("exclusiveMinimum", r.choice([0, 1.5])), lambda: ("exclusiveMaximum", r.choice([2, 4.0])),
            lambda: ("multipleOf", r.choice([2, 3, 0.5, 1.5])),
            lambda: ("minLength", r.randrange(3)), lambda: ("maxLength", r.randrange(1, 3)),
            lambda: ("pattern", r.choice(["^a", "b$", "^[a-z]+$", "\\d", "^.$"])),
            lambda: ("allOf", some()), lambda: ("anyOf", some()), lambda: ("oneOf", some()), lambda: ("not", sub(depth)),
            lambda: ("if", sub(depth)), lambda: ("then", sub(depth)), lambda: ("else", sub(depth)),
            lambda: ("$ref", r.choice(["#/$defs/x", "#/$defs/y", "#"] if depth > 2 else ["#/$defs/x", "#/$defs/y"])),
        ])()

    def whole(self):
        schema = {}
        while not schema:
            schema = self.schema()
            schema = schema if isinstance(schema, dict) else {}
        schema["$defs"] = {"x": {"type": ["array", "object", "integer"], "maxItems": 2}, "y": {"properties": {"a": {"$ref": "#/$defs/x"}}}}
        return schema


def ends(schema):
    """False: a reference leads back to itself without a step into the input; that is refused, and the other one never ends."""
    applied = ("allOf", "anyOf", "oneOf")
    below = [schema]
    while below:
        one = below.pop()
        if not isinstance(one, dict):
            continue
        if one.get("$ref") == "#":
            return False
        for name in applied:
            below += one.get(name, [])
        below += [one[name] for name in ("not", "if", "then", "else") if name in one] + list(one.get("dependentSchemas", {}).values())
    return True


def test_both_give_the_same_verdict_on_random_schemas_and_inputs(serve):
    maker = Maker(20261123)
    schemas = {}
    while len(schemas) < SCHEMAS:
        schema = maker.whole()
        if ends(schema):
            schemas[f"t{len(schemas)}"] = schema
    bide = serve({"types": {name: {"pull": {}, "input": schema} for name, schema in schemas.items()}})
    cases = [(name, maker.value()) for name in schemas for _ in range(INPUTS)]
    verdicts = []
    for at in range(0, len(cases), 5000):
        batch = [{"type": name, "input": value} for name, value in cases[at:at + 5000]]
        verdicts += [item["status"] for item in bide.post("/v1/tasks:batch", batch).json["items"]]
    judges = {name: jsonschema.Draft202012Validator(schema) for name, schema in schemas.items()}
    seen = {202: 0, 422: 0}
    for (name, value), status in zip(cases, verdicts, strict=True):
        seen[status] += 1
        wanted = 202 if judges[name].is_valid(value) else 422
        assert status == wanted, f"{json.dumps(schemas[name])} and {json.dumps(value)}: {status}"
    assert min(seen.values()) > len(cases) / 10, f"both verdicts are tried: {seen}"
