"""Installations that nobody uses any more."""

from push_service.tasks.days import days_before
from push_service.tasks.progress import Progress
from push_service.tasks.task import Task, Tools
from storage.postgres.push_targets import PostgresPushTargets
from storage.postgres.stale_installations import StaleInstallations


def run(tools: Tools, progress: Progress) -> int:
    """Disables those that have not refreshed for long, and removes those that are disabled for long. Returns both."""
    stale, targets = StaleInstallations(tools.engine), PostgresPushTargets(tools.engine)
    unrefreshed = days_before(tools.now, tools.tasks.stale_days)
    disabled = days_before(tools.now, tools.tasks.disabled_days)
    batch, pause = tools.tasks.batch, tools.tasks.pause_seconds
    count = progress.in_batches(
        lambda limit: stale.disable(unrefreshed, tools.now, limit),
        total=stale.count(unrefreshed),
        batch=batch,
        pause=pause,
        what="stale installations disabled",
    )
    return count + progress.in_batches(
        lambda limit: targets.remove_disabled(disabled, limit),
        total=targets.count_disabled(disabled),
        batch=batch,
        pause=pause,
        what="disabled installations removed",
    )


TASK = Task("disable installations that do not refresh, remove those long disabled", run)
