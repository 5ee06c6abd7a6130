"""What people read of a plan that has mistakes: each document of this page, and what is said of it, word for word."""

from inline_snapshot import snapshot

from services.core.parse import parse, parse_bytes
from services.core.plan import MAX_BYTES
from services.core.plan_relations import SubIssue, read_relations
from services.core.plan_yaml import MAX_NODES
from services.core.problems import sentence
from tests.core.drawn import HOME, read

TASK = "- [ ] **a** Write"


def said(text: str, form: str = "issue") -> list[str]:
    """All problems, with their places."""
    return [sentence(problem) for problem in read(text, "yaml" if form == "yaml" else "issue").problems]


def test_lists_without_a_plan() -> None:
    texts = [
        "Words.",
        "tasks:\n- id: a",
        f"{TASK}\n\n```yaml\ntasks: [{{id: b, title: B}}]\n```",
        "> " * 70 + "- [ ] x",
    ]
    assert [said(text) for text in texts] == snapshot(
        [
            [
                "There is no task here; write them as `- [ ] **id** Title (owner/repo)`, or as a `yaml` block with `tasks:`."
            ],
            ["There is no task here, but it looks like YAML; put it into a block between ```yaml and ```."],
            [
                "Line 3: A second plan starts here; the first one starts on line 1. Keep one: a task list or one `yaml` block."
            ],
            ["Line 1: Lists and quotes are nested too deeply here; flatten them."],
        ]
    )


def test_fields_of_a_list() -> None:
    fields = [
        "needs", "nedes: b", "needs: a", "needs: b", "needs: b · needs: c", "done: true", "title: x", "repo: x", "priority: high",
        "priority: 1 · body: x\n  more", "timeout: soon", "timeout: 8d", "budget: lots", "model: a b", "agent: a b", "group: a b",
        "group: a/b", "paths: /etc", "paths: ../x", "paths: a\\b", "paths: .git/x", "paths: !x", "paths: ./", "paths: \u200bx",
        "run: a\u200bb", "paths: " + "x" * 600, "verify: " + "x" * 30_000, "paths: " + ", ".join(f"f{n}" for n in range(300)),
        "rollback: a\u2028b",
    ]  # fmt: skip
    assert {field[:40]: said(f"{TASK} · {field}") for field in fields} == snapshot(
        {
            "needs": ["Line 1: Fields stand between ` · ` and are written `key: value`; `needs` is not."],
            "nedes: b": ["Line 1: `nedes` is not a key of a task. Did you mean `needs`?"],
            "needs: a": ["Line 1: `a` needs itself; remove it from its own `needs`."],
            "needs: b": ["Line 1: `a` needs `b`, which is not a task here. Add such a task, or remove the need."],
            "needs: b · needs: c": [
                "Line 1: `a` needs `b`, which is not a task here. Add such a task, or remove the need.",
                "Line 1: `needs` is given twice for this task; keep one, or the other is lost.",
            ],
            "done: true": [
                "Line 1: `done` is not a key of a task. Keys are repo, needs, paths, agent, priority, timeout, group, verify, rollback, body, run, prompt, budget, model, workflow."
            ],
            "title: x": ["Line 1: The title of a task stands before the first ` · `; remove `title:` here."],
            "repo: x": [
                "Line 1: `x` is not a repository; write it as `owner/name`. In a task list the last parentheses name it."
            ],
            "priority: high": [
                "Line 1: `high` is not a priority; write a finite number, such as `10` (higher goes first)."
            ],
            """\
priority: 1 · body: x
  more\
""": ["Line 2: This task has a `body:` field and text under it; keep one of them."],
            "timeout: soon": [
                "Line 1: `soon` is not a timeout; write minutes as a number above 0, or a time such as `30m`, `2h` or `1h30m`, at most 7 days."
            ],
            "timeout: 8d": [
                "Line 1: `8d` is not a timeout; write minutes as a number above 0, or a time such as `30m`, `2h` or `1h30m`, at most 7 days."
            ],
            "budget: lots": ["Line 1: `lots` is not a budget; write US dollars, such as `5` or `0.50`."],
            "model: a b": ["Line 1: `model` can't be `a b`; use letters, digits and `. _ -`, without blanks."],
            "agent: a b": ["Line 1: `agent` can't be `a b`; use letters, digits and `. _ -`, without blanks."],
            "group: a b": ["Line 1: `a` is alone in its group `a b`, so the group changes nothing."],
            "group: a/b": ["Line 1: `a` is alone in its group `a/b`, so the group changes nothing."],
            "paths: /etc": [
                "Line 1: The path `/etc` is not inside the repository; write it relative to the repository's root."
            ],
            "paths: ../x": ["Line 1: The path `../x` leaves the repository; remove the `..`."],
            "paths: a\\b": ["Line 1: The path `a\\b` holds a backslash; separate folders with `/`."],
            "paths: .git/x": ["Line 1: The path `.git/x` reaches into `.git`, which no task may change."],
            "paths: !x": [
                "Line 1: The path `!x` starts with `!`, which has no meaning here; list what the task may change."
            ],
            "paths: ./": [
                "Line 1: The path `./` names nothing; write a folder such as `src/**`, or leave `paths` out."
            ],
            "paths: \u200bx": ["Line 1: The path `\\u200bx` holds a character that cannot be seen; type it again."],
            "run: a\u200bb": ["Line 1: `run` holds a character that cannot be seen, `\\u200b`; remove it."],
            "paths: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": [
                "Line 1: The path `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` has more than 512 characters; name a folder instead."
            ],
            "verify: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": [
                "Line 1: `verify` has 30,000 characters, at most 20,000 are read; put the rest into a file of the repository."
            ],
            "paths: f0, f1, f2, f3, f4, f5, f6, f7, f": [
                "Line 1: `paths` has 300 entries, at most 200 are read; use patterns."
            ],
            "rollback: a\u2028b": ["Line 1: `rollback` holds a character that cannot be seen, `\\u2028`; remove it."],
        }
    )


