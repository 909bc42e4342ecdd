"""The manifest of the documents' snippets leaves none unexplained."""

import pytest

from tests.documents.snippet_manifest import KINDS, Snippet, blocks, snippets

ALL = snippets()


@pytest.mark.parametrize("snippet", ALL, ids=str)
def test_a_snippet_runs_or_has_a_reason(snippet: Snippet) -> None:
    assert snippet.kind in KINDS
    assert snippet.text.strip()
    has_command, has_reason = bool(snippet.command), bool(snippet.reason)
    expected = {
        "unchanged": (False, False),
        "equivalent": (True, False),
        "not_applicable": (False, True),
    }
    assert (has_command, has_reason) == expected[snippet.kind]
    assert bool(snippet.to_run) == (snippet.kind != "not_applicable")


@pytest.mark.parametrize("snippet", [each for each in ALL if each.runs_as], ids=str)
def test_a_shortened_command_is_the_same_program(snippet: Snippet) -> None:
    program = (
        snippet.command.split()[:2]
        if snippet.command.startswith("fraudstream")
        else snippet.command.split()[:1]
    )
    assert snippet.runs_as.split()[: len(program)] == program


@pytest.mark.parametrize(("document", "count"), blocks().items())
def test_every_block_of_a_document_is_listed(document: str, count: int) -> None:
    numbers = [snippet.block for snippet in ALL if snippet.document == document]
    assert numbers == sorted(numbers)
    assert sorted(set(numbers)) == list(range(1, count + 1))


def test_the_manifest_has_the_blocks_of_both_documents() -> None:
    assert blocks() == {"000": 23, "001": 21}
    assert {snippet.document for snippet in ALL} == set(blocks())


def test_the_same_command_has_the_same_answer_everywhere() -> None:
    answers = {(each.text, each.kind, each.command, each.reason) for each in ALL}
    assert len(answers) == len({each.text for each in ALL})
