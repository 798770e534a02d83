"""Installations of SNS, its endpoints, and the subscriptions of the topic that reaches all of them, brought together.

SNS says that an endpoint was disabled or deleted only to who asks. An installation of which it says so is disabled
here; endpoints stay, for whoever registers the same token again gets the same one.
"""

from collections.abc import Iterator

from domain.installation import Installation, Provider
from push_service.sns.settings import SnsSettings
from push_service.sns.upkeep import SnsUpkeep
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.installation_pages import InstallationPages
from storage.postgres.push_targets import PostgresPushTargets

PAGE = 1_000
FEWEST, TOO_MANY = 20, 0.5
"""When so many, and more than this share, are no use, our settings are as likely the cause: none is disabled."""


def run(tools: Tools, progress: Progress) -> int:
    """Disables installations whose endpoint is no use, subscribes the others, and ends subscriptions that nobody has.
    Returns how many things that were.
    """
    settings = tools.settings[SnsSettings]
    sns = SnsUpkeep(settings)
    # Installations first: an endpoint that is made later is then not missed.
    starts = tuple(each.replace(":app/", ":endpoint/") + "/" for each in settings.applications)
    ours = [each for each in _installations(tools) if each.push_token.startswith(starts)]
    enabled = {endpoint for each in settings.applications for endpoint in sns.enabled_endpoints(each)}
    doubted = [each for each in ours if each.push_token not in enabled]
    progress.tell(f"{len(ours):,} installations, {len(enabled):,} endpoints that are enabled")
    changed = 0
    if len(doubted) >= FEWEST and len(doubted) > TOO_MANY * len(ours):
        progress.tell(f"{len(doubted):,} have no endpoint that is enabled: too many to be true, none is disabled")
    else:
        changed += _disable(doubted, sns, tools, progress)
    if settings.topic is not None:
        wanted = {each.push_token for each in ours} & enabled
        changed += _subscribe(settings.topic, wanted, starts, sns, progress)
    return changed


def _installations(tools: Tools) -> Iterator[Installation]:
    pages, after = InstallationPages(tools.engine), ("", "")
    while page := pages.active(Provider.SNS, after, PAGE):
        yield from page
        after = (page[-1].tenant, page[-1].id)


def _disable(doubted: list[Installation], sns: SnsUpkeep, tools: Tools, progress: Progress) -> int:
    targets, disabled = PostgresPushTargets(tools.engine), 0
    for number, each in enumerate(doubted, 1):
        wrong = sns.what_is_wrong(each.push_token)
        if wrong is not None:
            disabled += progress.dry_run or targets.disable(
                each.tenant, each.id, token_at=each.token_at, at=tools.now, reason=wrong
            )
        progress.at(number, len(doubted), "endpoints asked about")
    progress.did(f"{disabled:,} installations disabled")
    return disabled


def _subscribe(topic: str, wanted: set[str], starts: tuple[str, ...], sns: SnsUpkeep, progress: Progress) -> int:
    """Subscriptions of endpoints in other applications are somebody else's."""
    there = sns.subscriptions(topic)
    missing = sorted(wanted - there.keys())
    surplus = sorted(endpoint for endpoint in there.keys() - wanted if endpoint.startswith(starts))
    if not progress.dry_run:
        for number, endpoint in enumerate(missing, 1):
            sns.subscribe(topic, endpoint)
            progress.at(number, len(missing), "endpoints subscribed")
        for number, endpoint in enumerate(surplus, 1):
            sns.unsubscribe(there[endpoint])
            progress.at(number, len(surplus), "subscriptions ended")
    progress.did(f"{len(missing):,} endpoints subscribed, {len(surplus):,} subscriptions ended")
    return len(missing) + len(surplus)


TASK = Task("disable installations whose SNS endpoint is no use, repair the topic's subscriptions", run, (SnsSettings,))