def test_entries_of_a_list() -> None:
    texts = [
        "- [ ] **a**", "- [ ] **a b** Title", "- [ ] **a..b** Title", "- [ ] **ä** Title", "- [ ] **" + "a" * 65 + "** Title",
        "- [ ] **a** Title (acme/)", "- [ ] **a** Title (acme/gone)", "- [ ] **a** A\n- [ ] **A** B", "- [] **a** Title\n" + TASK,
        "1. [ ] **a** Title\n" + TASK, "- [ ] *b* Title\n" + TASK, "- [ ] **a** Title, needs: b", "- [ ] **all** Title",
        "- [ ] **a** " + "x" * 300, "- [ ] **a** Ti\u200btle", "- [ ] **a** A · needs: b\n- [ ] **b** B · needs: a",
        "- [ ] **a** A · group: g", "- [ ] **a** A · group: g\n- [ ] **b** B · group: g · needs: a",
        "- [ ] **a** A · group: g · rollback: revert\n- [ ] **b** B (acme/web) · group: g · rollback: forward",
        "- [ ] **a** A · paths: x/**\n- [ ] **b** B · paths: x/y",
        "\n".join(f"- [ ] **t{n}** T{f' · needs: t{n - 1}' if n else ''}" for n in range(30)),
        "- [ ] **a** A · group: g\n- [ ] **b** B · needs: a\n- [ ] **c** C · needs: b · group: g",
    ]  # fmt: skip
    assert {text[:60]: said(text) for text in texts} == snapshot(
        {
            "- [ ] **a**": ["Line 1: The task `a` has no `title`; add one."],
            "- [ ] **a b** Title": [
                "Line 1: `a b` can't be the id of a task: use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters. For example `a-b`."
            ],
            "- [ ] **a..b** Title": [
                "Line 1: `a..b` can't be the id of a task: git can't name a branch after it; avoid `..`, and `.` or `.lock` at the end. For example `a-b`."
            ],
            "- [ ] **ä** Title": [
                "Line 1: `ä` can't be the id of a task: use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters."
            ],
            "- [ ] **aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": [
                "Line 1: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` can't be the id of a task: use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters. For example `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`."
            ],
            "- [ ] **a** Title (acme/)": [
                "Line 1: `acme/` is not a repository; write it as `owner/name`. Did you mean `acme/web`?"
            ],
            "- [ ] **a** Title (acme/gone)": [
                "Line 1: Lockstep is not installed on `acme/gone`; install it there, or correct the name. Did you mean `acme/web`?"
            ],
            """\
- [ ] **a** A
- [ ] **A** B\
""": [
                "Line 2: `A` is already the id of the task on line 1 (upper and lower case count as the same); rename one of them."
            ],
            """\
- [] **a** Title
- [ ] **a** Write\
""": ["Line 1: This looks like a task but is not read as one; write it as `- [ ] **a** Title`."],
            """\
1. [ ] **a** Title
- [ ] **a** Write\
""": ["Line 1: This looks like a task but is not read as one; write it as `- [ ] **a** Title`."],
            """\
- [ ] *b* Title
- [ ] **a** Write\
""": [],
            "- [ ] **a** Title, needs: b": [
                "Line 1: The title holds `needs:`, which is not read as a field; put ` · ` before it, or backticks around it."
            ],
            "- [ ] **all** Title": [
                "Line 1: `all` is also a word of the commands (`/lockstep retry all`); another id is clearer."
            ],
            "- [ ] **a** xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": [
                "Line 1: The title `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` has 300 characters, at most 256 are read; move the rest to `body`."
            ],
            "- [ ] **a** Ti\u200btle": [
                "Line 1: The title holds characters that cannot be seen, such as `\\u200b`; they are left out."
            ],
            """\
- [ ] **a** A · needs: b
- [ ] **b** B · needs: a\
""": ["Line 1: These tasks wait for each other in a circle: `a` needs `b` needs `a`. Remove one of these needs."],
            "- [ ] **a** A · group: g": ["Line 1: `a` is alone in its group `g`, so the group changes nothing."],
            """\
- [ ] **a** A · group: g
- [ ] **b** B · group: g · needs: a\
""": [
                "Line 2: `b` needs `a` in the same group and repository. Both are worked on before either has merged, so it does not see that work; make them one task."
            ],
            """\
- [ ] **a** A · group: g · rollback: revert
- [ ] **b** B (a\
""": ["Line 1: The group `g` says both `revert` and `forward`; `revert` counts."],
            """\
- [ ] **a** A · paths: x/**
- [ ] **b** B · paths: x/y\
""": ["Line 2: `a` and `b` may change the same files at the same time (`x/**` and `x/y`); let one need the other."],
            """\
- [ ] **t0** T
- [ ] **t1** T · needs: t0
- [ ] **t2** T · n\
""": ["Line 1: 30 of 30 tasks wait for each other in one line, from `t0` to `t29`; remove needs that are only habit."],
            """\
- [ ] **a** A · group: g
- [ ] **b** B · needs: a
- [ ] **c*\
""": [
                "Line 1: These wait for each other in a circle: the group `g` needs `b` needs the group `g`. All of a group merges together: put what lies between into the group, or take a task out of it."
            ],
        }
    )


