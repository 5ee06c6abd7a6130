"""Short excerpts of what tools print when something fails, written by hand, each with its class."""

from services.core.failures import FailureClass

EXCERPTS: dict[str, tuple[FailureClass, str]] = {
    "pytest": (
        "test_failure",
        """
============================= test session starts ==============================
collected 12 items
tests/test_prices.py ..F.........                                        [100%]
=================================== FAILURES ===================================
_________________________________ test_rounds __________________________________
    def test_rounds():
>       assert price("1.005") == "1.01"
E       AssertionError: assert '1.00' == '1.01'
tests/test_prices.py:14: AssertionError
=========================== short test summary info ============================
FAILED tests/test_prices.py::test_rounds - AssertionError: assert '1.00' == '1.01'
========================= 1 failed, 11 passed in 0.41s =========================
""",
    ),
    "pytest cannot import": (
        "missing_dependency",
        """
Traceback (most recent call last):
  File "/build/shop/run.py", line 3, in <module>
    import yaml
ModuleNotFoundError: No module named 'yaml'
""",
    ),
    "unittest": (
        "test_failure",
        """
======================================================================
FAIL: test_total (shop.tests.test_cart.CartTest)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/build/shop/tests/test_cart.py", line 21, in test_total
    self.assertEqual(cart.total(), 30)
AssertionError: 29 != 30
----------------------------------------------------------------------
Ran 44 tests in 0.212s

FAILED (failures=1, skipped=2)
""",
    ),
    "tox docs": (
        "documentation",
        """
docs run-test: commands[0] | sphinx-build -W -b html docs docs/_build
Warning, treated as error:
/build/docs/api.rst:12:Title underline too short.
ERROR: InvocationError for command /build/.tox/docs/bin/sphinx-build -W -b html docs docs/_build (exited with code 2)
ERROR:   docs: commands failed
""",
    ),
    "tox tests": (
        "test_failure",
        """
py311: commands[0]> pytest -q
F...                                                                     [100%]
=================================== FAILURES ===================================
E   ValueError: no such currency
1 failed, 3 passed in 0.20s
py311: exit 1 (0.60 seconds) /build> pytest -q pid=4032
  py311: FAIL code 1 (4.10=setup[3.50]+cmd[0.60] seconds)
""",
    ),
    "mypy": (
        "build",
        """
shop/cart.py:18: error: Incompatible return value type (got "str", expected "int")  [return-value]
shop/cart.py:31: error: Name "Decimal" is not defined  [name-defined]
Found 2 errors in 1 file (checked 40 source files)
""",
    ),
    "ruff": (
        "lint",
        """
shop/cart.py:1:8: F401 [*] `os` imported but unused
shop/cart.py:40:121: E501 Line too long (132 > 120)
Found 2 errors.
[*] 1 fixable with the `--fix` option.
""",
    ),
    "ruff format": ("lint", "Would reformat: shop/cart.py\n1 file would be reformatted, 39 files already formatted\n"),
    "black": ("lint", "would reformat /build/shop/cart.py\nOh no!\n2 files would be reformatted.\n"),
    "flake8": ("lint", "./shop/cart.py:65:5: E303 too many blank lines (2)\n./shop/cart.py:70:1: W293 blank line\n"),
    "pip": (
        "missing_dependency",
        """
ERROR: Could not find a version that satisfies the requirement shopkit==9.9 (from versions: 1.0, 1.1)
ERROR: No matching distribution found for shopkit==9.9
""",
    ),
    "npm": (
        "missing_dependency",
        """
npm error code ERESOLVE
npm error ERESOLVE unable to resolve dependency tree
npm error Found: react@17.0.2
npm error Could not resolve dependency:
npm error peer react@"^18.0.0" from charts@4.0.0
""",
    ),
    "npm script": ("configuration", 'npm error Missing script: "tset"\nnpm error\nnpm error Did you mean this?\n'),
    "jest": (
        "test_failure",
        """
 FAIL  src/cart.test.js
  ● cart › adds up
    expect(received).toBe(expected) // Object.is equality
    Expected: 30
    Received: 29
      12 |   expect(total(cart)).toBe(30)
Test Suites: 1 failed, 7 passed, 8 total
Tests:       1 failed, 52 passed, 53 total
""",
    ),
    "vitest": (
        "test_failure",
        """
 FAIL  src/cart.test.ts > cart > adds up
AssertionError: expected 29 to be 30 // Object.is equality
 Test Files  1 failed | 7 passed (8)
      Tests  1 failed | 52 passed (53)
""",
    ),
    "mocha": ("test_failure", "  51 passing (90ms)\n  1 failing\n\n  1) cart\n       adds up:\n     Error: timeout\n"),
    "tsc": (
        "build",
        """
src/cart.ts(12,9): error TS2322: Type 'string' is not assignable to type 'number'.
src/cart.ts(14,3): error TS2304: Cannot find name 'totl'.
""",
    ),
    "eslint": (
        "lint",
        """
/build/src/cart.js
  12:7   error    'unused' is assigned a value but never used  no-unused-vars
  30:1   warning  Unexpected console statement                 no-console

✖ 2 problems (1 error, 1 warning)
""",
    ),
    "prettier": (
        "lint",
        "[warn] src/cart.js\n[warn] Code style issues found in the above file. Run Prettier with --write to fix.\n",
    ),
    "go test": (
        "test_failure",
        """
=== RUN   TestTotal
    cart_test.go:19: total: got 29, want 30
--- FAIL: TestTotal (0.00s)
FAIL
FAIL    example.org/shop/cart   0.004s
FAIL
""",
    ),
    "go build": (
        "build",
        """
# example.org/shop/cart
./cart.go:14:2: undefined: totl
FAIL    example.org/shop/cart [build failed]
""",
    ),
    "go modules": (
        "missing_dependency",
        "cart.go:5:2: no required module provides package example.org/money; to add it:\n\tgo get example.org/money\n",
    ),
    "cargo build": (
        "build",
        """
error[E0425]: cannot find value `totl` in this scope
  --> src/cart.rs:14:5
   |
14 |     totl
   |     ^^^^ help: a local variable with a similar name exists: `total`
error: could not compile `shop` (lib) due to 1 previous error
""",
    ),
    "cargo test": (
        "test_failure",
        """
test cart::adds_up ... FAILED
---- cart::adds_up stdout ----
thread 'cart::adds_up' panicked at src/cart.rs:40:9:
assertion `left == right` failed
test result: FAILED. 52 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
error: test failed, to rerun pass `--lib`
""",
    ),
    "maven compile": (
        "build",
        """
[ERROR] COMPILATION ERROR :
[ERROR] /build/src/main/java/org/example/Cart.java:[14,9] cannot find symbol
  symbol:   variable totl
  location: class org.example.Cart
[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.11.0:compile (default-compile) on project shop: Compilation failure
""",
    ),
    "maven test": (
        "test_failure",
        """
[ERROR] Tests run: 4, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.02 s <<< FAILURE! - in org.example.CartTest
[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:3.1.2:test (default-test) on project shop: There are test failures.
""",
    ),
    "maven dependency": (
        "missing_dependency",
        (
            "[ERROR] Failed to execute goal on project shop: Could not resolve dependencies for project org.example:shop:jar:1.0: "
            "Could not find artifact org.example:money:jar:9.9 in central\n"
        ),
    ),
    "maven checkstyle": (
        "lint",
        (
            "[ERROR] Failed to execute goal org.apache.maven.plugins:maven-checkstyle-plugin:3.3.0:check (validate) on project shop: "
            "You have 1 Checkstyle violation. -> [Help 1]\n"
        ),
    ),
    "maven licence": (
        "license",
        (
            "[ERROR] Failed to execute goal org.apache.rat:apache-rat-plugin:0.15:check (default) on project shop: "
            "Too many files with unapproved license: 2 See RAT report\n"
        ),
    ),
    "maven javadoc": (
        "documentation",
        (
            "[ERROR] Failed to execute goal org.apache.maven.plugins:maven-javadoc-plugin:3.5.0:jar (attach-javadocs) on project shop: "
            "MavenReportException: Error while generating Javadoc\n"
        ),
    ),
    "gradle compile": (
        "build",
        """
/build/src/main/java/org/example/Cart.java:14: error: cannot find symbol
FAILURE: Build failed with an exception.
* What went wrong:
Execution failed for task ':compileJava'.
> Compilation failed; see the compiler error output for details.
""",
    ),
    "gradle test": (
        "test_failure",
        """
CartTest > addsUp() FAILED
    org.opentest4j.AssertionFailedError at CartTest.java:19
* What went wrong:
Execution failed for task ':test'.
> There were failing tests. See the report at: file:///build/reports/tests/test/index.html
""",
    ),
    "gradle dependency": (
        "missing_dependency",
        """
* What went wrong:
Execution failed for task ':compileJava'.
> Could not resolve all files for configuration ':compileClasspath'.
   > Could not find org.example:money:9.9.
""",
    ),
    "rubocop": (
        "lint",
        """
lib/cart.rb:14:3: C: Style/StringLiterals: Prefer single-quoted strings
40 files inspected, 1 offense detected, 1 offense autocorrectable
""",
    ),
    "rspec": (
        "test_failure",
        """
Failures:
  1) Cart adds up
     Failure/Error: expect(cart.total).to eq(30)
       expected: 30
            got: 29
53 examples, 1 failure
rspec ./spec/cart_spec.rb:14 # Cart adds up
""",
    ),
    "bundler": (
        "missing_dependency",
        "Could not find gem 'money (= 9.9)' in rubygems repository or installed locally.\n",
    ),
    "dotnet build": (
        "build",
        """
/build/Cart.cs(14,9): error CS0103: The name 'totl' does not exist in the current context [/build/Shop.csproj]
Build FAILED.
    0 Warning(s)
    1 Error(s)
""",
    ),
    "dotnet test": (
        "test_failure",
        """
  Failed Shop.CartTests.AddsUp [12 ms]
  Error Message:
   Assert.Equal() Failure
Failed!  - Failed:     1, Passed:    52, Skipped:     0, Total:    53, Duration: 90 ms - Shop.dll (net8.0)
""",
    ),
    "make": (
        "build",
        """
cart.c:14:5: error: 'totl' undeclared (first use in this function)
make: *** [Makefile:12: cart.o] Error 1
""",
    ),
    "linker": (
        "build",
        "/usr/bin/ld: cart.o: in function `main':\ncart.c:(.text+0x5): undefined reference to `total'\n",
    ),
    "docker build": (
        "build",
        """
#9 [4/5] RUN ./configure && make
#9 1.204 configure: error: no acceptable C compiler found
#9 ERROR: process "/bin/sh -c ./configure && make" did not complete successfully: exit code: 1
ERROR: failed to solve: process "/bin/sh -c ./configure && make" did not complete successfully: exit code: 1
""",
    ),
    "docker image": (
        "missing_dependency",
        "Error response from daemon: manifest for shop/base:9 not found: manifest unknown\n",
    ),
    "docker limit": ("rate_limited", "toomanyrequests: You have reached your pull rate limit.\n"),
    "clippy": (
        "lint",
        """
error: this `if` has identical blocks
  --> src/cart.rs:14:5
   = note: `-D clippy::if-same-then-else` implied by `-D warnings`
error: could not compile `shop` (lib) due to 1 previous error
""",
    ),
    "xcodebuild": ("test_failure", "Test Case '-[CartTests testTotal]' failed (0.010 seconds).\n** TEST FAILED **\n"),
    "exunit": ("test_failure", "  1) test adds up (CartTest)\n     Assertion with == failed\n53 tests, 1 failure\n"),
    "bazel": (
        "test_failure",
        "//shop:cart_test      FAILED in 0.4s\nExecuted 3 out of 12 tests: 11 tests pass and 1 fails locally.\n",
    ),
    "phpstan": ("lint", " 14     Undefined variable: $totl\n [ERROR] Found 1 error\n"),
    "gnu timeout": ("timeout", "##[error]Process completed with exit code 124.\n"),
    "cancelled": ("runner", "##[error]The operation was canceled.\n"),
    "phpunit": ("test_failure", "FAILURES!\nTests: 53, Assertions: 120, Failures: 1.\n"),
    "git conflict": (
        "merge_conflict",
        "Auto-merging cart.py\nCONFLICT (content): Merge conflict in cart.py\nAutomatic merge failed; fix conflicts and then commit the result.\n",
    ),
    "git push": (
        "stale_base",
        " ! [rejected]        main -> main (fetch first)\nhint: Updates were rejected because the remote contains work that you do not\n",
    ),
    "protected": ("policy", "remote: error: GH006: Protected branch update failed for refs/heads/main.\n"),
    "credential": ("permission", "fatal: Authentication failed for 'https://example.org/shop.git/'\n"),
    "app permission": ("permission", "HttpError: Resource not accessible by integration\n"),
    "api limit": ("rate_limited", "HttpError: API rate limit exceeded for installation ID 1.\n"),
    "bad gateway": ("transient_api", "curl: (22) The requested URL returned error: 502 Bad Gateway\n"),
    "time limit": (
        "timeout",
        "##[error]The job running on runner Hosted Agent has exceeded the maximum execution time of 360 minutes.\n",
    ),
    "memory": (
        "out_of_resources",
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n",
    ),
    "disk": ("out_of_resources", "tar: cart.o: Cannot write: No space left on device\n"),
    "shutdown": ("runner", "##[error]The runner has received a shutdown signal. This can happen when it is stopped.\n"),
    "no network": (
        "runner",
        "fatal: unable to access 'https://example.org/shop.git/': Could not resolve host: example.org\n",
    ),
    "workflow": ("configuration", "Invalid workflow file: .github/workflows/ci.yml#L12\n"),
    "no money": ("budget", "Error: 429 insufficient_quota: You exceeded your current quota, please check your plan.\n"),
}
"""What is printed -> its class."""


