#!/usr/bin/env python3
"""Renders public chat templates with conversations of every shape, here and in Jinja: equal text, or both refuse.

  python tests/conformance/jinja_renderings.py [SHARED] [--renderer build/release/tests/jinja_renderer]
                                               [--count 12000] [--seed 1] [--also FOLDER ...]

SHARED is the folder of shared data: its chat_templates/ (or data/chat_templates/) has templates and contexts, and
templates are also taken from every tokenizer_config.json below it. Each template gets its part of --count renderings, of
contexts that were changed in one to three places: a member left out, null, empty, of another kind, a message or a tool
call more. The same seed makes the same renderings. Where a template calls raise_exception the words must be the same.
Needs Python 3.11 or later and jinja2 3.1. Without SHARED it says what it skipped and ends well.
"""
import argparse
import copy
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "golden"))

ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,}", re.IGNORECASE)  # a function or generator printed: no two runs agree
SHOWN_MAX = 20

TEXT_PARTS = [{"type": "text", "text": "part one "}, {"type": "text", "text": "two"}]
IMAGE_PARTS = [{"type": "image"}, {"type": "text", "text": "what is this?"},
               {"type": "image_url", "image_url": {"url": "u"}}]
BARE_CALL = {"name": "add", "arguments": {"a": 1, "b": [2.5, None, "é"]}}
CALL = {"id": "abcdef123", "type": "function", "function": BARE_CALL}
TEXT_CALL = {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{\"q\": \"<a> & b\"}"}}
OBJECT = {"type": "object", "properties": {"d": {"type": "number"}}, "required": ["d"]}
PROPERTIES = {
    "a": {"type": "integer", "description": "first", "enum": [1, 2]},
    "b": {"type": ["string", "null"], "default": None},
    "c": {"type": "array", "items": OBJECT},
    "e": {"anyOf": [{"type": "string"}, {"type": "boolean"}]},
    "g": {"$ref": "#/$defs/G"},
}
PARAMETERS = {"type": "object", "properties": PROPERTIES, "required": ["a"], "additionalProperties": False,
              "$defs": {"G": {"type": "string"}}}
TOOL = {"type": "function",
        "function": {"name": "add", "description": "Adds.\nTwo lines & <b>", "parameters": PARAMETERS}}
MESSAGES = [
    {"role": "system", "content": "Be brief.\n"},
    {"role": "user", "content": " hi  "},
    {"role": "assistant", "content": "yes"},
    {"role": "user", "content": TEXT_PARTS},
    {"role": "user", "content": IMAGE_PARTS},
    {"role": "user", "content": "Größe 日本 🙂 <|im_end|> {{ x }}"},
    {"role": "user", "content": ""},
    {"role": "developer", "content": "dev"},
    {"role": "assistant", "content": "<think>\nlong\n</think>\n\nshort"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "assistant", "content": "", "tool_calls": [CALL, TEXT_CALL]},
    {"role": "assistant", "tool_calls": [BARE_CALL]},
    {"role": "assistant", "content": "x", "reasoning_content": "because"},
    {"role": "assistant", "content": "x", "thinking": "hm"},
    {"role": "tool", "content": "{\"r\": 3}", "tool_call_id": "abcdef123", "name": "add"},
    {"role": "tool", "content": {"r": [1]}},
    {"role": "tool", "content": TEXT_PARTS, "tool_call_id": "c2"},
    {"role": "function", "name": "add", "content": "3"},
    {"role": "ipython", "content": "out"},
    {"role": "observation", "content": "seen"},
    {"role": "nobody", "content": "?"},
]
OTHER_VALUES = [None, "", "text", 0, 7, -1.5, True, False, [], {}, ["a", "b"], [1, None], {"a": 1}, [{}],
                [TEXT_PARTS[0]], TOOL, CALL]
