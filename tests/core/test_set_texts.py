"""What people read of a `repositories.yaml` that has mistakes, word for word."""

from inline_snapshot import snapshot

from services.core.problems import sentence
from services.core.reposet_read import MAX_BYTES, read_set

REPOS = "repositories:\n  - name: a\n  - name: b\n"


def said(text: str) -> list[str]:
    return [sentence(problem) for problem in read_set(text, "acme").problems]


def test_repositories() -> None:
    texts = [
        "", "a", "repositories: a", "repositories: [a]", "repositories:\n- x: y", "repositories:\n- name: a b", "repositories:\n- name: a\n- name: A",
        "repositories:\n- name: a\n  automation: {depends_on: [a]}", "repositories:\n- name: a\n  automation: {depends_on: [x]}",
        "repositories:\n- {name: a, automation: {depends_on: [b]}}\n- {name: b, automation: {depends_on: [a]}}",
        "repositories: {a: {name: b}}", "repositories:\n- {name: a, primary: true}\n- {name: b, primary: true}",
        "repositories:\n- {name: a, auto_deploy: true}", "repositories:\n- {name: a, automation: {auto_deploy: true}}",
        "repositories:\n- {name: a, color: red}", "repositories:\n- {name: a, repo: 'x y'}", "inherit: maybe\n" + REPOS, "inherit: maybe",
        "plans: {inherit: maybe}\n" + REPOS, "automation: {enabled: maybe}", "repositories:\n- {name: a, automation: {enabled: maybe}}",
        "repositories:\n" + "".join(f"- name: r{n}\n" for n in range(1_001)), "x" * (MAX_BYTES + 1), "repositories: [", "repositories:\n- [a]",
        "repositories:\n" + "".join(f"- {{name: r{n}, automation: {{depends_on: [r{(n + 1) % 12}]}}}}\n" for n in range(12)),
    ]  # fmt: skip
    assert {text[:70]: said(text) for text in texts} == snapshot(
        {
            "": [],
            "a": ["Line 1: The file is `repositories:` and what belongs to it; this is something else."],
            "repositories: a": [
                "Line 1: `repositories` is a list; begin each with `- name: backend` with `repo: backend-api` under it."
            ],
            "repositories: [a]": ["Line 1: `a` is not a repository; write `name: …` and the other keys under it."],
            """\
repositories:
- x: y\
""": ["Line 2: `x` is not a key of a repository. Keys are `name`, `owner`, `repo`, `primary`, `agent`, `automation`."],
            """\
repositories:
- name: a b\
""": [
                "Line 2: A repository can't be read here: names are letters, digits, `.`, `_` and `-`, begin with a letter or digit, and have no blanks."
            ],
            """\
repositories:
- name: a
- name: A\
""": ["Line 3: `A` is already the name of the repository on line 2; rename one of them."],
            """\
repositories:
- name: a
  automation: {depends_on: [a]}\
""": ["Line 3: `a` names itself; remove it from its own list."],
            """\
repositories:
- name: a
  automation: {depends_on: [x]}\
""": ["Line 3: `x` is no repository of this file. Lists hold short names; add the repository, or remove the name."],
            """\
repositories:
- {name: a, automation: {depends_on: [b]}}
- {name: b, a\
""": [
                "Line 2: These repositories wait for each other in a circle: `a` goes after `b` goes after `a`. Take one name out of these lists."
            ],
            "repositories: {a: {name: b}}": ["Line 1: `a` has another `name` below it; leave that out."],
            """\
repositories:
- {name: a, primary: true}
- {name: b, primary: true}\
""": ["Line 3: `a` is `primary` already; only one repository can be."],
            """\
repositories:
- {name: a, auto_deploy: true}\
""": [
                "Line 2: `auto_deploy` is not a key of a repository. Keys are `name`, `owner`, `repo`, `primary`, `agent`, `automation`."
            ],
            """\
repositories:
- {name: a, automation: {auto_deploy: true}}\
""": [],
            """\
repositories:
- {name: a, color: red}\
""": [
                "Line 2: `color` is not a key of a repository. Keys are `name`, `owner`, `repo`, `primary`, `agent`, `automation`."
            ],
            """\
repositories:
- {name: a, repo: 'x y'}\
""": [
                "Line 2: A repository can't be read here: names are letters, digits, `.`, `_` and `-`, begin with a letter or digit, and have no blanks."
            ],
            """\
inherit: maybe
repositories:
  - name: a
  - name: b
""": ["Line 1: `maybe` is not a value of `inherit`; write `true` or `false`."],
            "inherit: maybe": ["Line 1: `maybe` is not a value of `inherit`; write `true` or `false`."],
            """\
plans: {inherit: maybe}
repositories:
  - name: a
  - name: b
""": [
                "Line 1: `plans` is not a key of this file. Keys are `repositories`, `cross_repo_workflows`, `inherit`, `dashboard`, `follow_up`."
            ],
            "automation: {enabled: maybe}": [
                "Line 1: `automation` is not a key of this file. Keys are `repositories`, `cross_repo_workflows`, `inherit`, `dashboard`, `follow_up`."
            ],
            """\
repositories:
- {name: a, automation: {enabled: maybe}}\
""": ["Line 2: A repository can't be read here: write `true` or `false`."],
            """\
repositories:
- name: r0
- name: r1
- name: r2
- name: r3
- name: r4
-\
""": ["Line 502: The file names 1,001 repositories; it can hold 500."],
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": [
                "The file is larger than 200,000 bytes; keep only repositories and flows in it."
            ],
            "repositories: [": [
                "Line 1: The YAML cannot be read here (`did not find expected node content`); check indentation and quotes above."
            ],
            """\
repositories:
- [a]\
""": ["Line 2: This entry is not a repository; write `name: …` and the other keys under it."],
            """\
repositories:
- {name: r0, automation: {depends_on: [r1]}}
- {name: r1\
""": [
                "Line 2: These repositories wait for each other in a circle: `r0` goes after `r1` goes after `r2` goes after `r3` goes after `r4` goes after `r5` goes after `r6` goes after `r7` goes after `r8` goes after `r9` goes after `r10` goes after `r11` goes after `r0`. Take one name out of these lists."
            ],
        }
    )


