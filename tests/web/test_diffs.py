"""A diff as lines: what is what, what is too long, and that nothing in it is more than text."""

from bot.web.diffs import LINES, diff_lines

ONE = """diff --git a/a.py b/a.py
index 1..2 100644
--- a/a.py
+++ b/a.py
@@ -1,2 +1,2 @@
 same
--- looks like a head
+<script>alert(1)</script>
\\ No newline at end of file
diff --git a/old.txt b/old.txt
deleted file mode 100644
--- a/old.txt
+++ /dev/null
@@ -1 +0,0 @@
-gone
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
"""


def test_each_line_is_what_it_is() -> None:
    assert [(line.kind, line.text) for line in diff_lines(ONE)] == [
        ("file", "a.py"),
        ("place", "@@ -1,2 +1,2 @@"),
        ("", " same"),
        ("removed", "--- looks like a head"),
        ("added", "+<script>alert(1)</script>"),
        ("place", "\\ No newline at end of file"),
        ("file", "old.txt"),
        ("place", "@@ -1 +0,0 @@"),
        ("removed", "-gone"),
        ("place", "Binary files a/logo.png and b/logo.png differ"),
    ]


def test_a_long_one_is_cut_and_says_so() -> None:
    long = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n" + "+x\n" * 2_000
    lines = diff_lines(long)
    assert len(lines) == LINES + 1
    assert lines[-1].text == f"… and {2_002 - LINES:,} more lines"
    assert len(diff_lines("diff --git a/a b/a\n+++ b/a\n@@ @@\n+" + "x" * 9_999)[-1].text) == 400
    assert diff_lines("") == ()
