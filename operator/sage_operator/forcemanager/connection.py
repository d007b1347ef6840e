"""One run's way to a tenant: signed in, paced together with all others, counted by itself."""

from collections.abc import Awaitable, Callable, Mapping

from sage_operator.forcemanager.session import Keys, Session, read_token
from sage_operator.forcemanager.tenant import Tenant
from sage_operator.sync.errors import CredentialsRejected
from sage_operator.telemetry.redaction import protect
from sage_operator.transport import Answer

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}
# Repeating these has no further effect; a POST has.
_REPEATABLE = {"GET", "PUT", "DELETE"}


class Connection:
    """Sends requests for one run."""

    def __init__(self, tenant: Tenant, session: Session) -> None:
        self.tenant = tenant
        self.requests = 0
        """How many this run has sent, sign-in and repetitions included."""
        self._session = session

    async def sign_in(self) -> str:
        """Return the session token; there is a request only if none is at hand.

        Raises:
            CredentialsRejected: the keys are wrong.
        """
        return await self._session.token(self._login)

    async def call(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        intend: Callable[[], Awaitable[None]] | None = None,
        repeatable: bool = False,
    ) -> Answer:
        """Send a request and return the answer, whatever its status; after a 401, which has no effect, signed in anew.

        `intend` is awaited once, when it is this request's turn and before anything of it is sent. `repeatable`: a POST
        that has no effect.

        Raises:
            CredentialsRejected: the keys, or a session just opened, are refused.
            Unavailable: no answer; it had no effect, or is one that can be repeated.
            UnclearAnswer: no answer to a POST that may have taken effect.
        """
        intentions = [intend] if intend is not None else []

        async def before() -> None:
            await self.tenant.pacer.wait()
            while intentions:
                await intentions[0]()
                intentions.pop()

        async def send(token: str) -> Answer:
            async with self.tenant.slots:
                return await self.tenant.client.send(
                    method,
                    path,
                    operation=operation,
                    repeatable=repeatable or method in _REPEATABLE,
                    headers={**_JSON, **(headers or {}), "X-Session-Key": token},
                    params=params,
                    content=content,
                    before=before,
                    sent=self._count,
                    throttled=self.tenant.pacer.pause,
                )

        token = await self.sign_in()
        answer = await send(token)
        if answer.status == 401:
            self._session.expired(token)
            answer = await send(await self.sign_in())
            if answer.status == 401:
                raise CredentialsRejected(
                    "ForceManager refuses the session that it has just opened with this key pair."
                )
        return answer

    async def _login(self, keys: Keys) -> str:
        answer = await self.tenant.client.send(
            "POST",
            "/login",
            operation="login",
            repeatable=True,
            headers=_JSON,
            content=keys.login_body(),
            before=self.tenant.pacer.wait,
            sent=self._count,
        )
        try:
            token = read_token(answer)
        except CredentialsRejected:
            self.tenant.discard(self._session)
            raise
        protect(token)
        self.tenant.adopt(self._session)
        return token

    def _count(self) -> None:
        self.requests += 1
