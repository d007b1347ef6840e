from sage_operator.forcemanager.course import Breaker


def test_three_unclear_writes_in_a_row_are_enough() -> None:
    """One in between that works starts the count anew; so does tripping."""
    breaker = Breaker()
    assert [breaker.unclear("x"), breaker.unclear("x")] == [None, None]
    breaker.works()
    assert [breaker.unclear("x"), breaker.unclear("x")] == [None, None]
    failure = breaker.unclear("Cut.")
    assert failure is not None
    assert failure.message == "The outcome of 3 writes in a row is unclear. Cut."
    assert breaker.unclear("x") is None


def test_sixteen_refused_records_in_a_row_are_enough() -> None:
    """The message is ForceManager's last one; one record that is taken starts the count anew."""
    breaker = Breaker()
    assert [breaker.refused("x") for _ in range(15)] == [None] * 15
    breaker.works()
    assert [breaker.refused("x") for _ in range(15)] == [None] * 15
    failure = breaker.refused("No VAT.")
    assert failure is not None
    assert failure.message == "ForceManager refused 16 records in a row and took none. No VAT."
