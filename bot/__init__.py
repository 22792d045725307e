"""The Telegram bot: what it does with an update, and the words it answers with. It talks to the API over HTTP alone.

    settings.py       what it reads from its environment
    api.py            the calls of the API
    updates.py        where updates come from, and the loop that hands them out
    turn.py           one update while it is answered: who asks, in which language, and how to reply
    sending.py        messages out, with what Telegram's refusals mean
    events.py         updates and answers as events
    languages.py      which language each user has chosen
    inbox.py          what people of the shop answer to feedback
    routing.py        which update gets which answer
    answers/          the answers, a module a command
    timing.py         where the time of an answer goes
    texts.py          gettext catalogues (locales/*.po)

Does not belong here: the database, models, and which words a marketer may change (templates, in the API).
"""
