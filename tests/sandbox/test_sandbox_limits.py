from datetime import UTC, datetime, timedelta

from syndicate.sandbox.limits import Limits, Quota

SHORT, LONG = Quota("short", 3, 60), Quota("long", 5, 3_600)
NOON = datetime(2026, 1, 2, 12, 0, 30, tzinfo=UTC)


def test_the_tightest_quota_is_told() -> None:
    limits = Limits()
    standing = limits.take("a", (LONG, SHORT), NOON)

    assert (standing.quota, standing.remaining, standing.is_over) == (SHORT, 2, False)
    assert standing.resets_at == datetime(2026, 1, 2, 12, 1, tzinfo=UTC)


def test_a_quota_ends_and_begins_again_with_its_window() -> None:
    limits = Limits()
    over = [limits.take("a", (SHORT,), NOON).is_over for _ in range(4)]

    assert over == [False, False, False, True]
    assert not limits.take("a", (SHORT,), NOON + timedelta(seconds=30)).is_over


def test_a_refused_request_is_not_counted_against_the_other_quota() -> None:
    limits = Limits()
    for _ in range(6):
        limits.take("a", (SHORT, LONG), NOON)

    assert limits.take("a", (LONG,), NOON).remaining == 1


def test_points_are_counted() -> None:
    assert Limits().take("a", (LONG,), NOON, points=4).remaining == 1


def test_accounts_do_not_share_a_quota() -> None:
    limits = Limits()
    limits.take("a", (SHORT,), NOON, points=3)

    assert limits.take("b", (SHORT,), NOON).remaining == 2


def test_a_reset_forgets() -> None:
    limits = Limits()
    limits.take("a", (SHORT,), NOON, points=3)
    limits.reset()

    assert not limits.take("a", (SHORT,), NOON).is_over


def test_untouched_quotas_never_run_out() -> None:
    limits = Limits()

    assert {limits.untouched(SHORT, NOON).remaining for _ in range(10)} == {2}
