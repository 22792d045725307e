"""What was learned of whom to treat, as it is shown. SQL is in `warehouse.policies`, learning in `orchestration`."""

from backend.access.origin import Origin
from backend.access.principal import Principal
from backend.audit.recording import entry
from backend.errors import Conflict, NotFound
from backend.policies.schemas import PolicyAnswer, PolicyList, PolicyReport
from backend.resources import Resources
from warehouse import policies as store
from warehouse.database import execute_async
from warehouse.policies import PolicyRow

_REPORTED = ("is_out_of_time", "contacted_share", "telling_features", "rankings", "bins", "values")


async def listed(resources: Resources) -> PolicyList:
    """The newest fifty, and the one in use."""
    found = [_shown(each) for each in await resources.database.run(store.policies())]
    return PolicyList(in_use=next((each for each in found if each.is_in_use), None), policies=found)


async def report(resources: Resources, policy_id: int) -> PolicyReport:
    """One policy with how it was judged. Raises NotFound."""
    found = await resources.database.run(store.policy(policy_id))
    if found is None:
        raise NotFound("There is no such policy.")
    return PolicyReport(**dict(_shown(found)), **{name: found.report[name] for name in _REPORTED})


async def end(resources: Resources, principal: Principal, origin: Origin) -> PolicyList:
    """Takes the policy in use out of use. Raises Conflict where there is none."""
    async with resources.database.transaction() as connection:
        in_use = await execute_async(connection, store.policy_in_use())
        if in_use is None:
            raise Conflict("No policy is in use.")
        await execute_async(connection, store.end_policy(principal.name))
        await execute_async(connection, entry(principal, origin, "policy:end", f"policy:{in_use.policy_id}"))
    return await listed(resources)


def _shown(row: PolicyRow) -> PolicyAnswer:
    names = set(PolicyAnswer.model_fields) - {"campaigns"}
    return PolicyAnswer(campaigns=len(row.campaigns), **{name: getattr(row, name) for name in names})
