"""Where a running sandbox answers, and what it accepts as credentials. Pure."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass

# A token or app password that begins like this belongs to an account made on first sight; any other is refused.
TOKEN_PREFIX = "sandbox-"  # noqa: S105 - a prefix, and public
# The sandbox's one webhook secret: no secret at all, it is printed in the documents.
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"syndicate sandbox webhook secret").decode()


@dataclass(frozen=True, slots=True)
class SandboxAddresses:
    """The base URLs of one running sandbox, without a slash at the end.

    `mastodon_url` is an instance, `bluesky_url` a PDS; a webhook endpoint is `webhook_url/NAME`, one account a name.
    `slack_url` stands for https://slack.com/api, `slack_webhook_url` for https://hooks.slack.com/services (a webhook is
    `slack_webhook_url/T1/B1/sandbox-NAME`), `discord_url` for https://discord.com/api (a webhook is
    `discord_url/webhooks/1/sandbox-NAME`), `telegram_url` for https://api.telegram.org, `teams_url` for a workflow's
    address up to its query (`?sig=sandbox-NAME`), `facebook_url`, `instagram_url` and `threads_url` for the Graph APIs
    of Meta, `linkedin_url` for https://api.linkedin.com, `x_url` for https://api.x.com, `oauth_url` is the token
    endpoint. Mail is taken at `smtp_port` of this machine, with any user
    name and a password of the sandbox.
    `control_url` has the timelines for people at `/`, and `/truth`, `/plan`, `/rules`, `/clock`, `/reset` for programs.
    """

    mastodon_url: str
    bluesky_url: str
    webhook_url: str
    slack_url: str
    slack_webhook_url: str
    discord_url: str
    telegram_url: str
    teams_url: str
    facebook_url: str
    instagram_url: str
    threads_url: str
    linkedin_url: str
    x_url: str
    oauth_url: str
    control_url: str
    smtp_port: int

    @classmethod
    def at(cls, base_url: str, smtp_port: int = 0) -> SandboxAddresses:
        """The addresses of a sandbox that listens at `base_url`, and for mail at that port."""
        return cls(
            mastodon_url=base_url,
            bluesky_url=base_url,
            webhook_url=f"{base_url}/webhook",
            slack_url=f"{base_url}/api",
            slack_webhook_url=f"{base_url}/services",
            discord_url=f"{base_url}/api",
            telegram_url=base_url,
            teams_url=f"{base_url}/workflows/1/triggers/manual/paths/invoke",
            facebook_url=f"{base_url}/facebook",
            instagram_url=f"{base_url}/instagram",
            threads_url=f"{base_url}/threads",
            linkedin_url=base_url,
            x_url=base_url,
            oauth_url=f"{base_url}/oauth/token",
            control_url=f"{base_url}/sandbox",
            smtp_port=smtp_port,
        )

    @classmethod
    def from_line(cls, line: str | bytes) -> SandboxAddresses:
        """The addresses told by the line a sandbox process prints when it is ready."""
        return cls(**json.loads(line))

    def as_line(self) -> str:
        """The same as one line of JSON."""
        return json.dumps(asdict(self))