def test_files_that_are_no_plan() -> None:
    texts = [
        "", "a", "[a]", "tasks: a", "tasks: {a: b}", "tasks: [a]", "tasks: []", "tasks:\n- id: a", "tasks:\n- title: A", "title: x",
        "---\ntasks: []\n---\ntasks: []", "tasks:\n\t- id: a", "tasks: [", "tasks: {", "tasks: 'a", "a: b: c", "tasks: *a", "tasks: &a [x]",
        "tasks: &", "tasks: *", "<<: {a: b}\ntasks: []", "tasks: !!python/object:x []", "? [a]\n: b", "tasks:\n- id: a\n id: b",
        "tasks:\n  - id: a\n  title", "tasks: []\ntasks: []", "\x07", "tasks: @x", "a\ntasks: []", "- a\n b: c", "{a: b, c", "%X\n---\n",
        "tasks: [" * 30,
    ]  # fmt: skip
    assert {text[:40]: said(text, "yaml") for text in texts} == snapshot(
        {
            "": ["There is no task in this file; add `tasks:` with a list of them."],
            "a": ["Line 1: A plan is a mapping with `tasks:`; this document is not one."],
            "[a]": ["Line 1: A plan is a mapping with `tasks:`; this document is not one."],
            "tasks: a": ["Line 1: `tasks` has to be a list; begin each task with `- id: …`."],
            "tasks: {a: b}": ["Line 1: `tasks` has to be a list; begin each task with `- id: …`."],
            "tasks: [a]": ["Line 1: `a` is not a task; write `- id: …` and the other keys under it."],
            "tasks: []": ["There is no task in this file; add `tasks:` with a list of them."],
            """\
tasks:
- id: a\
""": ["Line 2: The task `a` has no `title`; add one."],
            """\
tasks:
- title: A\
""": ["Line 2: The task `A` has no `id`; add one, for example `id: schema`."],
            "title: x": ["There is no task in this file; add `tasks:` with a list of them."],
            """\
---
tasks: []
---
tasks: []\
""": ["Line 3: A second YAML document starts here; a plan is a single one."],
            """\
tasks:
	- id: a\
""": ["Line 2: A value can't start like this; put it in quotes, and indent with blanks, not tabs."],
            "tasks: [": [
                "Line 1: The YAML cannot be read here (`did not find expected node content`); check indentation and quotes above."
            ],
            "tasks: {": [
                "Line 1: The YAML cannot be read here (`did not find expected node content`); check indentation and quotes above."
            ],
            "tasks: 'a": ["Line 1: The quote that opens here is never closed properly; close it or remove it."],
            "a: b: c": [
                "Line 1: A value that holds `: ` needs quotes, or the indentation does not fit the line above."
            ],
            "tasks: *a": [
                "Line 1: `*a` is a YAML alias, which plans don't use; write the value out, or put it in quotes if the `*` is part of it."
            ],
            "tasks: &a [x]": ["Line 1: `&a` is a YAML anchor, which plans don't use; remove it."],
            "tasks: &": ["Line 1: A value that begins with `&` needs quotes around it."],
            "tasks: *": ["Line 1: A value that begins with `*` needs quotes around it."],
            """\
<<: {a: b}
tasks: []\
""": ["Line 1: `<<` merges mappings, which plans don't use; write the keys out."],
            "tasks: !!python/object:x []": [
                "Line 1: `!!python/object:x` is a YAML tag, which plans don't use; write a plain value."
            ],
            """\
? [a]
: b\
""": ["Line 1: A key has to be a single word; a list or mapping stands here."],
            """\
tasks:
- id: a
 id: b\
""": ["Line 3: This line does not fit the lines above; check its indentation and its quotes."],
            """\
tasks:
  - id: a
  title\
""": ["Line 3: This line needs a `:` after its key, or belongs to the line above; check its indentation."],
            """\
tasks: []
tasks: []\
""": ["Line 2: `tasks` is given twice (first on line 1); keep one, or the other is lost."],
            "\x07": ["Line 1: There is a control character here, `\\u0007`; remove it."],
            "tasks: @x": ["Line 1: A value can't start like this; put it in quotes, and indent with blanks, not tabs."],
            """\
a
tasks: []\
""": ["Line 2: A value that holds `: ` needs quotes, or the indentation does not fit the line above."],
            """\
- a
 b: c\
""": ["Line 2: A value that holds `: ` needs quotes, or the indentation does not fit the line above."],
            "{a: b, c": [
                "Line 1: An entry that opened with `{` is not closed before here; check its commas and its `}`."
            ],
            """\
%X
---
""": ["Line 1: The YAML cannot be read here (`found unknown directive name`); check indentation and quotes above."],
            "tasks: [tasks: [tasks: [tasks: [tasks: [": [
                "Line 1: Lists and mappings are nested deeper than 20 levels here; flatten them."
            ],
        }
    )


