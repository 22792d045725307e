"use strict";
// The page of the double: shows one user's chat with the bot, and lets that user write, press and block.
// Everything from messages goes into the page as text, never as markup.

const element = (id) => document.getElementById(id);
const state = { user: null, users: [], commands: {}, revision: null, replyTo: null, bot: null, prompt: 0 };

function made(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

async function act(action, body) {
  const answer = await fetch(`/double/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  element("problem").textContent = said.ok ? "" : said.description;
  return said.ok;
}

function me() {
  return state.users.find((user) => user.id === state.user);
}

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote" };

// Offsets of entities count UTF-16 code units, as the places in a string of JavaScript do.
function formatted(text, entities) {
  const whole = document.createDocumentFragment();
  const cuts = new Set([0, text.length]);
  for (const each of entities) { cuts.add(each.offset); cuts.add(each.offset + each.length); }
  const places = [...cuts].sort((a, b) => a - b);
  for (let i = 0; i + 1 < places.length; i++) {
    let node = document.createTextNode(text.slice(places[i], places[i + 1]));
    for (const each of entities) {
      if (each.offset > places[i] || each.offset + each.length < places[i + 1]) continue;
      const outer = wrapper(each, text);
      if (outer) { outer.append(node); node = outer; }
    }
    whole.append(node);
  }
  return whole;
}

function wrapper(entity, text) {
  const word = text.slice(entity.offset, entity.offset + entity.length);
  if (entity.type === "bot_command") {
    const button = made("a");
    button.href = "#";
    button.addEventListener("click", (event) => { event.preventDefault(); send(word); });
    return button;
  }
  if (entity.type === "url" || entity.type === "text_link") return link(entity.url || word);
  return TAGS[entity.type] ? made(TAGS[entity.type]) : null;
}

function link(address) {
  const node = made("a");
  if (/^https?:\/\//.test(address)) {
    node.href = address;
    node.target = "_blank";
    node.rel = "noreferrer noopener";
  }
  return node;
}

function keyboard(message) {
  const rows = made("div");
  for (const row of message.reply_markup.inline_keyboard) {
    const line = made("div", undefined, "keyboard");
    for (const button of row) {
      if (button.url) {
        const node = link(button.url);
        node.textContent = button.text;
        line.append(node);
        continue;
      }
      const node = made("button", button.text);
      node.type = "button";
      node.addEventListener("click", () =>
        act("press", { user_id: state.user, message_id: message.message_id, data: button.callback_data }));
      line.append(node);
    }
    rows.append(line);
  }
  return rows;
}

function bubble(message) {
  const isMine = message.from.id === state.user;
  const node = made("article", undefined, isMine ? "message mine" : "message");
  if (message.reply_to_message) node.append(made("div", message.reply_to_message.text || "…", "quote"));
  if (message.document) {
    const file = made("a", `📎 ${message.document.file_name} (${message.document.file_size} bytes)`);
    file.href = `/double/file/${encodeURIComponent(message.document.file_id)}`;
    file.download = message.document.file_name;
    const line = made("div");
    line.append(file);
    node.append(line);
  }
  const text = message.text || message.caption || "";
  node.append(formatted(text, message.entities || message.caption_entities || []));
  const markup = message.reply_markup || {};
  if (markup.inline_keyboard) node.append(keyboard(message));
  const time = new Date(message.date * 1000).toLocaleTimeString();
  node.append(made("span", message.edit_date ? `${time}, edited` : time, "meta"));
  return node;
}

function show(found) {
  state.users = found.users;
  state.commands = found.commands;
  state.bot = found.bot;
  element("bot-name").textContent = `${found.bot.first_name} @${found.bot.username}`;
  const chosen = element("user");
  chosen.replaceChildren(...found.users.map((user) => {
    const option = made("option", `${user.first_name} (${user.language_code}, ${user.id})`);
    option.value = user.id;
    option.selected = user.id === state.user;
    return option;
  }));
  const user = me();
  element("block").textContent = user && user.has_blocked ? "Unblock the bot" : "Block the bot";
  element("block").setAttribute("aria-pressed", String(Boolean(user && user.has_blocked)));
  const messages = element("messages");
  messages.replaceChildren(...found.messages.map(bubble));
  messages.scrollTop = messages.scrollHeight;
  const asked = found.messages.find((message) => message.message_id === found.asks_reply_to);
  if (asked && state.prompt !== asked.message_id) {
    state.prompt = asked.message_id;
    replyTo(asked);
  }
  showCommands(user);
}

function showCommands(user) {
  const commands = (user && state.commands[user.language_code]) || state.commands[""] || [];
  element("commands").replaceChildren(...commands.map((each) => {
    const button = made("button", `/${each.command}`);
    button.type = "button";
    button.title = each.description;
    button.addEventListener("click", () => send(`/${each.command}`));
    return button;
  }));
}

function replyTo(message) {
  state.replyTo = message ? message.message_id : null;
  element("replying").hidden = !message;
  element("replying-to").textContent = message ? `Reply to: ${message.text}` : "";
  if (message) element("text").focus();
}

async function send(text) {
  const body = { user_id: state.user, text };
  if (state.replyTo && !text.startsWith("/")) body.reply_to = state.replyTo;
  if (await act("write", body)) replyTo(null);
}

async function watch() {
  for (;;) {
    try {
      const query = new URLSearchParams({ user_id: state.user || 0 });
      if (state.revision !== null) query.set("revision", state.revision);
      const user = state.user;
      const answer = await fetch(`/double/state?${query}`);
      const found = await answer.json();
      if (user !== state.user) continue;
      state.revision = found.revision;
      if (state.user === null && found.users.length) { state.user = found.users[0].id; state.revision = null; continue; }
      show(found);
    } catch {
      element("problem").textContent = "The double does not answer.";
      await new Promise((resolve) => setTimeout(resolve, 2000));
      state.revision = null;
    }
  }
}

element("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = element("text").value.trim();
  if (text && state.user) { element("text").value = ""; send(text); }
});
element("user").addEventListener("change", async (event) => {
  state.user = Number(event.target.value);
  state.revision = null;
  replyTo(null);
  const found = await (await fetch(`/double/state?user_id=${state.user}`)).json();
  show(found);
});
element("no-reply").addEventListener("click", () => replyTo(null));
element("block").addEventListener("click", () =>
  act("block", { user_id: state.user, has_blocked: !(me() || {}).has_blocked }));
element("user-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const id = Number(element("user-id").value);
  const user = { id, first_name: element("user-name").value, language_code: element("user-language").value };
  if (await act("user", user)) {
    state.user = id;
    state.revision = null;
    element("new-user").open = false;
  }
});
element("user-id").value = String(Math.floor(100000 + Math.random() * 900000));
watch();