def test_flows() -> None:
    flows = [
        "a", "[a]", "[{name: x}]", "[{name: x, repositories: []}]", "[{name: x, repositories: [c]}]", "[{name: x y, repositories: [a]}]",
        "[{name: x, repositories: [a]}, {name: X, repositories: [b]}]", "[{name: x, repositories: [a], agent: script}]",
        "[{repositories: [a]}]", "[{name: x, repositories: [a], color: red}]", "[{name: x, repositories: [a, a]}]",
        "[" + ", ".join(f"{{name: f{n}, repositories: [a]}}" for n in range(201)) + "]",
    ]  # fmt: skip
    assert {flow[:70]: said(f"{REPOS}cross_repo_workflows: {flow}") for flow in flows} == snapshot(
        {
            "a": [
                "Line 4: `cross_repo_workflows` is a list; begin each with `- name: …` and `repositories: […]` under it."
            ],
            "[a]": ["Line 4: `a` is not a flow; write `name: …` and the other keys under it."],
            "[{name: x}]": ["Line 4: A flow can't be read here: it has no `repositories`; add it."],
            "[{name: x, repositories: []}]": ["Line 4: A flow can't be read here: write at least 1 entry."],
            "[{name: x, repositories: [c]}]": [
                "Line 4: `c` is no repository of this file. Lists hold short names; add the repository, or remove the name."
            ],
            "[{name: x y, repositories: [a]}]": [
                "Line 4: A flow can't be read here: names are letters, digits, `.`, `_` and `-`, begin with a letter or digit, and have no blanks."
            ],
            "[{name: x, repositories: [a]}, {name: X, repositories: [b]}]": [
                "Line 4: `X` is already the name of a flow; rename one of them."
            ],
            "[{name: x, repositories: [a], agent: script}]": [
                "Line 4: `agent` is not a key of a flow. Keys are `name`, `repositories`, `coordination`."
            ],
            "[{repositories: [a]}]": ["Line 4: A flow can't be read here: it has no `name`; add it."],
            "[{name: x, repositories: [a], color: red}]": [
                "Line 4: `color` is not a key of a flow. Keys are `name`, `repositories`, `coordination`."
            ],
            "[{name: x, repositories: [a, a]}]": [],
            "[{name: f0, repositories: [a]}, {name: f1, repositories: [a]}, {name: ": [
                "Line 4: The file has 201 flows; it can hold 100."
            ],
        }
    )
