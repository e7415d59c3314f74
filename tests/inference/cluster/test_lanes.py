import threading
import time

import pytest

from imgan.inference.cluster.lanes import Lanes


def test_one_that_is_alone_has_no_company() -> None:
    lanes = Lanes()
    inside: list[int] = []
    seen: list[tuple[bool, int]] = []
    lock = threading.Lock()

    def work(alone: bool) -> None:
        for _ in range(20):
            with lanes.enter(alone=alone):
                with lock:
                    inside.append(1)
                    seen.append((alone, len(inside)))
                time.sleep(0.0005)
                with lock:
                    inside.pop()

    threads = [threading.Thread(target=work, args=(n == 0,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(seen) == 80
    assert {count for alone, count in seen if alone} == {1}
    assert max(count for alone, count in seen if not alone) > 1


def test_a_failure_inside_makes_room() -> None:
    lanes, entered = Lanes(), threading.Event()
    for alone in (True, False, True):
        with pytest.raises(KeyError), lanes.enter(alone=alone):
            raise KeyError

    def enter() -> None:
        with lanes.enter(alone=True):
            entered.set()

    threading.Thread(target=enter, daemon=True).start()
    assert entered.wait(10)
