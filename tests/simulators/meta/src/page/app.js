// The phone page: play one of several customers and chat with a business. State comes from the
// simulator's server; server-sent events keep it live. No framework, no build step.

import { el, hueOf, initials, sync, tickIcon } from "./dom.js";
import { formatPhone, formatTime, formatListTime, dayKey, dayLabel } from "./format.js";

const SUGGESTIONS = ["¿A qué hora abren el sábado?", "¿Dónde están ubicados?", "¿Qué medios de pago reciben?"];
const $ = (id) => document.getElementById(id);

const state = {
  numbers: [],
  numberId: null,
  people: new Map(), // wa_id -> {wa_id, name, last, unread, sequence}
  current: null, // wa_id
  thread: [], // messages of the current conversation
  typingUntil: new Map(), // wa_id -> ms
  handedOver: new Set(),
  handoverAvailable: false,
  sending: false,
  live: true,
  error: "",
};

async function api(path, body) {
  const options = body
    ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
    : {};
  const response = await fetch(path, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `HTTP ${response.status}`);
  return answer;
}

const threadKey = (waId) => `${state.numberId}|${waId}`;
const businessNumber = () => state.numbers.find((n) => n.phone_number_id === state.numberId);

// ---- loading -------------------------------------------------------------------------------

async function loadState() {
  const query = state.numberId ? `?phone_number_id=${encodeURIComponent(state.numberId)}` : "";
  const answer = await api(`/api/state${query}`);
  state.numbers = answer.numbers;
  state.numberId = answer.phone_number_id;
  state.handedOver = new Set(answer.handed_over);
  state.handoverAvailable = answer.handover_available;
  state.people = new Map(answer.conversations.map((person) => [person.wa_id, person]));
  if (state.current && !state.people.has(state.current)) state.current = null;
  if (!state.current && window.matchMedia("(min-width: 761px)").matches) {
    state.current = answer.conversations[0]?.wa_id ?? null;
  }
  await loadThread();
}

async function loadThread() {
  state.thread = [];
  const waId = state.current;
  if (waId) {
    const query = new URLSearchParams({ phone_number_id: state.numberId, wa_id: waId });
    const answer = await api(`/api/messages?${query}`);
    if (state.current !== waId) return;
    state.thread = answer.messages;
    state.typingUntil.set(waId, Date.now() + answer.typing_ms);
  }
  render();
  scrollToEnd();
  markRead();
}

function markRead() {
  const person = state.people.get(state.current);
  if (!person || document.hidden || !chatVisible()) return;
  if (!person.unread) return;
  person.unread = 0;
  api("/api/read", { phone_number_id: state.numberId, wa_id: person.wa_id }).catch(() => {});
  renderPeople();
}

const chatVisible = () =>
  window.matchMedia("(min-width: 761px)").matches || $("app").dataset.view === "chat";

// ---- what the user does --------------------------------------------------------------------

async function open(waId) {
  state.current = waId;
  $("app").dataset.view = "chat";
  await loadThread();
  $("composer").focus();
}

async function newCustomer() {
  $("new-customer").disabled = true;
  try {
    const person = await api("/api/customers", { phone_number_id: state.numberId });
    state.people.set(person.wa_id, person);
    await open(person.wa_id);
  } catch (error) {
    showError(`No se pudo crear el cliente: ${error.message}`);
  } finally {
    $("new-customer").disabled = false;
  }
}

async function send(text) {
  if (!text.trim() || state.sending) return;
  state.sending = true;
  try {
    if (!state.current) await newCustomer();
    await api("/api/messages", { phone_number_id: state.numberId, wa_id: state.current, text });
    $("composer").value = "";
    state.error = "";
    if (state.live !== true) await loadState();
  } catch (error) {
    showError(`El mensaje no salió: ${error.message}`);
  } finally {
    state.sending = false;
    fitComposer();
    renderNotice();
    $("composer").focus();
  }
}

async function release() {
  $("release").disabled = true;
  try {
    await api("/api/release", { phone_number_id: state.numberId, wa_id: state.current });
    state.handedOver.delete(threadKey(state.current));
  } catch (error) {
    showError(`No se pudo liberar la conversación: ${error.message}`);
  } finally {
    $("release").disabled = false;
    render();
  }
}

function showError(text) {
  state.error = text;
  renderNotice();
}

// ---- live events ---------------------------------------------------------------------------

function onMessage(event) {
  if (event.phone_number_id !== state.numberId) return;
  const { message, wa_id: waId } = event;
  const person = state.people.get(waId) ?? { wa_id: waId, name: event.name ?? formatPhone(waId), unread: 0 };
  person.last = message;
  person.sequence = message.sequence;
  if (message.direction === "from_business") {
    person.unread += 1;
    state.typingUntil.delete(waId);
  }
  state.people.set(waId, person);
  if (waId === state.current && !state.thread.some((m) => m.wamid === message.wamid)) {
    state.thread.push({ ...message, isNew: true });
  }
  render();
  if (waId === state.current) scrollToEnd();
  markRead();
}

