"""What each room of the bot has to say. Fields in braces are filled in."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicTexts:
    """Welcome and help."""

    welcome: str
    guides_button: str
    saved_button: str
    help_button: str
    site_button: str
    help_title: str
    help_group: str
    help_aliases: str
    ask_instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideTexts:
    """The library and one's collection."""

    categories: str
    no_guides: str
    category: str
    category_empty: str
    pages: str
    part: str
    levels: Mapping[str, str]
    no_body: str
    save: str
    unsave: str
    saved: str
    unsaved: str
    read: str
    unread: str
    marked_read: str
    marked_unread: str
    next: str
    next_page: str
    previous_page: str
    next_part: str
    previous_part: str
    back: str
    page_button: str
    collection: str
    collection_empty: str
    search_usage: str
    search_none: str
    search_found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTexts:
    """The assistant and one's conversations."""

    ask_usage: str
    began: str
    history: str
    history_empty: str
    chosen: str
    chosen_last: str
    stopped: str
    nothing_runs: str
    nothing_begun: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTexts:
    """The web account, the language and one's figures."""

    link_usage: str
    link_exposed: str
    link_question: str
    web_gains: str
    telegram_gains: str
    needs_password: str
    confirm: str
    decline: str
    linked: str
    awaiting_password: str
    declined: str
    unlink_question: str
    unlink_confirm: str
    keep: str
    unlinked: str
    kept: str
    not_linked: str
    language_question: str
    language_chosen: str
    stats: str
    stats_time: str
    stats_no_time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsTexts:
    """The newsletter and the plans, as long as there are none."""

    newsletter: str
    mute: str
    unmute: str
    muted: str
    unmuted: str
    no_plans: str
    no_subscription: str
    nothing_to_cancel: str
    paysupport: str
    terms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminTexts:
    """The menu of those who run the community."""

    menu: str
    members: str
    broadcasts: str
    no_broadcasts: str
    distribution: str
    no_distribution: str
    states: Mapping[str, str]
    providers: str
    health: Mapping[str, str]
    refresh: str
    dead_letters: str
    no_dead_letters: str
    dead_letter: str
    replay: str
    replay_all: str
    replayed: str
    replayed_all: str
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberTexts:
    """The members, for those who run the community. `actions`, `questions` and `done` by what is done."""

    title: str
    found: str
    none: str
    how: str
    more: str
    banned: str
    role: str
    web: str
    not_verified: str
    telegram: str
    has_blocked: str
    since: str
    is_banned: str
    own: str
    grants: str
    no_grants: str
    earlier: str
    sources: Mapping[str, str]
    granted: str
    until: str
    actions: Mapping[str, str]
    questions: Mapping[str, str]
    done: Mapping[str, str]
    yes: str
    no: str
    back: str
