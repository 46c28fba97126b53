import pytest

from syndicate.sandbox.rules import Rules


def test_rules_change_by_name() -> None:
    changed = Rules().changed({"key_window_s": 10, "has_limits": True, "max_media": 6})

    assert (changed.key_window_s, changed.has_limits, changed.max_media) == (10, True, 6)
    assert changed.max_characters == Rules().max_characters


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"key_window": 10}, "key_window: is no rule"),
        ({"key_window_s": "10"}, "key_window_s: must be of type float"),
        ({"max_media": True}, "max_media: must be of type int"),
        ({"max_media": 1.5}, "max_media: must be of type int"),
        ({"has_limits": 1}, "has_limits: must be of type bool"),
    ],
)
def test_a_wrong_rule_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Rules().changed(values)
