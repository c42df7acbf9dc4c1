"""Names from the vault, for a reader the policy lets see them; logged before they are shown."""

from dashboards.ask import Ask
from lake.errors import IdentityConflict
from registry.policy import Data
from registry.vault import Identity


def identities_of(ask: Ask, worker_keys: list[int]) -> dict[int, Identity]:
    """Identities of workers that `models.access` has shown to be in the viewer's scope.

    Empty when the policy does not open identities to this reader, or the vault does not know one of them.
    """
    decision = ask.decide(Data.IDENTITY)
    if not decision.allowed or not worker_keys:
        return {}
    ask.ground.audit.record_each(
        ask.viewer, "identity", sorted(set(worker_keys)), detail="vault", purpose="page", article=decision.article
    )
    try:
        return ask.ground.vault.identities(worker_keys)
    except IdentityConflict:
        return {}


def full_name(identity: Identity) -> str:
    return f"{(identity.usage_name or identity.birth_name).upper()} {identity.first_names.title()}"
