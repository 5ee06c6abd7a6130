"""Sorted blocks of imports that both sides added to."""

import pytest

from services.core.conflict import Conflict
from services.core.resolvers.imports import resolve

AROUND = ("import abc\n", "import ast\n"), ("import zlib\n",)


def test_all_are_kept_in_order() -> None:
    conflict = Conflict((), ("import os\n",), ("import json\n", "import re\n"), *AROUND, "a.py")
    assert resolve(conflict) == ("import json\n", "import os\n", "import re\n") == resolve(conflict.turned())


@pytest.mark.parametrize(
    ("path", "before", "ours", "theirs", "after"),
    [
        (
            "a.ts",
            "import { A } from './a';",
            "import { B } from './b';",
            "import { C } from './c';",
            "import { Z } from 'z';",
        ),
        ("A.cs", "using System.IO;", "using System.Linq;", "using System.Text;", "using System.Xml;"),
        ("a.php", "use A\\A;", "use B\\B;", "use C\\C;", "use Z\\Z;"),
        ("a.rs", "use std::env;", "use std::fs;", "use std::io;", "use std::path;"),
        ("a.rb", "require 'a'", "require 'b'", "require 'c'", "require 'z'"),
        ("a.go", 'import (\n\t"a"', '\t"b"', '\t"c"', '\t"z"\n)'),
    ],
)
def test_of_other_languages(path: str, before: str, ours: str, theirs: str, after: str) -> None:
    around = ((*f"{before}\n".splitlines(True),), (*f"{after}\n".splitlines(True),))
    conflict = Conflict((), (f"{ours}\n",), (f"{theirs}\n",), *around, path)
    assert resolve(conflict) == (f"{ours}\n", f"{theirs}\n") == resolve(conflict.turned())


@pytest.mark.parametrize(
    ("path", "before", "ours", "theirs"),
    [
        ("a.py", "from a import b", "from json import load", "from toml import load"),
        ("a.ts", "import a from 'a';", "import { x } from 'm';", "import { x } from 'n';"),
        ("A.java", "import a.A;", "import java.awt.List;", "import java.util.List;"),
        ("a.go", 'import (\n\t"a"', '\t"go/log"', '\t"in/log"'),
        ("a.txt", 'import (\n\t"a"', '\t"b"', '\t"c"'),
        ("a.go", 'import (\n\t"a"\n\t"b"', '\t"gopkg.in/yaml.v3"', '\t"sigs.k8s.io/yaml"'),
        ("a.go", 'import (\n\t"a"\n\t"b"', '\t"b.com/a/redis/v8"', '\t"b.com/b/redis"'),
        ("a.go", 'import (\n\t"a"\n\t"b"', '\t"crypto/rand"', '\t"math/rand/v2"'),
        ("a.go", 'import (\n\t"a"\n\t"b"', '\t"x.io/go-toml"', '\t"y.io/toml-go"'),
        ("a.php", "use A\\A;\nuse B\\B;", "use C\\Foo;", "use D\\foo;"),
        ("a.php", "use A\\A;\nuse B\\B;", "use C\\Foo as X, C\\Bar;", "use D\\X;"),
        ("a.py", "import a\nimport aa", "import b as x, c", "import d as x"),
        ("a.py", "import a\nimport aa", "import json as j  # noqa: F401", "import jsonx as j  # type: ignore"),
        ("a.py", "import a\nimport aa", "import bar as cfg", "import cfg.a"),
        ("a.py", "from a import b\nfrom b import c", "from c import *", "from d import *"),
        ("A.cs", "using A;\nusing B;", "using C = X.Y;", "using C = Z.Q;"),
        ("a.ts", "import 'a.css';\nimport 'b.css';", "import 'reset.css';", "import 'theirs.css';"),
        ("a.md", "use a\nuse b", "use c", "use d"),
    ],
)
def test_one_name_from_two_places_is_left(path: str, before: str, ours: str, theirs: str) -> None:
    around = ((*f"{before}\n".splitlines(True),), ("import zz\n",) if path.endswith("java") else ())
    assert resolve(Conflict((), (f"{ours}\n",), (f"{theirs}\n",), *around, path)) is None


def test_other_names_are_kept_whatever_stands_beside_them() -> None:
    ours, theirs = "import b as x, c  # noqa: F401\n", "import d as y  # noqa: F401\n"
    assert resolve(Conflict((), (ours,), (theirs,), ("import a\n", "import aa\n"), (), "a.py")) == (ours, theirs)


def test_changes_of_different_lines_are_made() -> None:
    conflict = Conflict(
        ("import os\n", "import re\n"), ("import re\n",), ("import os\n", "import re2\n"), *AROUND, "a.py"
    )
    assert resolve(conflict) == ("import re2\n",) == resolve(conflict.turned())
    taken = Conflict(("import os\n",), (), ("import json\n", "import os\n"), *AROUND, "a.py")
    assert resolve(taken) == ("import json\n",)


@pytest.mark.parametrize(
    "conflict",
    [
        Conflict(("import os\n",), ("import re\n",), ("import sys\n",), *AROUND, "a.py"),
        Conflict(
            ("import os\n", "import re\n"), ("import new\n", "import re\n"), ("import os\n", "import new.x\n"), *AROUND
        ),
        Conflict(
            ("import a\n", "import b\n"), ("import aa\n", "import b\n"), ("import a\n", "import bb\n"), *AROUND, "a.py"
        ),
        Conflict((), ("from os import path\n",), ("from os import sep\n",), *AROUND, "a.py"),
        Conflict((), ("from os import (\n",), ("import json\n",), *AROUND, "a.py"),
        Conflict((), ("import os\n",), ("import json\n",), AROUND[1], AROUND[0], "a.py"),
        Conflict((), ("import os\n",), ("x = 1\n",), *AROUND, "a.py"),
        Conflict((), ("import old_name\n",), ("import json\n",), *AROUND, "a.py", frozenset(), frozenset({"old_name"})),
    ],
    ids=["same line", "same name", "both rewrote", "one module", "many lines", "no order", "code", "word gone"],
)
def test_what_is_not_proved_is_left(conflict: Conflict) -> None:
    assert resolve(conflict) is None
