"""The grammar of comment commands: `/lockstep verb [target…] [key=value]` at the start of a line.

A repository may have words of its own for verbs, as other bots have them: `/lgtm` or `/r+` at the start of a line. They
mean something only where its settings name them, because the same words belong to other bots elsewhere.

Prose stays prose: code, quotes, lists, tables, headings and HTML are not read, so quoting a command in an answer does
not run it again. A comment holds at most `MAX_COMMANDS`; verbs, targets and options are plain words, checked here, so
nothing of them needs escaping.
"""

import functools
import itertools
import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from services.core.asides import asides
from services.core.elements import Elements, last_ends
from services.core.markdown import blocks, spans

MAX_COMMANDS = 10
MAX_COMMENT = 65_536
MAX_NESTING = 40
_LINE = re.compile(r"^ {0,3}(?:/lockstep|@lockstep(?:\[bot\])?)(?:[ \t]+(?P<rest>\S.*))?$", re.IGNORECASE)
_ALIAS = re.compile(r"^ {0,3}/(?P<word>[a-z][a-z0-9+-]{0,31})(?:[ \t]+(?P<rest>\S.*)|[ \t]*)$", re.IGNORECASE)
_BEGINS = re.compile(r"(?<!\S)(?:/[a-z]|@lockstep)", re.IGNORECASE)
_LISTS = frozenset({"bullet_list_open", "ordered_list_open"})
_IN_LIST = 3
"""How deep the text of an entry lies."""
_ORIGINAL = re.compile(r"[ \t]*-{2,} ?Original Message ?-{2,}[ \t]*$", re.IGNORECASE)
_FROM = re.compile(r"[ *_]*(?:From|Von|De|Da|Van)[ *_]*:", re.IGNORECASE)
_SUBJECT = re.compile(r"[ *_]*(?:Subject|Betreff|Objet|Asunto|Oggetto|Assunto|Onderwerp)[ *_]*:", re.IGNORECASE)
_WROTE = re.compile(
    r"[ *_]*(?=.{0,300}?(?:\d|<[^\s<]{1,200}@|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z.]{0,6},))"
    r"(?:(?:On|Le|El|Il|Em) .{1,300}(?:wrote|a écrit|escribió|ha scritto|escreveu)"
    r"|(?:Am|Op) .{1,200} (?:schrieb|schreef)\b.{0,100}) ?:[ *_]*$",
    re.IGNORECASE,
)
"""A head tells when, or an address: "I agree with what Bob wrote:" is a sentence of one's own."""
_HEAD = 20
"""Lines that the head of a quoted mail has at most."""
_VERB = re.compile(r"[a-z][a-z0-9+-]{0,31}\Z")
_TARGET = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._/-]{0,150}(?:#\d{1,9})?\Z")
_WHY = re.compile(r"(?:^|(?<=\s))why=[\"\u201c\u201d]([^\"\u201c\u201d\x00-\x1f`<>|]{1,100})[\"\u201c\u201d](?=\s|$)")
"""A reason is a sentence, in quotes as keyboards and telephones write them."""
_NOT_IN_WHY = re.compile(r"[\"\u201c\u201d\x00-\x1f`<>|]+")
_OPTION = re.compile(r"([a-z][a-z0-9_-]{0,31})=([^\s\x00-\x1f`<>|\"\u201c\u201d]{1,100})\Z")


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command line. `problem` is set instead when a word could not be read."""

    verb: str
    targets: tuple[str, ...] = ()
    options: dict[str, str] = {}
    problem: str = ""

    def __str__(self) -> str:
        said = [f'{key}="{value}"' if " " in value else f"{key}={value}" for key, value in self.options.items()]
        return " ".join([f"/lockstep {self.verb}", *self.targets, *said]).strip()


def parse_commands(body: str, aliases: Mapping[str, str] | None = None) -> tuple[Command, ...]:
    """All commands of a comment, in order; a bare `/lockstep` means help. aliases: word -> the verb it stands for."""
    words, found = aliases or {}, []
    for line in _spoken(body):
        if match := _LINE.match(line):
            verb, _, rest = (match["rest"] or "help").replace("\t", " ").partition(" ")
            found.append(_read(words.get(verb.lower(), verb), rest))
        elif (match := _ALIAS.match(line)) and match["word"].lower() in words:
            found.append(_read(words[match["word"].lower()], match["rest"] or ""))
        if len(found) == MAX_COMMANDS:
            break
    return tuple(found)


def single(text: str) -> Command | None:
    """One command as it is given where there is no comment, with `/lockstep` or without; None for anything else."""
    line = text.strip().removeprefix("/lockstep ").strip()
    found = parse_commands(f"/lockstep {line}") if line and "\n" not in line else ()
    return found[0] if len(found) == 1 and line.split()[0].lower() == found[0].verb else None


def with_reason(command: Command, why: str) -> Command:
    """The command with a reason that was given beside it, in characters that a comment could hold; its own counts."""
    said = " ".join(_NOT_IN_WHY.sub(" ", why).split())[:100].rstrip()
    return msgspec.structs.replace(command, options={"why": said} | command.options) if said else command


def may_hold_aliases(body: str, verbs: Collection[str]) -> bool:
    """Is a word used as a verb here that is none? Then it is worth asking what the repository has it stand for."""
    for line in _spoken(body):
        if match := _LINE.match(line):
            if match["rest"] and match["rest"].split()[0].lower() not in verbs:
                return True
        elif _ALIAS.match(line):
            return True
    return False


def _spoken(body: str) -> tuple[str, ...]:
    """Its prose, if a line of it may begin like a command: most comments hold none, and are not read for one."""
    if not _BEGINS.search(body[:MAX_COMMENT].replace("\x00", "")):
        return ()
    return tuple(_own(_prose(body[:MAX_COMMENT], lists=False)))


def _own(paragraphs: Sequence[Sequence[str]]) -> Iterator[str]:
    """Those above the mail that some programs put below an answer without a mark in front of each line."""
    for paragraph, below in itertools.pairwise((*paragraphs, ())):
        for at, line in enumerate(paragraph):
            if _begins_mail(paragraph[at : at + _HEAD], below):
                return
            yield line


def _begins_mail(head: Sequence[str], below: Sequence[str]) -> bool:
    """below: the paragraph that follows. Where a quote follows, what somebody wrote is marked, and ends with it."""
    if _FROM.match(head[0]) and any(_SUBJECT.match(line) for line in head[1:]):
        return True
    wrote = (_WROTE.match(" ".join(head[:lines])) and (head[lines:] or below) for lines in (1, 2))
    return _ORIGINAL.match(head[0]) is not None or any(wrote)


def prose(body: str, *, lists: bool = False) -> tuple[str, ...]:
    """Lines of paragraphs that stand at the top level, with `lists` those of entries of lists there too, without code
    spans and HTML comments; of the first MAX_COMMENT characters.
    """
    return tuple(itertools.chain.from_iterable(_prose(body[:MAX_COMMENT], lists=lists)))


@functools.lru_cache(maxsize=32)
def _prose(body: str, *, lists: bool) -> tuple[tuple[str, ...], ...]:
    """One text is asked several things: commands, aliases, where its plan stands."""
    return tuple(_paragraphs(body.replace("\r\n", "\n").replace("\x00", ""), lists=lists))


def _paragraphs(text: str, *, lists: bool) -> Iterator[tuple[str, ...]]:
    """Lines of each; none for what else stands there."""
    outer, inner, elements, ends = "", "", Elements(), last_ends(text.replace("\r", "\n"))
    for token in blocks(text, MAX_NESTING):
        elements.read_markdown(token.tag, token.nesting)
        if token.type == "inline":
            is_entry = lists and token.level == _IN_LIST and outer in _LISTS
            before, behind = elements.mark(), token.map[1] if token.map else 0
            lines = tuple(_lines(token.content, elements))
            elements.forget(before, {kind for kind, line in ends.items() if line >= behind})
            yield lines if inner == "paragraph_open" and (token.level == 1 or is_entry) else ()
        elif token.type == "html_block":
            elements.read(token.content)
            yield ()
        elif token.nesting == 1:
            outer, inner = token.type if token.level == 0 else outer, token.type
        elif token.nesting == 0:
            yield ()


def _lines(text: str, elements: Elements) -> Iterator[str]:
    """Of one paragraph."""
    bare, blank, done = [], [], 0
    for span in spans(text):
        part = text[span.start : span.end]
        bare += [text[done : span.start], _bare(span.kind, part)]
        blank += [text[done : span.start], re.sub(r"[^\n]", " ", part)]
        done = span.end
    hidden = deque(sorted(asides("".join([*blank, text[done:]]), elements)))
    at = 0
    for line, was in zip("".join([*bare, text[done:]]).split("\n"), text.split("\n"), strict=True):
        while hidden and hidden[0][1] <= at:
            hidden.popleft()
        # A code span at the start of a line, or behind its indent, must not turn into a command, nor what follows it.
        first = len(was) - len(was.lstrip())
        if line[first : first + 1] == was[first : first + 1] and not (hidden and hidden[0][0] < at):
            yield line
        at += len(was) + 1


def _bare(kind: str, span: str) -> str:
    """A code span inside a line is a word in backticks; one over several lines, and a comment, is nothing."""
    if kind == "code" and "\n" not in span:
        return f" {span.strip('`').strip()} "
    return re.sub(r"[^\n]", " ", span)


def _read(word: str, rest: str) -> Command:
    verb = word.lower()
    if not _VERB.match(verb):
        return Command(verb="", problem="A command is `/lockstep` and a verb, such as `/lockstep status`.")
    targets, options = [], {}
    if why := _WHY.search(rest):
        options["why"] = " ".join(why[1].split())
        rest = rest[: why.start()] + rest[why.end() :]
    for each in rest.split()[:29]:
        if option := _OPTION.match(each):
            options[option[1]] = option[2]
        elif _TARGET.match(each):
            targets.append(each)
        else:
            return Command(
                verb=verb,
                problem="A target is a task id, `owner/repo`, `owner/repo#n`, `failed` or `all`; an option is "
                '`key=value`, and a reason of several words `why="…"`.',
            )
    return Command(verb=verb, targets=tuple(targets), options=options)
