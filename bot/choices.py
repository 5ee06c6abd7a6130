"""What an operator decides of the bot itself. How it calls GitHub stands in `settings`, which reads all of it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """The first half of the settings, in the order of the reference."""

    app_id: Annotated[str, Meta(description="The GitHub App's id.")] = ""
    private_key: Annotated[
        str, Meta(description="The App's private key: PEM text, or the path of a file that holds it.")
    ] = ""
    webhook_secret: Annotated[str, Meta(description="The App's webhook secret.")] = ""
    webhook_secret_old: Annotated[str, Meta(description="The previous secret, accepted too while you rotate it.")] = ""
    github_api_url: Annotated[str, Meta(description="GitHub's API; for Enterprise Server `https://HOST/api/v3`.")] = (
        "https://api.github.com"
    )
    github_url: Annotated[str, Meta(description="Where git clones from; for Enterprise Server `https://HOST`.")] = (
        "https://github.com"
    )
    github_http: Annotated[
        Literal["auto", "2", "1"],
        Meta(description="Version of HTTP spoken with the API; `auto` is 2 over https where it can be had, else 1.1."),
    ] = "auto"
    github_connections: Annotated[
        int, Meta(description="Connections at a time over HTTP/1.1; over HTTP/2 one carries all.", ge=1, le=1000)
    ] = 20
    github_timeout: Annotated[float, Meta(description="Seconds for one call of the API, all in all.", ge=1, le=600)] = (
        30.0
    )
    github_connect_timeout: Annotated[
        float, Meta(description="Seconds in which a connection to GitHub must stand.", ge=0.1, le=600)
    ] = 10.0
    proxy: Annotated[
        str,
        Meta(
            description="`http://USER:PASSWORD@HOST:3128` of the proxy through which the API and git's host are "
            "reached; what is on this machine is reached without it."
        ),
    ] = ""
    ca_file: Annotated[
        str,
        Meta(
            description="PEM file of authorities to trust as well, for an Enterprise Server or a proxy with a "
            "certificate of its own."
        ),
    ] = ""
    data_dir: Annotated[str, Meta(description="Folder for the database file and the git mirrors.")] = "lockstep-data"
    database_url: Annotated[
        str,
        Meta(
            description="`postgresql://USER:PASSWORD@HOST:5432/DATABASE` for a database on a server; empty for a file "
            "in the data directory."
        ),
    ] = ""
    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(description="Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8080
    public_url: Annotated[str, Meta(description="Where people reach the pages; links in checks point there.")] = ""
    client_id: Annotated[
        str,
        Meta(
            description="Client id of the App: with it, its secret and LOCKSTEP_PUBLIC_URL people sign in with GitHub. "
            "Without, pages answer only to the machine itself."
        ),
    ] = ""
    client_secret: Annotated[str, Meta(description="Client secret of the App.")] = ""
    admins: Annotated[
        str, Meta(description="Logins, with commas between, of who may see and do what concerns the whole instance.")
    ] = ""
    workers: Annotated[int, Meta(description="Attempts that run at the same time.", ge=1, le=256)] = 4
    workers_per_installation: Annotated[
        int, Meta(description="Attempts at a time for one owner; 0 sets no limit of its own.", ge=0, le=256)
    ] = 0
    workers_per_repo: Annotated[
        int, Meta(description="Attempts at a time in one repository; 0 sets no limit of its own.", ge=0, le=256)
    ] = 0
    workers_per_agent: Annotated[
        int, Meta(description="Attempts at a time of one agent; 0 sets no limit of its own.", ge=0, le=256)
    ] = 0
    workers_per_group: Annotated[
        int,
        Meta(description="Attempts at a time in one `group` of a run; 0 sets no limit of its own.", ge=0, le=256),
    ] = 0
    task_patience: Annotated[
        float,
        Meta(
            description="Days from its first start on in which a task must come to its pull request; then a person is "
            "asked. 0 sets no bound.",
            ge=0,
            le=3650,
        ),
    ] = 3.0
    review_patience: Annotated[
        float,
        Meta(
            description="Days a pull request may wait for checks and reviewers until a person is asked; 0 sets no "
            "bound.",
            ge=0,
            le=3650,
        ),
    ] = 30.0
    sandbox: Annotated[
        Literal["bwrap", "none"],
        Meta(
            description="`bwrap` runs agents in bubblewrap and refuses without it; `none` runs them unprotected, "
            "for your own scripts only."
        ),
    ] = "bwrap"
    agent_programs: Annotated[
        str,
        Meta(
            description="Folder with programs of agents (`claude`, `codex`, `gemini`, `opencode`, `aider`) that do not "
            "lie below /usr; in the box it can be read."
        ),
    ] = ""
    checks: Annotated[
        Literal["required", "none"],
        Meta(
            description="`none` merges without checks in repositories that have no workflows; a repository can say in "
            "its .github/lockstep.yml that it waits for none."
        ),
    ] = "required"
    checks_grace: Annotated[
        float,
        Meta(
            description="Seconds in which Actions must have begun on a pull request of a repository with workflows; "
            "then the checks that are there decide. After 15 times that people are told that none has begun.",
            ge=0,
            le=86400,
        ),
    ] = 60.0
    require_other: Annotated[bool, Meta(description="`true`: a plan's author can't approve it.")] = False
    comment_interval: Annotated[float, Meta(description="Seconds between two edits of one comment.", ge=0, le=3600)] = (
        10.0
    )
    sweep_seconds: Annotated[
        float, Meta(description="How often every live run is looked at even when no event came.", ge=1, le=86400)
    ] = 300.0
    repair_seconds: Annotated[
        float,
        Meta(
            description="How often GitHub's log is looked through for webhooks that did not come, beside once at the "
            "start.",
            ge=1,
            le=86400,
        ),
    ] = 300.0
    keep_delivery_bodies: Annotated[
        float,
        Meta(
            description="Days for which the bodies of handled webhooks are kept. The default is a little longer than "
            "GitHub's delivery log reaches back.",
            ge=0,
            le=36500,
        ),
    ] = 4.0
    keep_deliveries: Annotated[
        float,
        Meta(
            description="Days for which it is known that a webhook or a command was handled, so that one that comes "
            "again is left alone.",
            ge=0,
            le=36500,
        ),
    ] = 90.0
    keep_work: Annotated[
        float,
        Meta(description="Days for which what an attempt left is kept after it has ended.", ge=0, le=36500),
    ] = 1.0
    keep_logs: Annotated[
        float, Meta(description="Days for which logs of attempts are kept after their run is over.", ge=0, le=36500)
    ] = 30.0
    keep_steps: Annotated[
        float,
        Meta(description="Days for which steps and effects are kept after their run is over.", ge=0, le=36500),
    ] = 90.0
    keep_records: Annotated[
        float,
        Meta(
            description="Days for which it is kept what became of attempts and repairs, and which lessons they were "
            "told of: what choosing models and strategies and judging lessons goes by.",
            ge=0,
            le=36500,
        ),
    ] = 400.0
    lessons_auto: Annotated[
        int,
        Meta(
            description="Pull requests whose reviews have asked for the same, from which on it is told to later tasks "
            "without a maintainer's word; 0 waits for that word.",
            ge=0,
            le=100,
        ),
    ] = 0
    model: Annotated[
        str,
        Meta(
            description="The model that is asked: `anthropic:NAME`, `openai:NAME`, `google:NAME`, or `test`, which "
            "asks nobody; empty for none."
        ),
    ] = ""
    model_url: Annotated[
        str,
        Meta(description="Another address of the provider's API, also of a server that speaks as OpenAI's does."),
    ] = ""
    model_key: Annotated[
        str,
        Meta(
            description="The provider's key; where it is empty, `ANTHROPIC_API_KEY`, `OPENAI_API_KEY` or "
            "`GEMINI_API_KEY` is taken."
        ),
    ] = ""
    anthropic_key: Annotated[
        str, Meta(description="A key for Anthropic's models, where `LOCKSTEP_MODEL` is another provider's.")
    ] = ""
    openai_key: Annotated[str, Meta(description="The same for OpenAI's.")] = ""
    google_key: Annotated[str, Meta(description="The same for Google's.")] = ""
    copilot_token: Annotated[
        str,
        Meta(
            description="Token of a person in whose name the agent `copilot` is asked, as GitHub lets no App do that: "
            "read and write of actions, contents, issues and pull requests of the repositories."
        ),
    ] = ""
    models: Annotated[
        str,
        Meta(
            description="Models that tasks choose among, small before large, each with the name people give it: "
            "`small=openai:NAME, large=anthropic:NAME`; six at most. Empty: each task takes `LOCKSTEP_MODEL`."
        ),
    ] = ""
    model_policy: Annotated[
        Literal["learned", "cascade", "fixed"],
        Meta(
            description="How one of `LOCKSTEP_MODELS` is chosen: `learned` by what attempts have come to, `cascade` "
            "the smallest and after each failure the next larger one, `fixed` always the same."
        ),
    ] = "learned"
    model_fixed: Annotated[str, Meta(description="The name that `fixed` takes; empty for the largest.")] = ""
    model_failure_cost: Annotated[
        float,
        Meta(description="US dollars that a task costs people when no model does it: what `learned` weighs.", ge=0),
    ] = 3.0
    model_attempts: Annotated[
        int, Meta(description="Attempts at one task by models, until a person asks for more.", ge=1, le=20)
    ] = 3
    model_explore: Annotated[bool, Meta(description="`false`: `learned` never tries out what it knows little of.")] = (
        True
    )
    model_timeout: Annotated[float, Meta(description="Seconds for one call of the model.", ge=1, le=3600)] = 300.0
    model_prices: Annotated[
        str,
        Meta(
            description="Prices of your own, in US dollars for a million tokens of input and output: "
            "`openai:NAME=0.1/0.4,…`; a third and a fourth one are for what is read from the provider's cache and "
            "written to it, a fifth one for what is written to it for an hour (twice the input if left out). Other "
            "prices are those of genai-prices."
        ),
    ] = ""
    model_unpriced: Annotated[
        Literal["refuse", "allow"],
        Meta(description="`allow` uses a model although nobody knows its price, so that no budget can hold."),
    ] = "refuse"
    embeddings_url: Annotated[
        str,
        Meta(
            description="Address of an API like OpenAI's, such as `http://127.0.0.1:11434/v1`, whose embeddings are a "
            "second opinion on which merged tasks are like a new one. It is sent titles, texts and paths of tasks, "
            "also of private repositories. Nothing needs it."
        ),
    ] = ""
    embeddings_model: Annotated[str, Meta(description="The model there.")] = ""
    embeddings_key: Annotated[str, Meta(description="A key for it, where it needs one.")] = ""
    budget_task: Annotated[
        float, Meta(description="US dollars for one task in a run, where the plan has no `budget` for it.", ge=0)
    ] = 5.0
    budget_attempt: Annotated[
        float, Meta(description="US dollars for one attempt at a task; 0 sets no bound of its own.", ge=0)
    ] = 0.0
    budget_plan: Annotated[float, Meta(description="US dollars for one run of a plan, and for its drafts.", ge=0)] = (
        25.0
    )
    budget_repo: Annotated[
        float,
        Meta(description="US dollars in any 24 hours for tasks of one repository; 0 sets no bound of its own.", ge=0),
    ] = 0.0
    budget_day: Annotated[float, Meta(description="US dollars within any 24 hours, for all.", ge=0)] = 50.0
    budget_exceeded: Annotated[
        Literal["stop", "pause", "downgrade"],
        Meta(
            description="What follows when a budget is used up: `stop` ends the task's attempt; `pause` holds the "
            "whole run, too, unless it was the task's own; `downgrade` takes smaller models before it comes to that."
        ),
    ] = "stop"
    budget_warn: Annotated[
        float,
        Meta(description="The share of a budget from which on a plan's comment says so; 1 never does.", gt=0, le=1),
    ] = 0.8
    traces: Annotated[
        str,
        Meta(
            description="Address of an OpenTelemetry collector that takes OTLP over HTTP, as `http://127.0.0.1:4318`: "
            "it is sent one trace from each delivery to the merges it led to. Needs the extra `otel`."
        ),
    ] = ""
    log_style: Annotated[Literal["json", "console"], Meta(description="Form of the log lines.")] = "json"
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Meta(description="Least important lines that are logged.")
    ] = "INFO"
