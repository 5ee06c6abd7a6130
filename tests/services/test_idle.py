"""What a bot has in memory that nobody has asked for anything yet."""

import subprocess
import sys

HEAVY = (
    "colorama", "cryptography.x509", "jinja2", "jwt", "markdown_it", "opentelemetry", "plotly", "pydantic", "rich",
    "yaml", "zipfile",
)  # fmt: skip


def test_what_an_idle_bot_does_not_need_is_not_imported() -> None:
    code = (
        "import sys; from bot.serve import _the_rest; _the_rest()\n"
        "import handlers, handlers.commands; from services import checks\n"
        "handlers.load(), handlers.commands.load(), checks.load()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "[]"