SAID = """
missing_dependency /usr/bin/python: No module named pytest
missing_dependency ERROR: Package 'shop' requires a different Python: 3.10.12 not in '>=3.12'
missing_dependency Because shop depends on foo (^9.0) which doesn't match any versions, version solving failed.
missing_dependency error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.
missing_dependency npm error code EINTEGRITY
missing_dependency YN0028: The lockfile would have been modified by this install, which is explicitly forbidden.
missing_dependency verifying example.org/uuid@v1.6.0/go.mod: checksum mismatch
missing_dependency error: cannot update the lock file /build/Cargo.lock because --locked was passed to prevent this
missing_dependency Could not find rake-13.3.0 in locally installed gems
missing_dependency Could not find compatible versions
configuration ERROR: file or directory not found: tests/unit
configuration py39: failed with could not find python interpreter matching any of the specs py39
configuration npm error code EJSONPARSE
configuration npm error code EBADENGINE
configuration ESLint couldn't find an eslint.config.(js|mjs|cjs) file.
configuration No test files found, exiting with code 1
configuration go: go.mod requires go >= 1.26.0 (running go 1.25.3; GOTOOLCHAIN=local)
configuration error: failed to parse manifest at `/build/Cargo.toml`
configuration Script compilation error:
configuration Error: unrecognized cop or department Style/Nope found in .rubocop.yml
configuration MSBUILD : error MSB1003: Specify a project or solution file.
configuration Makefile:7: *** missing separator.  Stop.
configuration ERROR: failed to solve: failed to compute cache key: "/requirement.txt": not found
configuration ##[error]Dependencies lock file is not found in /build.
configuration x.py: error: argument cmd: invalid choice: 'c' (choose from 'a', 'b')
build /build/shop/cart.py:12:16 - error: Type "str" is not assignable to return type "int"
build error during build:
build cart/cart.go:14:2: not enough arguments in call to total
build cart/cart.go:22:1: missing return
build npm error gyp ERR! build error
build ERROR: Failed to build gem native extension.
lint 3:1       error    wrong indentation: expected 2 but found 4  (indentation)
lint README.md:3:81 error MD013/line-length Line length [Expected: 80; Actual: 131]
lint ##[error]issues found
lint a.sh:3 SC2086 (info): Double quote to prevent globbing and word splitting.
lint cart/cart.go:12:2: this value of err is never used (SA4006)
test_failure FAIL	example.org/shop/cart	0.004s
test_failure ##[error]--- FAIL: TestTotal (0.00s)
test_failure Jest: "global" coverage threshold for branches (90%) not met: 71.42%
test_failure 0 examples, 0 failures, 1 error occurred outside of examples
test_failure Test run summary: Failed!
test_failure 1 failed
test_failure Executed 1 test, with 1 failure (0 unexpected) in 0.001 (0.001) seconds
test_failure #12 1.213 1 failed in 0.03s
flaky_test 1 flaky
transient_api gh: Server Error (HTTP 502)
transient_api HTTP 500: Server Error (https://api.example.org/x)
transient_api AxiosError: Request failed with status code 503
transient_api requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url: https://example.org/x
transient_api error : Response status code does not indicate success: 503 (Service Unavailable).
transient_api InternalServerError: Error code: 529 - {'type': 'error', 'error': {'type': 'overloaded_error'}}
rate_limited curl: (22) The requested URL returned error: 429
rate_limited An error occurred (Throttling) when calling the DescribeStacks operation: Rate exceeded
rate_limited Error code: 429 - {'error': {'message': 'Rate limit reached for a model on tokens per min'}}
permission An error occurred (AccessDenied) when calling the PutObject operation: it is not authorized to perform: s3:PutObject
permission requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://example.org/x
permission gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.
permission Error response from daemon: unauthorized: incorrect username or password
merge_conflict CONFLICT (rename/delete): a.py renamed to b.py in HEAD, but deleted in x.
merge_conflict X Pull request acme/shop#12 is not mergeable: the merge commit cannot be cleanly created.
merge_conflict src/a.py:3: leftover conflict marker
stale_base X Pull request acme/shop#12 is not mergeable: the head branch is not up to date with the base branch.
stale_base ! [rejected]        fix -> fix (stale info)
stale_base fatal: Not possible to fast-forward, aborting.
stale_base ##[error]Branch is 3 commits behind main; please rebase.
policy X Pull request acme/shop#12 is not mergeable: the base branch policy prohibits the merge.
policy ! [remote rejected] x -> x (push declined due to repository rule violations)
policy ##[error]Branch "fix" is not allowed to deploy to production due to environment protection rules.
timeout Too long with no output (exceeded 10m0s): context deadline exceeded
timeout Error: Timed out waiting for: http://localhost:3000
out_of_resources numpy.exceptions._ArrayMemoryError: Unable to allocate 74.5 GiB for an array with shape (100000, 100000)
out_of_resources c++: fatal error: Killed signal terminated program cc1plus
out_of_resources process didn't exit successfully: `rustc --crate-name big` (signal: 9, SIGKILL: kill)
out_of_resources make[1]: *** [Makefile:12: big.o] Killed
out_of_resources E: You don't have enough free space in /var/cache/apt/archives/.
out_of_resources ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 137
runner ##[error]The job was not acquired by Runner of type hosted even after multiple attempts
runner Get "https://example.org/x.mod": dial tcp: lookup example.org on 127.0.0.53:53: server misbehaving
runner error: RPC failed; curl 56 GnuTLS recv error (-54): Error in the pull function.
runner WARNING: Retrying (Retry(total=0, connect=None)) after connection broken: Temporary failure in name resolution
agent_failed Error: Reached max turns (30)
agent_failed ERROR agent run failed: model returned no usable output
agent_empty The agent made no changes.
agent_empty No changes to commit
budget Token budget exhausted: 200000 of 200000 tokens used
budget Error: cost limit of $5.00 exceeded (spent $5.12)
configuration tox.tox_env.errors.Fail: could not find python interpreter matching any of the specs python3.14
configuration make: *** No targets specified and no makefile found.  Stop.
missing_dependency error: failed to load source for dependency `foo`
build /usr/bin/ld: cannot find -lfoo: No such file or directory
permission denied: requested access to the resource is denied
permission ##[error]HttpError: Resource not accessible by personal access token
timeout ##[error]The action has timed out.
unknown frobnication impossible: widget not aligned
"""
"""A class and what a tool says of it in one line, as it is printed today."""