MEMBERS = {  # of a message
    "tool_calls": [[], None, [CALL], [TEXT_CALL, CALL], [BARE_CALL], CALL],
    "content": [TEXT_PARTS, IMAGE_PARTS, None, "", 3],
    "reasoning_content": ["so", "", None],
    "reasoning": ["so"],
    "thinking": ["so", ""],
    "name": ["bob", None],
    "role": ["user", "assistant", "system", "tool", None],
    "tool_call_id": ["abcdef123", None],
    "prefix": [True],
    "tool_responses": [[{"name": "f", "response": {"a": 1}}]],
    "tools": [[TOOL]],
    "function_call": [BARE_CALL],
}
SETTINGS = {  # of a context
    "add_generation_prompt": [True, False, None],
    "enable_thinking": [True, False, None, "yes"],
    "thinking": [True, False],
    "bos_token": ["<s>", "", None],
    "eos_token": ["</s>", "", None],
    "pad_token": ["<pad>"],
    "unk_token": ["<unk>"],
    "tools": [None, [], [TOOL], [TOOL, TOOL], [TOOL["function"]], "text", {"add": TOOL}],
    "documents": [None, [{"title": "t", "text": "x"}]],
    "tools_in_user_message": [True, False],
    "date_string": ["1 Jan 2025", None],
    "custom_tools": [[TOOL], None],
    "builtin_tools": [["python", "browser"], None],
    "reasoning_effort": ["low", "high", None],
    "keep_past_thinking": [True],
    "preserve_thinking": [True, False],
    "model_identity": ["I am.", ""],
    "tool_choice": ["auto", "none"],
    "controls": [{"length": "short"}],
    "custom_instructions": ["Do well."],
    "system_message": ["sys"],
    "xml_tools": [[TOOL]],
    "python_tools": [["def f(): pass"]],
    "available_tools": [[TOOL]],
    "continue_final_message": [True],
    "thinking_budget": [0, 512, -1],
}