function onWebhook(event) {
  if (event.phone_number_id !== state.numberId) return;
  replaceMessage(event.message.wamid, (old) => ({ ...event.message, isNew: old.isNew }));
}

function onBusinessRead(event) {
  if (event.phone_number_id !== state.numberId) return;
  for (const wamid of event.wamids) replaceMessage(wamid, (old) => ({ ...old, read_by_business: true }));
  if (event.typing_ms > 0) {
    state.typingUntil.set(event.wa_id, Date.now() + event.typing_ms);
    setTimeout(render, event.typing_ms + 50);
  }
  render();
  if (event.wa_id === state.current) scrollToEnd();
}

function replaceMessage(wamid, change) {
  const at = state.thread.findIndex((message) => message.wamid === wamid);
  if (at >= 0) state.thread[at] = change(state.thread[at]);
  for (const person of state.people.values()) {
    if (person.last?.wamid === wamid) person.last = change(person.last);
  }
  render();
}

function listen() {
  const events = new EventSource("/api/events");
  const on = (name, handle) => events.addEventListener(name, (e) => handle(JSON.parse(e.data)));
  on("message", onMessage);
  on("webhook", onWebhook);
  on("business_read", onBusinessRead);
  on("handed_over", (keys) => { state.handedOver = new Set(keys); render(); });
  on("handover_available", (available) => { state.handoverAvailable = available; render(); });
  events.onopen = () => {
    state.live = true;
    // Whatever happened while the line was down.
    loadState().catch((error) => showError(`No se pudo cargar: ${error.message}`));
  };
  events.onerror = () => {
    state.live = events.readyState === EventSource.CLOSED ? "full" : false;
    renderNotice();
  };
}

// ---- drawing -------------------------------------------------------------------------------

function render() {
  renderPeople();
  renderHead();
  renderThread();
  renderNotice();
}

function renderPeople() {
  const people = [...state.people.values()].sort((a, b) => (b.sequence ?? 0) - (a.sequence ?? 0));
  $("people-empty").hidden = people.length > 0;
  sync($("customer-list"), people.map((person) => ({
    key: person.wa_id,
    content: JSON.stringify([person, person.wa_id === state.current, state.handedOver.has(threadKey(person.wa_id))]),
    build: () => el("li", {}, personButton(person)),
  })));

  $("number-picker").hidden = state.numbers.length < 2;
  sync($("number-select"), state.numbers.map((number) => ({
    key: number.phone_number_id,
    content: number.name,
    build: () => el("option", { value: number.phone_number_id }, number.name),
  })));
  $("number-select").value = state.numberId ?? "";
}

function personButton(person) {
  const { last } = person;
  const mine = last?.direction === "from_customer";
  const preview = el("span", { class: "person-last" });
  if (mine) preview.append(tick(last));
  preview.append(el("span", {}, last?.text ?? formatPhone(person.wa_id)));
  const mark = person.unread
    ? el("span", { class: "unread", "aria-label": `${person.unread} sin leer` }, String(person.unread))
    : state.handedOver.has(threadKey(person.wa_id))
      ? el("span", { class: "flag" }, "persona")
      : el("span");
  const button = el(
    "button",
    { class: "person", type: "button", "data-testid": "customer", "data-wa-id": person.wa_id },
    el("span", { class: `avatar hue-${hueOf(person.wa_id)}`, "aria-hidden": "true" }, initials(person.name)),
    el("span", { class: "person-name" }, person.name),
    el("span", { class: "person-time" }, last ? formatListTime(last.at) : ""),
    preview,
    mark,
  );
  if (person.wa_id === state.current) button.setAttribute("aria-current", "true");
  button.addEventListener("click", () => open(person.wa_id));
  return button;
}

const isTyping = () => (state.typingUntil.get(state.current) ?? 0) > Date.now();

function renderHead() {
  const number = businessNumber();
  $("business-name").textContent = number?.name ?? "Sin negocio";
  $("business-avatar").textContent = initials(number?.name ?? "?");
  const line = $("business-line");
  line.classList.toggle("is-typing", isTyping());
  line.textContent = isTyping() ? "escribiendo…" : (number?.display_phone_number ?? "");
  const person = state.people.get(state.current);
  $("persona").hidden = !person;
  $("persona-name").textContent = person?.name ?? "";
  document.title = number ? `${number.name} · Teléfono de prueba` : "Teléfono de prueba";
}

