"""A prompt that is scored and an adapter are never in one batch of vLLM for processors."""

import asyncio

from garage_tui.jobs.serve.vllm.exclusive_kinds import ExclusiveKinds


async def test_requests_of_one_kind_go_together_and_those_of_the_other_wait():
    turns = ExclusiveKinds()
    first, second = await turns.take("adapter"), await turns.take("adapter")
    waiting = asyncio.create_task(turns.take("scored prompt"))
    first()
    first()  # twice is once
    await asyncio.sleep(0.15)
    assert not waiting.done()
    second()
    end = await asyncio.wait_for(waiting, 5)
    late = asyncio.create_task(turns.take("adapter"))
    await asyncio.sleep(0.15)
    assert not late.done()
    end()
    await asyncio.wait_for(late, 5)


async def test_a_client_that_leaves_while_it_waits_takes_no_turn():
    turns = ExclusiveKinds()
    end = await turns.take("scored prompt")
    waiting = asyncio.create_task(turns.take("adapter"))
    await asyncio.sleep(0.1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(turns.take("scored prompt"), 5)
    end()
