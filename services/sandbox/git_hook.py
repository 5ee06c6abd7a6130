"""The `update` hook of every repository: it refuses, ref by ref, what the server found forbidden in a push.

The server knows who pushes and what is protected and says so in the environment; only git knows whether a push is
forced and which files it touches.
"""

UPDATE_HOOK = """#!/bin/sh
# Refuses what the sandbox found forbidden in this push. Arguments: ref, old sha, new sha.
zero=0000000000000000000000000000000000000000
printf '%s\\n' "$SANDBOX_REFUSED" | while read -r ref message; do
  if [ "$ref" = "$1" ]; then
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: $message" >&2
    exit 1
  fi
done || exit 1
if [ "$2" != "$zero" ] && [ "$3" != "$zero" ] && printf '%s\\n' "$SANDBOX_STEADY" | grep -qxF "$1"; then
  if ! git merge-base --is-ancestor "$2" "$3"; then
    echo "error: GH006: Protected branch update failed for $1." >&2
    echo "error: Cannot force-push to this branch" >&2
    exit 1
  fi
fi
if [ -n "$SANDBOX_NO_WORKFLOWS" ] && [ "$3" != "$zero" ]; then
  if [ "$2" = "$zero" ]; then
    touched=$(git log --format= --name-only "$3" --not --all -- .github/workflows | head -n 1)
  else
    touched=$(git diff-tree -r --name-only "$2" "$3" -- .github/workflows | head -n 1)
  fi
  if [ -n "$touched" ]; then
    who='refusing to allow a GitHub App to create or update workflow'
    echo "error: $who \\`$touched\\` without \\`workflows\\` permission" >&2
    exit 1
  fi
fi
exit 0
"""
