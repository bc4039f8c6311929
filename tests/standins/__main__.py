"""Start a stand-in by hand: says where it is and what to put into listening.toml."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from tests.standins import qualtrics, typeform
from tests.standins.app_store import APP_ID, ISSUER_ID, KEY_ID, AppStore
from tests.standins.google_play import BUCKET, PACKAGE, GooglePlay
from tests.standins.intercom import TOKEN, Intercom
from tests.standins.server import Clock, Standin
from tests.standins.zendesk import CLIENT_ID, CLIENT_SECRET, Zendesk

SYSTEMS: dict[str, Callable[..., Standin]] = {
    "zendesk": Zendesk, "intercom": Intercom, "qualtrics": qualtrics.Qualtrics, "typeform": typeform.Typeform, "google_play": GooglePlay, "app_store": AppStore,
}  # fmt: skip
CONFIGURATION = {
    "zendesk": f"""\
[sources.tickets]
connector = "zendesk"
kind = "ticket"
base_url = "{{url}}"
client_id = "{CLIENT_ID}"
client_secret_env = "ZENDESK_SECRET"     # export ZENDESK_SECRET={CLIENT_SECRET}
""",
    "intercom": f"""\
[sources.chats]
connector = "intercom"
kind = "chat"
base_url = "{{url}}"
access_token_env = "INTERCOM_TOKEN"     # export INTERCOM_TOKEN={TOKEN}
""",
    "app_store": f"""\
[sources.app_store]
connector = "app_store"
kind = "review"
base_url = "{{url}}"
app_id = "{APP_ID}"
key_id = "{KEY_ID}"
issuer_id = "{ISSUER_ID}"
private_key_file = "{{key_file}}"
""",
    "google_play": f"""\
[sources.google_play]
connector = "google_play"
kind = "review"
base_url = "{{url}}"
package_name = "{PACKAGE}"
reports_bucket = "{BUCKET}"
service_account_file = "{{key_file}}"
""",
    "typeform": f"""\
[sources.survey]
connector = "typeform"
kind = "survey"
base_url = "{{url}}"
form_id = "{typeform.FORM}"
access_token_env = "TYPEFORM_TOKEN"     # export TYPEFORM_TOKEN={typeform.TOKEN}
""",
    "qualtrics": f"""\
[sources.survey]
connector = "qualtrics"
kind = "survey"
base_url = "{{url}}"
survey_id = "{qualtrics.SURVEY}"
api_token_env = "QUALTRICS_TOKEN"     # export QUALTRICS_TOKEN={qualtrics.TOKEN}
""",
}


def main() -> None:
    """Serve until it is stopped; what happens has happened over the last days, up to now."""
    parser = argparse.ArgumentParser(prog="python -m tests.standins", description=__doc__)
    parser.add_argument("system", choices=sorted(SYSTEMS))
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    clock = Clock(time.time() - given.days * 86_400)
    standin = SYSTEMS[given.system](given.seed, clock, days=given.days)
    with standin.serving(given.port) as url:
        configuration = CONFIGURATION[given.system].format(url=url, key_file=getattr(standin, "key_file", ""))
        sys.stdout.write(f"{given.system} at {url}; Ctrl-C ends it. In listening.toml:\n\n{configuration}\n")
        sys.stdout.flush()
        while True:
            clock.now = time.time()
            time.sleep(0.5)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(0)
