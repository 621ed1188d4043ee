"""The close codes are those of RFC 6455, and stand in one place."""

import ast
from pathlib import Path
from types import new_class

import pytest

import fast_channels
from fast_channels.events.close_codes import CLOSE_CODES, FIRST_FREE, CloseCode, CloseCodes

SOURCE = Path(fast_channels.__file__).parent
FILES = [path for path in sorted(SOURCE.rglob("*.py")) if path.name != "close_codes.py"]


def test_what_may_be_sent_are_ranges() -> None:
    """Of the names that may be sent, and of the codes that are free."""
    assert CLOSE_CODES == ((1000, 1003), (1007, 1014), (3000, 4999))
    assert CLOSE_CODES[-1][0] == FIRST_FREE


@pytest.mark.parametrize("code", CloseCode)
def test_a_code_says_whether_it_may_be_sent(code: CloseCode) -> None:
    """As the ranges do. RFC 6455, section 7.4.1: 1005, 1006 and 1015 are for the end that notices."""
    assert code.may_be_sent == any(low <= code <= high for low, high in CLOSE_CODES)
    assert code.may_be_sent == (code not in {1005, 1006, 1015})
    assert code.meaning


def test_an_application_names_its_codes_and_says_what_they_mean() -> None:
    """They are numbers, as `close()` takes them."""

    class Codes(CloseCodes):
        UNAUTHORIZED = 4401, "there is no token"
        GONE = 4404

    assert {4401, 4404} == {*Codes}
    assert [(code.name, code.value, code.meaning) for code in Codes] == [
        ("UNAUTHORIZED", 4401, "there is no token"),
        ("GONE", 4404, ""),
    ]


@pytest.mark.parametrize("code", [0, 1000, 1006, 2999, 5000])
def test_a_code_of_the_protocol_is_none_of_an_application(code: int) -> None:
    """RFC 6455, section 7.4.2: applications have those from 3000 to 4999."""
    with pytest.raises(ValueError, match=rf"^{code} is not a close code of an application; those"):
        new_class("Wrong", (CloseCodes,), exec_body=lambda names: names.__setitem__("CODE", code))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_other_module_writes_a_close_code(path: Path) -> None:
    """They read it; 1000 is a round number, which means other things as well."""
    numbers = {one.value for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Constant)}

    assert numbers & {code.value for code in CloseCode if code is not CloseCode.NORMAL} == set()
