"""What a test begins with: members, guides and conversations, committed into a backend."""

from application.ports.guides import IndexedPassage
from domain.chat import (
    ChatMessage,
    ChatMessageId,
    ChatSession,
    ChatSessionId,
    LLMProvider,
    SessionSettings,
)
from domain.guides import Guide, GuideContent, GuideId, SavedGuide, SavedGuideId
from domain.identity import (
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    Role,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
    User,
    UserId,
)
from tests.support.backend import Backend


def new_member(
    backend: Backend, *, email: str | None = None, username: str | None = None, role: Role = Role.PUBLIC
) -> Member:
    """A member with a web account that nobody has stored yet."""
    now = backend.clock.now()
    user = User(UserId(backend.ids.new()), email, username, "a hash", created_at=now, updated_at=now)
    member = Member(MemberId(backend.ids.new()), created_at=now, updated_at=now, user=user)
    if role > Role.PUBLIC:
        member.grants.append(new_grant(backend, role))
    return member


def new_telegram_member(
    backend: Backend, telegram_id: int = 5_000_000_000, *, role: Role = Role.PUBLIC, **names: str | None
) -> Member:
    """A member with a Telegram account that nobody has stored yet."""
    now = backend.clock.now()
    profile = TelegramProfile(telegram_id, **names)
    account = TelegramUser.register(TelegramUserId(backend.ids.new()), profile, now)
    member = Member(MemberId(backend.ids.new()), created_at=now, updated_at=now, telegram=account)
    if role > Role.PUBLIC:
        member.grants.append(new_grant(backend, role))
    return member


async def stored_telegram_member(
    backend: Backend, telegram_id: int = 5_000_000_000, *, role: Role = Role.PUBLIC, **names: str | None
) -> Member:
    """A member who came by Telegram."""
    member = new_telegram_member(backend, telegram_id, role=role, **names)
    await added(backend, member)
    return member


async def added(backend: Backend, *members: Member) -> None:
    """Store these members."""
    async with backend.unit_of_work() as work:
        for member in members:
            await work.members.add(member, backend.clock.now())
        await work.commit()


def new_grant(backend: Backend, role: Role, source: GrantSource = GrantSource.MANUAL) -> Grant:
    """A grant without an end."""
    return Grant(GrantId(backend.ids.new()), role, source, None, "for the test", None, backend.clock.now())


async def stored_member(backend: Backend, name: str = "ada", role: Role = Role.PUBLIC) -> Member:
    """A member with this username and an email to match."""
    member = new_member(backend, email=f"{name}@example.org", username=name, role=role)
    await added(backend, member)
    return member


def new_guide(
    backend: Backend,
    title: str = "Position sizing",
    *,
    category: str = "risk",
    role: Role = Role.PUBLIC,
    source_path: str | None = None,
    **content: object,
) -> Guide:
    """A guide that nobody has stored yet."""
    checked = GuideContent.checked(title=title, category=category, minimum_role=role, **content)
    return Guide.create(GuideId(backend.ids.new()), checked, backend.clock.now(), source_path)


async def stored_guide(
    backend: Backend, title: str = "Position sizing", *, terms: tuple[str, ...] = (), **fields: object
) -> Guide:
    """A guide in the library, with one passage of these terms when there are any."""
    guide = new_guide(backend, title, **fields)
    async with backend.unit_of_work() as work:
        await work.guides.add(guide)
        if terms:
            await work.passages.replace(guide.id, [passage(terms)])
        await work.commit()
    return guide


def passage(terms: tuple[str, ...], *, position: int = 0, title_terms: tuple[str, ...] = ()) -> IndexedPassage:
    """An indexed passage that holds these terms."""
    return IndexedPassage(
        position=position,
        heading=f"Part {position}",
        text=" ".join(terms),
        line=position * 10,
        terms=terms,
        title_terms=title_terms,
    )


async def stored_saved_guide(backend: Backend, member: Member, guide: Guide) -> SavedGuide:
    """The guide in the member's collection."""
    saved = SavedGuide(SavedGuideId(backend.ids.new()), member.id, guide.id, backend.clock.now())
    async with backend.unit_of_work() as work:
        await work.saved_guides.add(saved)
        await work.commit()
    return saved


def new_session(
    backend: Backend,
    owner: Member,
    title: str | None = None,
    *,
    provider: LLMProvider = LLMProvider.LOCAL,
    model: str = "guide-reader",
) -> ChatSession:
    """A session that nobody has stored yet."""
    return ChatSession.start(
        ChatSessionId(backend.ids.new()),
        owner.id,
        backend.clock.now(),
        title=title,
        llm_provider=provider,
        llm_model=model,
        settings=SessionSettings(),
    )


async def stored_session(backend: Backend, owner: Member, title: str | None = None, **fields: object) -> ChatSession:
    """A session without messages."""
    session = new_session(backend, owner, title, **fields)
    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(session)
        await work.commit()
    return session


async def posted(backend: Backend, session: ChatSession, content: str = "How much should I risk?") -> ChatMessage:
    """A member's message in the session's next place."""
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        seq = await work.chat_sessions.allocate_seq(session.id, 1, now)
        message = ChatMessage.by_member(
            ChatMessageId(backend.ids.new()), session.id, seq, session.user_id, content, now
        )
        await work.chat_messages.add(message)
        await work.commit()
    return message


async def asked(backend: Backend, session: ChatSession) -> ChatMessage:
    """A reply to come in the session's next place."""
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        seq = await work.chat_sessions.allocate_seq(session.id, 1, now)
        reply = ChatMessage.reply(ChatMessageId(backend.ids.new()), session, seq, now)
        await work.chat_messages.add(reply)
        await work.commit()
    return reply


async def begun(backend: Backend, reply: ChatMessage) -> ChatMessage:
    """The reply, streaming."""
    async with backend.unit_of_work() as work:
        message = await work.chat_messages.get(reply.id)
        message.begin(backend.clock.now())
        await work.chat_messages.save(message)
        await work.commit()
    return message
