"""Error answers in Salesforce's shapes."""

from sage_operator.simulators.wire import Answer, Refusal, dumps


def refusal(status: int, code: str, message: str) -> Refusal:
    """An error of the REST API: an array of one."""
    return Refusal(Answer.json([{"message": message, "errorCode": code}], status=status))


def oauth_refusal(error: str, description: str) -> Refusal:
    """An error of the token endpoint."""
    return Refusal(Answer.json({"error": error, "error_description": description}, status=400))


def fault_body(status: int) -> bytes:
    """The body of an answer that an injected fault gives."""
    code, message = _FAULTS.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    return dumps([{"message": message, "errorCode": code}])


_FAULTS = {
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable"),
}
