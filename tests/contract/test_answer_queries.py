"""Reads of the replies that chats wait for."""

from domain.chat import ChatMessageId, Citation, MessageStatus
from tests.support.backend import Backend
from tests.support.given import asked, stored_member, stored_session


async def test_answer_queries_find_replies_as_they_are_stored(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    waiting, ended = await asked(backend, session), await asked(backend, session)
    citation = Citation(1, backend.ids.new(), "Stops", "Part", 3, "They limit losses.")
    async with backend.unit_of_work() as work:
        reply = await work.chat_messages.get(ended.id)
        reply.begin(backend.clock.now())
        reply.complete("They limit losses [1].", backend.clock.now(), citations=[citation], tokens_used=7)
        await work.chat_messages.save(reply)
        await work.commit()
    unknown = ChatMessageId(backend.ids.new())

    found = await backend.answers.replies([ended.id, unknown, waiting.id])

    assert found == {waiting.id: waiting.snapshot(), ended.id: reply.snapshot()}
    assert found[ended.id].citations == (citation,)
    assert found[waiting.id].status is MessageStatus.STREAMING


async def test_answer_queries_wait_for_nobody_who_writes(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await asked(backend, session)
    async with backend.unit_of_work() as work:
        changing = await work.chat_messages.get(reply.id)
        changing.begin(backend.clock.now())
        await work.chat_messages.save(changing)
        meanwhile = await backend.answers.replies([reply.id])
        await work.commit()
    after = await backend.answers.replies([reply.id])

    assert [meanwhile[reply.id].is_streaming, after[reply.id].is_streaming] == [False, True]


async def test_answer_queries_for_none_find_none(backend: Backend) -> None:
    assert await backend.answers.replies([]) == {}