def test_keys_of_a_file() -> None:
    keys = [
        "needs: b", "needs: [[b]]", "needs: {b: c}", "title: [x]", "done: maybe", "done: []", "priority: .inf", "budget: -1", "color: red",
        "repo: acme", "timeout: 30 # minutes", "verify: ''", "id: b", "body: [x]", "paths: [1, {}]", "budget: 0x1",
    ]  # fmt: skip
    found = {key: said(f"tasks:\n- id: a\n  title: A\n  repo: acme/api\n  {key}\n", "yaml") for key in keys}
    found["defaults"] = said("defaults: a\ntasks: []", "yaml")
    found["defaults title"] = said("defaults: {title: x}\ntasks: [{id: a, title: A}]", "yaml")
    assert found == snapshot(
        {
            "needs: b": ["Line 5: `needs` has to be a list and a single value stands here; write `needs: [b]`."],
            "needs: [[b]]": ["Line 5: An entry of `needs` has to be a text; a list, a mapping or nothing stands here."],
            "needs: {b: c}": ["Line 5: `needs` has to be a list and a mapping stands here; write `needs: [b]`."],
            "title: [x]": ["Line 5: `title` is given twice (first on line 3); keep one, or the other is lost."],
            "done: maybe": ["Line 5: `maybe` is not a value of `done`; write `true` or `false`."],
            "done: []": ["Line 5: `done` has to be a single value; a list stands here."],
            "priority: .inf": [
                "Line 5: `.inf` is not a priority; write a finite number, such as `10` (higher goes first)."
            ],
            "budget: -1": ["Line 5: `-1` is not a budget; write US dollars, such as `5` or `0.50`."],
            "color: red": [
                "Line 5: `color` is not a key of a task. Keys are id, title, repo, needs, paths, agent, priority, timeout, group, verify, rollback, body, run, prompt, budget, model, workflow, done."
            ],
            "repo: acme": ["Line 5: `repo` is given twice (first on line 4); keep one, or the other is lost."],
            "timeout: 30 # minutes": [],
            "verify: ''": [],
            "id: b": ["Line 5: `id` is given twice (first on line 2); keep one, or the other is lost."],
            "body: [x]": ["Line 5: `body` has to be a single value; a list stands here."],
            "paths: [1, {}]": [
                "Line 5: An entry of `paths` has to be a text; a list, a mapping or nothing stands here."
            ],
            "budget: 0x1": ["Line 5: `0x1` is not a budget; write US dollars, such as `5` or `0.50`."],
            "defaults": ["Line 1: `defaults` has to be a mapping, such as `defaults: {timeout: 1h}`."],
            "defaults title": [
                "Line 1: `title` is not a key of defaults. Keys are repo, paths, agent, priority, timeout, group, verify, rollback, body, run, prompt, budget, model, workflow."
            ],
        }
    )


