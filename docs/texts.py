"""What the generated pages say before and between their tables; docs/generate.py makes the tables from the code.

Each text ends with the head of the table that follows it, but for the patterns of failures: those have a table for each
tool.
"""

REPOSITORY = """
## A repository's own settings

In `.github/lockstep.yml` on the default branch. The same file in the owner's `.github` repository, where the App is
installed on it too, holds defaults for all repositories of that owner: what a repository says itself counts, and of
`approvals`, `aliases`, `issues` and `recovery` key by key; to its own `failures` the owner's are added. An unknown key or a value that does not fit is an error. While a repository's own
file has one, its plans can't be approved, and everything else is as if the file were empty. The check `lockstep/config` on a pushed
commit of the default branch, and on the head of a pull request that changes the file, shows errors at their lines, and words
under `aliases` that stand for no command.

`approvals` says who has to approve plans whose issue stands in this repository; the maintain permission there and write on every
repository of the plan are needed besides. Each approval counts for one text: an edit asks for all of them anew, and so does a new run
of a plan whose approvals have started one. `unapprove` takes all of them back. Where more people are asked for after a plan was approved,
it starts once they have approved it too. `teams` are teams of the repository's own organisation; who is in one is asked of GitHub at that
moment, for which the App needs the organisation's permission *Members: read*. Without it nobody approves as a member, and Lockstep says so.

Editors complete and check the file with its [schema](config.schema.json), which `python -m bot plan schema --settings`
prints too:

```yaml
# yaml-language-server: $schema=./config.schema.json
approvals:
  required: 2
  self: false
aliases:
  r+: approve
issues:
  assign: codeowners
  labels: [planned]
failures:
  - text: "quota of * is used up"
    class: out_of_resources
recovery:
  fixer: ruff check --fix . && ruff format .
  verify: make test
  generated:
    docs/index.json: make index
  policy:
    unknown:
      - strategy: rerun_failed
        first: 60
```

`issues` says what tracking issues in this repository are given, once, when they are made; who takes a label or a person off has the last word.
What GitHub refuses there stops no task. Teams in CODEOWNERS can't be assigned to an issue and are left out.

`failures` name what [only this repository's CI prints](failures.md#patterns). A `text` has 4 to 200 characters, a word of at least three
letters, at most five `*`, and not both `#` and other numbers.

`recovery` says what is [done about failures](../how-to/recovery.md). Its commands run in the box that agents work in, without network or
credentials; where the operator has set `LOCKSTEP_SANDBOX=none`, they run like any agent's. A class under `policy` takes the place of that
class in the [table](failures.md#classes); a person comes last there too. `first` and `longest` are seconds.

| Key | Accepts | Default | Meaning |
| --- | --- | --- | --- |
"""
SET = """
## An owner's repositories

In `repositories.yaml` at the root of the owner's `.github` repository, on its default branch, where the App is installed on it too. It says which
repositories belong together, what goes before what, and which flows there are; [One flow over many repositories](../how-to/flows.md) tells how
it is used. The check `lockstep/config` on a pushed commit of the default branch shows errors at their lines. `python -m bot plan schema
--repositories` prints its [schema](repositories.schema.json).

```yaml
# yaml-language-server: $schema=./repositories.schema.json
repositories:
  - name: schema
    owner: acme
    repo: order-schema
  - name: backend
    owner: acme
    repo: backend-api
    primary: true
    automation: {enabled: true, auto_deploy: false, depends_on: [schema], triggers: [docs]}
  - name: docs
cross_repo_workflows:
  - name: full-stack-feature
    repositories: [schema, backend]
    coordination: sequential
```

`repositories` may also be a mapping: `schema: {owner: acme, repo: order-schema}`. It holds 500 repositories and 100 flows at most.

| Key | Accepts | Meaning |
| --- | --- | --- |
"""
FAILURES = (
    """# Failures

What `python -m bot diagnose` finds in a CI log ([how to use it](../how-to/diagnose.md)), and what each finding calls for. The strategies of
a class are tried in this order, each so often at most, with pauses
between its tries that grow in the bounds named; the last one is always a person. What has helped in a repository goes before what has not,
and a repository can have [an order of its own](settings.md#a-repositorys-own-settings): [Recovery](../explanation/recovery.md) tells how.

## Classes

| Class | What is the matter | Strategies |
| --- | --- | --- |
""",
    """
`flaky_test`, `broken_base`, `agent_failed` and `agent_empty` are hardly ever told by a log; they need to know whether the same commit has passed,
how the base branch stands, and how the agent ended.

## Strategies

| Strategy | What is done |
| --- | --- |
""",
    """
## Patterns

A pattern is literal text in which `*` stands for anything, `#` for a number other than 0 (a pattern that has one has no other numbers) and
`^` for the beginning of the line; a `*` itself can't be named. Case does not count. A pattern begins and ends with whole words, unless a `*` stands there. There are no
regular expressions: a line is searched once from left to right, so that no pattern and no log can take long.

Each pattern that a log holds speaks for its class with its weight; the strongest of a class counts in full, further ones a little, and what
stands in a step that passed next to nothing. A repository adds its own under `failures` in its
[settings](settings.md#a-repositorys-own-settings); they go before all of these.
""",
)
COMMANDS = """# Commands

Write `/lockstep` and a verb at the start of a line of a comment on the plan's issue; several lines are several commands.
`@lockstep` works too. Code, quotes, lists, tables, headings, HTML, what stands inside of links, mails below an
answer to one, and edited comments are not read. The bot answers
with 👀, then 👍 or 😕, and puts what it has to say into the one comment it keeps up to date, which shows the last five answers.

A target is a task's id, `owner/repo`, `owner/repo#n` (its pull request or tracking issue), `failed` or `all`.

On the tracking issue or the pull request of a task, a command without a target means that task, and is answered there. What is about the
plan as a whole (`approve`, `run`) is said on the plan's issue. In a public repository an answer tells nothing of what lies in a private one:
`explain` on a public plan's issue says of such tasks only that they wait.

A repository may have words of its own for verbs: with `lgtm: approve` under `aliases` in its
[settings](settings.md#a-repositorys-own-settings), a line that begins with `/lgtm` is `/lockstep approve`, as with Prow's bot, and so is
`/lockstep lgtm`; `"r+": approve` gives bors' reviewers `/r+`. The words count where the comment stands. None counts without settings,
because other bots listen to the same words; and none takes a verb's place.

What some of them mean in detail:

- `run flow=name` makes a plan of an ordinary issue for the repositories of [that flow](../how-to/flows.md), and posts it. It starts nothing.
- `unapprove` holds a run that is under way: what is being worked on comes to its end, nothing more is started or merged. `resume` is refused
  until the same text has been approved again.
- `approve` of an edited text while the plan runs makes the run go on with it: see
  [Change a plan while it runs](../how-to/change-a-plan.md).
- `replan` reads the issue now and lists what its text would change: tasks added, removed and changed, with the fields, and what becomes
  of each once that is approved. Until then a run that is under way goes on with the text that was approved for it.
- `delegate @login approve retry` lets somebody use these commands in your name, for the plan's text as it is: an edit takes it back, and so
  does `delegate off @login`; `delegate` alone lists what is lent. Whoever acts in your name is judged as you, in every repository and at that
  moment: what you may not do any more, they may not either. A repository that asks for approvals by somebody other than the author, or by
  people it names, asks that of both. Only who can see the repository can be lent anything, and `delegate` itself is never lent. The history
  says who lent what, and each time it was used.
- `why="…"` of what holds, stops, starts or orders tasks: the words stand in the history on the plan's page, with who said them.
- `retry` of `failed`, of `all` or of a repository takes up what *needs a person*, too, but leaves alone what was skipped and what is a person's to do
  (assigned, or `agent: human`); name such a task to take it up.
- `model` and `budget` are for tasks whose agents ask models; with `all` or a repository the others are left out, and the answer says which.
- `explain` on a person's pull request follows what that names with `Depends-On`, over repositories, up to who can act; on an issue
  `explain owner/repo#n` does the same for whoever may read there. What lies in another private repository is told only there.
  About sixty reads of GitHub go into one answer; it says how many needs were not looked at.
- `merge` goes past nothing: it reads the pull request now and merges it if all that `explain` would name is settled.
- `override` lifts one check or one need of a task with an open pull request, for the head it has now. A check is named without blanks:
  `CI / build (3.11)` is `ci-build-3.11`, and `check=NAME` or `need=NAME` will do too. Who said so and why stands in `lockstep/gate` and in `explain`; a new head is judged by everything
  again. A set such as `all` or `failed` will do where it comes to exactly one task. A check's name stands for all checks of that name: where
  two Apps report one under the same name, both are lifted. What a branch protection requires, GitHub still asks for.
- `rebase` lets GitHub merge the base into the branch. Its result is taken for the bot's own only when GitHub made it itself (it is signed, and
  its committer is GitHub's account `web-flow`) in the bot's name, of the head that was meant and a recent commit of the default branch; what
  anybody else pushes needs a person, as ever.
- `try` makes the merge of an open pull request with its base as it is now a commit on the branch `lockstep/try/n`, and says on the pull
  request what the checks of that commit say; then the branch is deleted. Nothing is merged. CI has to run on a push to `lockstep/try/**`.
  A pull request from a fork is not tried, because its code would run with the repository's secrets.
- `recreate` leaves a branch alone that holds somebody else's commit, and says so.
- `assign` stops the attempt and merges nothing by itself any more; `assign task agent`, or `retry`, gives the task back. `rebase`
  brings its branch up to date all the same, and leaves it with the person.

Our checks on a pull request have buttons, once they are completed: **Retry**, **Hold** and **Resume** on `lockstep/plan`, **Merge now**,
**Update branch** and **Explain** on `lockstep/gate`. Each is the command for that task, with the permission of who presses it, and is
answered on the pull request. GitHub's own **Re-run** on one of our checks means `retry`.

The comment on a plan's issue has check boxes for what can be done with it next: approve, run, hold or resume, retry what failed, refresh.
A tick is the command that stands beside the box, with the permission of who ticks it, and the box is empty again once that was answered.
The box to approve names a version: it approves that text, and says so when the plan has been edited meanwhile. Whatever else
somebody changes in that comment is put back.

Labels on the plan's issue and on tracking issues say the same at a glance. Lockstep sets and removes only these; the label `lockstep:plan` is
yours to put on an issue, and `do-not-merge/hold` on a pull request holds it.

| Label | On the plan's issue | On a tracking issue |
| --- | --- | --- |
| `lockstep:ready` | it is approved and not started yet | |
| `lockstep:in-progress` | its run is under way | |
| `lockstep:blocked` | its run is held; `resume` goes on | |
| `lockstep:needs-human` | | a person has to decide |
| `lockstep:failed` | its run came to a stop | the task failed; `retry` starts it again |
| `lockstep:done` | all of it is done | its task has merged |

A tracking issue says nothing of a task that waits or is worked on: that changes several times for each task, every time with calls to
GitHub, and the plan's comment says it.

The permission is that of the person who wrote the comment, asked of GitHub at that moment: in the repository where the comment stands, and
in each repository of the tasks it changes.

| Command | What it does | Permission needed |
| --- | --- | --- |
"""

API = """# API

Everything the pages show, and every command, for programs: [how to come in](../how-to/access.md). The description in the form of OpenAPI
3.1 is made of the types that questions are read with and answers are written with: [openapi.json](openapi.json), also served at
`/api/v1/openapi.json`.

Lists come in pages: `limit` items at most, and `next` is the `cursor` of what follows. What goes wrong is a problem
(`application/problem+json`, RFC 9457) with one sentence in `detail`. What one may not see on GitHub is answered with 404.
`GET /api/v1/events` is a stream of server-sent events.

| Request | What it gives | Scope |
| --- | --- | --- |
"""

RULES = """# Rules for merge conflicts

What [`python -m bot resolve`](command-line.md#resolve) resolves by itself. For each conflict the rules are asked in this order; the first
answer counts, and where there is none the conflict is left.

A file counts only as a whole. Lock files, and hunks of more than 500 lines or 20,000 characters, are left to people; of a file that says
at its head that a tool writes it, only versions are resolved. Python, JSON, TOML and YAML have to parse afterwards if they did before, and
each key has to say what follows from the three files; else all conflicts of the file are left.

| Rule | When, and what then |
| --- | --- |
"""
