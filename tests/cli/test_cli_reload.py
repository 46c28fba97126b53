"""`run` hears SIGHUP: other settings take effect, faulty ones do not; a stop ends a long first pass."""

from __future__ import annotations

import json
import signal

from site_rig import SandboxThread, SiteRig, end, until


def events(site: SiteRig) -> list[dict[str, object]]:
    return [json.loads(line) for line in site.log().splitlines() if line.startswith("{")]


def names(site: SiteRig) -> list[object]:
    return [one["event"] for one in events(site)]


def test_settings_are_taken_up_while_it_runs(site: SiteRig, sandbox: SandboxThread) -> None:
    with site.running() as process:
        good = site.config.read_text()
        site.config.write_text(good.replace("preset: generic", "preset: generics"))
        process.send_signal(signal.SIGHUP)
        until(lambda: "settings_refused" in names(site), "the word on the fault")
        [refused] = [one for one in events(site) if one["event"] == "settings_refused"]
        assert f"{site.config}: content.preset: " in str(refused["reason"])
        assert process.poll() is None

        site.configure(state={"folder": "elsewhere"})
        process.send_signal(signal.SIGHUP)
        until(lambda: names(site).count("settings_refused") == 2, "the word on what needs a restart")

        site.more.pop("state")
        site.channels = site.channels | sandbox.channels("webhook")
        site.configure()
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 2, "a pass with the new channel")
        site.write(3)
        until(lambda: sandbox.links("webhook") == ["https://herons.example/3"], "the post of the new channel")

        site.channels.pop("webhook")
        site.configure()
        process.send_signal(signal.SIGHUP)
        until(lambda: site.log().count("Watching for new items") == 3, "a pass without it")
        assert end(process) == 0, site.log()

    reloaded = [(one["added"], one["removed"]) for one in events(site) if one["event"] == "settings_reloaded"]
    assert reloaded == [(["webhook"], []), ([], ["webhook"])]
    assert "Traceback" not in site.log()