def test_no_home() -> None:
    assert [sentence(each) for each in parse(TASK, home="", form="issue").problems] == snapshot(
        ["Line 1: This task names no repository; add one as `owner/name`."]
    )


def test_what_is_too_much() -> None:
    much = {
        "bytes": parse("x" * (MAX_BYTES + 1), home="acme/api"),
        "lines": parse("\n" * 20_001, home="acme/api", form="issue"),
        "values": parse("tasks: [" + "a," * (MAX_NODES + 1) + "]", home="acme/api", form="yaml"),
        "list": parse("- [ ] **a** A · needs: " + "b," * (MAX_NODES + 1), home="acme/api", form="issue"),
        "tasks": parse("\n".join(f"- [ ] **t{n}** T" for n in range(1_001)), home="acme/api", form="issue"),
        "problems": parse("\n".join(f"- [ ] **t{n}** T · needs: x" for n in range(60)), home="acme/api", form="issue"),
        "not text": parse_bytes(b"a\xff", home="acme/api"),
    }
    assert {name: [sentence(each) for each in parsed.problems][-1:] for name, parsed in much.items()} == snapshot(
        {
            "bytes": ["The document has more than 1,000,000 bytes; split it into several plans."],
            "lines": ["The document has more than 20,000 lines; split it into several plans."],
            "values": ["Line 1: A plan has at most 1,000 tasks; split it into several plans."],
            "list": ["Line 1: The tasks have more than 50,000 values up to here; split the plan into several."],
            "tasks": ["Line 1001: A plan has at most 1,000 tasks; split it into several plans."],
            "problems": ["10 more problems are not listed; please correct these first."],
            "not text": ["Line 1: Byte 2 is not UTF-8; save the file as UTF-8 text."],
        }
    )


def test_what_only_many_tasks_do_wrong() -> None:
    circle = "\n".join(f"- [ ] **t{n}** T · needs: t{(n + 1) % 12}" for n in range(12))
    texts = [circle, f"{circle}\n- [ ] **more** T · needs: t0", "- [ ] **" + "a" * 30 + "** A · group: " + "g" * 70]
    assert [said(text) for text in texts] == snapshot(
        [
            [
                "Line 1: These tasks wait for each other in a circle: `t0` needs `t1` needs `t2` needs `t3` needs `t4` needs `t5` needs `t6` needs `t7` needs `t8` needs `t9` needs `t10` needs `t11` needs `t0`. Remove one of these needs."
            ],
            [
                "Line 1: These tasks wait for each other in a circle: `t0` needs `t1` needs `t2` needs `t3` needs `t4` needs `t5` needs `t6` needs `t7` needs `t8` needs `t9` needs `t10` needs `t11` needs `t0`. Remove one of these needs."
            ],
            [
                "Line 1: `group` can't be `ggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg…`; use 1 to 64 characters."
            ],
        ]
    )


