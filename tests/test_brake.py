from __future__ import annotations

import pytest

from syndicate.brake import Brake
from syndicate.errors import Stopped


def test_work_goes_on_until_the_brake_is_pulled() -> None:
    brake = Brake()
    brake(1, 3)
    brake.pull()

    with pytest.raises(Stopped, match="stopped at step 2 of 3"):
        brake(2, 3)
