"""What `syndicate sandbox` says at its start can be put into the settings as it is."""

from __future__ import annotations

from typing import Any

import yaml

from site_rig import SandboxThread, SiteRig
from syndicate.channels.networks import NETWORKS
from syndicate.cli.sandbox import lines_for


def test_channels_can_be_put_into_the_settings_as_they_are_told(site: SiteRig, sandbox: SandboxThread) -> None:
    told = [line for line in lines_for(sandbox.addresses) if line.startswith("  ")]
    channels: dict[str, dict[str, Any]] = yaml.safe_load("\n".join(told))
    site.channels = channels
    site.configure()

    listed = site.ask("channels", "list")

    assert {one["network"] for one in listed} == NETWORKS.keys() - {"preview"}
    assert len(listed) == len(told)