def test_values_of_a_file() -> None:
    values = [
        "title: ''",
        "title: A\n  id: ''",
        "title: A\n  body: x #1",
        "title: A\n  priority: 1 #2",
        "title: A\n  repo: ä/b",
    ]
    assert {value: said(f"tasks:\n- repo: acme/api\n  {value}\n", "yaml") for value in values} == snapshot(
        {
            "title: ''": [
                "Line 2: This task has no `id`; add one, for example `id: schema`.",
                "Line 3: The title is empty; say what is to be done.",
            ],
            """\
title: A
  id: ''\
""": [
                "Line 4: an empty text can't be the id of a task: use letters, digits, `.`, `_` and `-`, begin with a letter or digit, at most 64 characters."
            ],
            """\
title: A
  body: x #1\
""": [
                "Line 2: The task `A` has no `id`; add one, for example `id: schema`.",
                "Line 4: `#1` is a comment to YAML and not part of the value; put the value in quotes.",
            ],
            """\
title: A
  priority: 1 #2\
""": [
                "Line 2: The task `A` has no `id`; add one, for example `id: schema`.",
                "Line 4: `#2` is a comment to YAML and not part of the value; put the value in quotes.",
            ],
            """\
title: A
  repo: ä/b\
""": [
                "Line 2: The task `A` has no `id`; add one, for example `id: schema`.",
                "Line 4: `repo` is given twice (first on line 2); keep one, or the other is lost.",
            ],
        }
    )
    broken = ["tasks: [a\nb: c", "- a\n b", "tasks:\n- id: a\n  b\n c: d", "\ud800", "a: \ufffe"]
    assert [said(text, "yaml") for text in broken] == snapshot(
        [
            ["Line 2: A list that opened with `[` is not closed before here; check its commas and its `]`."],
            ["Line 1: A plan is a mapping with `tasks:`; this document is not one."],
            ["Line 4: This line needs a `:` after its key, or belongs to the line above; check its indentation."],
            ["Line 1: A plan is a mapping with `tasks:`; this document is not one."],
            ["Line 1: There is a control character here, `\\ufffe`; remove it."],
        ]
    )


def test_a_need_that_looks_like_another() -> None:
    text = "- [ ] **schema** A\n- [ ] **b** B · needs: sch\u0435ma\n- [ ] **** C · needs: x"
    assert said(text) == snapshot(
        [
            "Line 2: `b` needs `schеma`, which is not a task here. Its `е` (U+0435) is not a character of ids. Did you mean `schema`?"
        ]
    )
    knot = "- [ ] **a** A · needs: b\n- [ ] **b** B · needs: a, c\n- [ ] **c** C · needs: b"
    assert said(knot) == snapshot(
        [
            "Line 1: These tasks wait for each other in a circle: `a` needs `b` needs `a`. Remove one of these needs. `c` is caught in it too."
        ]
    )
    assert said("tasks:\n- title: A\n  repo: acme/api\n  needs: [x]", "yaml") == snapshot(
        [
            "Line 2: The task `A` has no `id`; add one, for example `id: schema`.",
            "Line 4: A task without an id needs `x`, which is not a task here. Add such a task, or remove the need.",
        ]
    )


def test_a_block_of_a_sub_issue() -> None:
    subs = [SubIssue(repo=HOME, number=5, title="Do it", body="```lockstep\nschema\n```")]
    assert [each.message for each in read_relations("A plan", subs, home=HOME, installed=(HOME,)).problems] == snapshot(
        ["`acme/web#5`, line 2: a `lockstep` block has lines such as `timeout: 1h`; this one is no mapping."]
    )
    hidden = read_relations("A plan", [], home=HOME, installed=(HOME,), left_out=1)
    assert [each.message for each in hidden.problems] == snapshot(
        [
            "A sub-issue lies in a private repository that not everybody who reads this issue, or not its author, may read. Keep such a plan in an issue of a private repository, by an author who can read them all."
        ]
    )