function renderThread() {
  const items = [];
  let day = "";
  let previous = "";
  for (const message of state.thread) {
    const key = dayKey(message.at);
    if (key !== day) {
      const label = dayLabel(message.at);
      items.push({ key, content: label, build: () => el("li", { class: "day" }, el("span", {}, label)) });
      day = key;
      previous = "";
    }
    const first = message.direction !== previous;
    const { isNew, ...content } = message;
    items.push({
      key: message.wamid,
      content: JSON.stringify([content, first]),
      build: () => messageItem(message, first),
    });
    previous = message.direction;
  }
  sync($("message-list"), items);
  for (const message of state.thread) message.isNew = false;
  renderWelcome();
  $("typing").hidden = !isTyping();
  $("handover").hidden = !state.handoverAvailable || !state.current || !state.handedOver.has(threadKey(state.current));
}

function messageItem(message, first) {
  const mine = message.direction === "from_customer";
  const meta = el("span", { class: "meta" }, el("time", { datetime: message.at }, formatTime(message.at)));
  if (mine) meta.append(tick(message));
  const classes = ["message", mine ? "from-customer" : "from-business"];
  if (first) classes.push("is-first");
  if (message.isNew) classes.push("is-new");
  const who = el("span", { class: "visually-hidden" }, mine ? "Tú: " : "Negocio: ");
  const text = el("span", { class: "text" }, message.text);
  return el(
    "li",
    { class: classes.join(" "), "data-testid": mine ? "message-out" : "message-in", "data-wamid": message.wamid },
    el("div", { class: "bubble" }, who, text, meta),
  );
}

function tickState(message) {
  if (message.read_by_business) return ["read", "Leído"];
  if (message.webhook?.state === "accepted") return ["delivered", "Entregado al negocio"];
  if (message.webhook?.state === "retrying") return ["retrying", "El negocio no lo recibió; reintentando"];
  if (message.webhook?.state === "given_up") return ["failed", "No se pudo entregar"];
  return ["sent", "Enviado"];
}

function tick(message) {
  const [name, label] = tickState(message);
  const span = el("span", { class: "tick", "data-testid": "tick", "data-state": name, role: "img", "aria-label": label, title: label });
  span.append(tickIcon(name));
  return span;
}

function renderWelcome() {
  const number = businessNumber();
  $("welcome").hidden = state.thread.length > 0;
  const person = state.people.get(state.current);
  $("welcome-title").textContent = number ? `Escríbele a ${number.name}` : "No hay ningún negocio conectado";
  $("welcome-text").textContent = !number
    ? "El simulador arrancó sin números. Agrega uno para empezar."
    : person
      ? `Eres ${person.name} y este es tu WhatsApp. Pregunta lo que quieras saber.`
      : "Al enviar el primer mensaje se crea un cliente nuevo.";
  $("suggestions").hidden = !number;
  if ($("suggestions").childElementCount) return;
  for (const text of SUGGESTIONS) {
    const button = el("button", { type: "button", "data-testid": "suggestion" }, text);
    button.addEventListener("click", () => send(text));
    $("suggestions").append(button);
  }
}

function renderNotice() {
  const notice = $("notice");
  const waiting = state.thread.some((m) => m.webhook?.state === "retrying");
  const lost = state.thread.some((m) => m.webhook?.state === "given_up");
  let text = state.error;
  if (!text && state.live === "full") {
    text = "Hay demasiadas páginas abiertas y esta no se actualiza sola. Cierra otra y vuelve a cargar.";
  } else if (!text && !state.live) text = "Sin conexión con el simulador; reconectando…";
  else if (!text && waiting) text = "El negocio no recibe mensajes ahora; reintentando…";
  else if (!text && lost) text = "Un mensaje no se pudo entregar después de siete días.";
  notice.hidden = !text;
  notice.textContent = text;
  notice.classList.toggle("is-alarm", Boolean(state.error) || !state.live);
}

function scrollToEnd() {
  const box = $("messages");
  box.scrollTop = box.scrollHeight;
}

/** Whoever looks at the newest message keeps seeing it when a banner or the keyboard takes room. */
function followTheEnd() {
  const box = $("messages");
  let atEnd = true;
  box.addEventListener("scroll", () => {
    atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  });
  new ResizeObserver(() => { if (atEnd) scrollToEnd(); }).observe(box);
}

function fitComposer() {
  const box = $("composer");
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, 148)}px`;
  $("send").disabled = !box.value.trim() || !state.numberId;
}

// ---- wiring --------------------------------------------------------------------------------

$("composer").addEventListener("input", fitComposer);
$("composer").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send($("composer").value);
});
$("composer-form").addEventListener("submit", (event) => {
  event.preventDefault();
  send($("composer").value);
});
$("new-customer").addEventListener("click", newCustomer);
$("release").addEventListener("click", release);
$("back").addEventListener("click", () => { $("app").dataset.view = "list"; });
$("number-select").addEventListener("change", (event) => {
  state.numberId = event.target.value;
  state.current = null;
  loadState().catch((error) => showError(`No se pudo cargar: ${error.message}`));
});
document.addEventListener("visibilitychange", markRead);

followTheEnd();
fitComposer();
listen();
