"""Maven and Gradle name the goal or task that failed; that name decides, whatever else the log holds."""

import pytest

from services.core.classify import diagnose
from services.core.failures import FailureClass
from services.core.log_lines import read_log

NOISE = """
[INFO] --- maven-compiler-plugin:3.11.0:compile (default-compile) @ shop ---
[WARNING] /build/src/main/java/org/example/Cart.java:[14,9] deprecated
[INFO] --- maven-checkstyle-plugin:3.3.0:check (validate) @ shop ---
[INFO] --- maven-surefire-plugin:3.1.2:test (default-test) @ shop ---
java.lang.AssertionError: logged by a test that passed
Tests run: 4, Failures: 0, Errors: 0, Skipped: 0
"""


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.11.0:compile", "build"),
        ("Failed to execute goal org.apache.maven.plugins:maven-pmd-plugin:3.20.0:check", "lint"),
        ("Failed to execute goal com.github.spotbugs:spotbugs-maven-plugin:4.7.3:check", "lint"),
        ("Failed to execute goal com.mycila:license-maven-plugin:4.1:check", "license"),
        ("Failed to execute goal org.apache.maven.plugins:maven-failsafe-plugin:3.1.2:verify", "test_failure"),
        ("Failed to execute goal org.apache.maven.plugins:maven-enforcer-plugin:3.3.0:enforce", "configuration"),
        ("Non-resolvable parent POM for org.example:shop:1.0", "missing_dependency"),
        ("Non-parseable POM /build/pom.xml: end tag name </a>", "configuration"),
        ("Failed to execute goal org.example:some-maven-plugin:1.0:run", "configuration"),
    ],
)
def test_the_goal_that_failed_decides(last: str, expected: FailureClass) -> None:
    assert diagnose(read_log(f"{NOISE}[ERROR] {last}".encode())).cls == expected


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (":compileJava", "build"),
        (":app:compileDebugKotlin", "build"),
        (":checkstyleMain", "lint"),
        (":spotlessJavaCheck", "lint"),
        (":integrationTest", "test_failure"),
        (":javadoc", "documentation"),
        (":licenseMain", "license"),
        (":deployEverything", "configuration"),
    ],
)
def test_the_task_that_failed_decides(task: str, expected: FailureClass) -> None:
    text = f"{NOISE}* What went wrong:\nExecution failed for task '{task}'.\n> it ended with 1\n"
    assert diagnose(read_log(text.encode())).cls == expected
