"""The demo's own stage: three small Python repositories with tests and a workflow, and a plan of six tasks over them.

They are real: `python -m unittest` passes in each, every task's script changes code and adds the test that proves it,
and a script that broke something would be stopped by its pull request's check.
"""

PERSON = "ana"
HOME = "acme/schema"
TITLE = "Orders carry a currency"

PLAN = """\
Orders have an amount but no currency, so the shop can only sell in euros. Every task is a script here; on GitHub an
agent, a workflow or a person can do the same. The last two are a group: they merge together, or not at all.

- [ ] **schema** Add `currency` to the order schema (acme/schema) · run: sh tools/add-field.sh currency
- [ ] **rates** Keep exchange rates (acme/api) · run: sh tools/add-rates.sh EUR=1.00 USD=1.08 CHF=0.95
- [ ] **api** Serve `currency` (acme/api) · needs: schema · priority: 10 · run: sh tools/serve-field.sh currency
- [ ] **convert** Convert amounts (acme/api) · needs: api, rates · group: release · run: sh tools/add-convert.sh
- [ ] **web** Show the currency (acme/web) · needs: api · run: sh tools/show-column.sh currency
- [ ] **prices** Show the buyer's price (acme/web) · needs: web · group: release · run: sh tools/show-column.sh price
"""

WORKFLOW = """\
name: ci
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Run the tests
        run: python -m unittest discover --start-directory tests --top-level-directory .
"""

_LINES = '''\
"""{summary}"""

from pathlib import Path


def names() -> list[str]:
    """The names in {file}, in order."""
    return (Path(__file__).parent / "{file}").read_text().split()
'''

_TEST = """\
import unittest

from {package} import names


class Names(unittest.TestCase):
    def test_what_was_always_there(self) -> None:
        self.assertEqual(names()[:2], ["id", "amount"])
"""

# One name more in a text file, and a test that asks for it. $1 is the name.
_ADD_NAME = """\
set -eu
printf '%s\\n' "$1" >> {package}/{file}
cat > "tests/test_$1.py" <<TEST
import unittest

from {package} import names


class Added(unittest.TestCase):
    def test_$1(self) -> None:
        self.assertIn("$1", names())
TEST
echo "added $1"
"""

_ADD_RATES = """\
set -eu
: > orders_api/rates.txt
for rate in "$@"; do printf '%s\\n' "$rate" >> orders_api/rates.txt; done
cat > tests/test_rates.py <<'TEST'
import unittest
from pathlib import Path


class Rates(unittest.TestCase):
    def test_the_euro_is_the_unit(self) -> None:
        self.assertIn("EUR=1.00", Path("orders_api/rates.txt").read_text().split())
TEST
echo "kept $# rates"
"""

_ADD_CONVERT = """\
set -eu
grep -q currency orders_api/fields.txt
cat > orders_api/convert.py <<'CODE'
from decimal import Decimal
from pathlib import Path

RATES = dict(line.split("=") for line in (Path(__file__).parent / "rates.txt").read_text().split())


def convert(amount: Decimal, source: str, target: str) -> Decimal:
    return (amount / Decimal(RATES[source]) * Decimal(RATES[target])).quantize(Decimal("0.01"))
CODE
cat > tests/test_convert.py <<'TEST'
import unittest
from decimal import Decimal

from orders_api.convert import convert


class Convert(unittest.TestCase):
    def test_euros_to_dollars(self) -> None:
        self.assertEqual(convert(Decimal("10.00"), "EUR", "USD"), Decimal("10.80"))
TEST
echo "amounts convert"
"""


def _repository(name: str, package: str, file: str, summary: str, tools: dict[str, str]) -> dict[str, str]:
    return {
        "README.md": f"# {name}\n\n{summary}\n",
        f"{package}/__init__.py": _LINES.format(summary=summary, file=file),
        f"{package}/{file}": "id\namount\n",
        "tests/__init__.py": "",
        "tests/test_names.py": _TEST.format(package=package),
        ".github/workflows/ci.yml": WORKFLOW,
        **{f"tools/{tool}": text for tool, text in tools.items()},
    }


def repositories() -> dict[str, dict[str, str]]:
    """owner/name -> path -> text."""
    schema = _ADD_NAME.format(package="orders_schema", file="fields.txt")
    api = _ADD_NAME.format(package="orders_api", file="fields.txt")
    web = _ADD_NAME.format(package="orders_web", file="columns.txt")
    return {
        "acme/schema": _repository(
            "schema", "orders_schema", "fields.txt", "What an order is.", {"add-field.sh": schema}
        ),
        "acme/api": _repository(
            "api",
            "orders_api",
            "fields.txt",
            "Serves orders.",
            {"serve-field.sh": api, "add-rates.sh": _ADD_RATES, "add-convert.sh": _ADD_CONVERT},
        ),
        "acme/web": _repository("web", "orders_web", "columns.txt", "Shows orders.", {"show-column.sh": web}),
    }