def paths_of(value, path=()):
    """Every place in a value, without the value itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield path + (key,)
        yield from paths_of(item, path + (key,))


def parent_of(context, path):
    for key in path[:-1]:
        context = context[key]
    return context, path[-1]


def change_member(context, choice):
    parent, key = parent_of(context, choice.choice(list(paths_of(context)) or [("messages",)]))
    if choice.random() < 0.35 and key in (parent if isinstance(parent, dict) else range(len(parent))):
        del parent[key]
    else:
        parent[key] = copy.deepcopy(choice.choice(OTHER_VALUES))


def change_messages(context, choice):
    messages = context.get("messages")
    if not isinstance(messages, list):
        context["messages"] = copy.deepcopy(choice.sample(MESSAGES, choice.randint(0, 6)))
        return
    action = choice.randrange(4)
    if action == 0 or not messages:
        messages.insert(choice.randint(0, len(messages)), copy.deepcopy(choice.choice(MESSAGES)))
    elif action == 1:
        messages.append(copy.deepcopy(choice.choice(messages)))
    elif action == 2:
        del messages[choice.randrange(len(messages))]
    else:
        choice.shuffle(messages)


def add_to_message(context, choice):
    given = context.get("messages")
    messages = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    if not messages:
        return change_messages(context, choice)
    member = choice.choice(list(MEMBERS))
    choice.choice(messages)[member] = copy.deepcopy(choice.choice(MEMBERS[member]))


def change_settings(context, choice):
    name = choice.choice(list(SETTINGS))
    context[name] = copy.deepcopy(choice.choice(SETTINGS[name]))


CHANGES = [change_member, change_member, change_messages, add_to_message, add_to_message, change_settings, change_settings]


def changed(context, choice):
    result = copy.deepcopy(context)
    result.setdefault("add_generation_prompt", choice.random() < 0.7)
    for _ in range(choice.randint(1, 3)):
        choice.choice(CHANGES)(result, choice)
    return result


def jinja_outcome(template, variables, jinja2):
    """("text", TEXT), ("raised", WORDS) where the template calls raise_exception, or ("error", REASON)."""
    if isinstance(template, Exception):
        return "error", str(template)
    try:
        return "text", template.render(**copy.deepcopy(variables))
    except Exception as error:  # whatever stops Jinja or Python
        is_raised = type(error) is jinja2.exceptions.TemplateError
        return "raised" if is_raised else "error", str(error) if is_raised else f"{type(error).__name__}: {error}"


def compiled(environment, source):
    try:
        return environment.from_string(source)
    except Exception as error:
        return error


def our_outcomes(renderer, source, contexts):
    lines = [json.dumps({"template": source})] + [json.dumps({"variables": one}) for one in contexts]
    run = subprocess.run([renderer], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stdout.splitlines()[1:]]


def is_same(jinja, ours):
    kind, words = jinja
    if kind == "text":
        return ours.get("text") == words
    return "error" in ours and (kind != "raised" or ours["error"] == words)


def templates_below(folder):
    """(name, source) of every template: files named .jinja, and what tokenizer_config.json files have."""
    for path in sorted(folder.rglob("*.jinja")):
        yield path.name, path.read_text()
    for path in sorted(folder.rglob("tokenizer_config.json")):
        given = json.loads(path.read_text()).get("chat_template")
        many = given if isinstance(given, list) else [{"name": "", "template": given}] if isinstance(given, str) else []
        for one in many:
            yield f"{path.parent.name} {one['name']}".strip(), one["template"]


def contexts_below(folder):
    found = [json.loads(path.read_text()) for path in sorted(folder.rglob("contexts/*.json"))]
    called = [MESSAGES[0], MESSAGES[1], {"role": "assistant", "content": None, "tool_calls": [CALL]},
              {"role": "tool", "content": "3", "tool_call_id": CALL["id"], "name": "add"}]
    return found + [{"messages": MESSAGES[1:3] + MESSAGES[1:2], "bos_token": "<s>", "eos_token": "</s>"},
                    {"messages": called, "tools": [TOOL], "bos_token": "<s>"}]


class Tally:
    def __init__(self):
        self.counts = {"text": 0, "raised": 0, "error": 0, "skipped": 0, "different": 0}

    def add(self, name, variables, jinja, ours):
        if jinja[0] == "text" and ADDRESS.search(jinja[1]):
            self.counts["skipped"] += 1
        elif is_same(jinja, ours):
            self.counts[jinja[0]] += 1
        else:
            self.counts["different"] += 1
            if self.counts["different"] <= SHOWN_MAX:
                show(name, variables, jinja, ours)

    def report(self, templates):
        counts = self.counts
        total = sum(counts.values()) - counts["skipped"]
        print(f"{templates} templates, {total} renderings: {counts['text']} of the same text, {counts['raised']} refused"
              f" by the template in the same words, {counts['error']} refused by both, {counts['different']} different;"
              f" {counts['skipped']} that print an address are left out")
        return total


def show(name, variables, jinja, ours):
    print(f"\n{name}\n  variables: {json.dumps(variables, ensure_ascii=False)}")
    if jinja[0] == "text" and "text" in ours:
        end = min(len(jinja[1]), len(ours["text"]))
        at = next((i for i in range(end) if jinja[1][i] != ours["text"][i]), end)
        print(f"  from character {at} on: Jinja {jinja[1][at:at + 80]!r}, ours {ours['text'][at:at + 80]!r}")
    else:
        print(f"  Jinja: {jinja[0]} {jinja[1][:300]!r}\n  ours: {json.dumps(ours, ensure_ascii=False)[:400]}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, nargs="?", default=Path(os.environ.get("ESTOC_SHARED", "../shared")))
    build = Path(os.environ.get("ESTOC_BUILD", "build/release"))
    parser.add_argument("--renderer", type=Path, default=build / "tests" / "jinja_renderer")
    parser.add_argument("--count", type=int, default=12000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--also", type=Path, action="append", default=[], help="another folder of templates")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if not arguments.shared.is_dir():
        print(f"skipped: the renderings of public chat templates, for there is no folder {arguments.shared}")
        return 0
    if not arguments.renderer.exists():
        sys.exit(f"{arguments.renderer} is not built: cmake --build build/release --target jinja_renderer")
    import jinja2
    from chat_environment import make_environment
    if not jinja2.__version__.startswith("3.1."):
        sys.exit(f"expected jinja2 3.1, found {jinja2.__version__}")
    templates = [one for folder in [arguments.shared, *arguments.also] for one in templates_below(folder)]
    if not templates:
        print(f"skipped: there are no chat templates below {arguments.shared}")
        return 0
    contexts = contexts_below(arguments.shared)
    environment = make_environment()
    tally = Tally()
    each = -(-arguments.count // len(templates))
    for name, source in templates:
        choice = random.Random(f"{arguments.seed} {name}")
        varied = contexts + [changed(choice.choice(contexts), choice) for _ in range(each - len(contexts))]
        template = compiled(environment, source)
        for variables, ours in zip(varied, our_outcomes(arguments.renderer, source, varied), strict=True):
            tally.add(name, variables, jinja_outcome(template, variables, jinja2), ours)
    total = tally.report(len(templates))
    return 1 if tally.counts["different"] or total < min(arguments.count, 10000) * 0.9 else 0


if __name__ == "__main__":
    sys.exit(main())
