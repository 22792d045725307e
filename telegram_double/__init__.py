"""A double of Telegram's Bot API, for tests and for trying the bot without Telegram.

A small HTTP server that speaks the protocol: updates by long polling or webhook, messages with entities and keyboards,
files, rate limits, and the error bodies of the real one. Its page looks like a chat. Belongs here: what Telegram would
do. Does not belong here: what the bot says (`bot`), and anything of the shop.

    errors.py      the refusals, in Telegram's words
    entities.py    formatted text: HTML in, entities out; commands, links and mentions found in plain text
    limits.py      how many messages may be sent
    world.py       users, chats, messages, and the queue of updates
    delivery.py    updates to whoever polls, or to the webhook
    parameters.py  what a request brings, checked
    methods.py     the methods of the Bot API
    faults.py      faults on demand, for tests of senders
    control.py     what a person does in the page: write, press, block
    app.py         the HTTP routes
"""
