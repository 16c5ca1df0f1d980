'use strict';

// The JavaScript end of the native core's mailbox: promises and the caller's functions stay here and
// are named to the core by numbers.

// Taken now, so that a test's fake timers don't stop real requests.
const { setInterval } = require('node:timers');

const binding = require('./load.js');
const { publish } = require('./channels.js');
const { DEFECT, orFailure, orThrow } = require('./defects.js');
const { readResponse, wordFor } = require('./fetcher.js');

const LONGEST_TIMER = 2 ** 31 - 1;

const waiting = new Map();
const exchanges = new Map();
const clients = new Map();
const forgotten = new FinalizationRegistry((number) => clients.delete(number));

let lastTicket = 0;
let lastClient = 0;
let holding;

function receive(message) {
  switch (message.kind) {
    case 'settled':
      collect();
      break;
    case 'fetch':
      carry(message, requestOverFetcher);
      break;
    case 'resolve':
      carry(message, documentFromResolver);
      break;
    case 'event':
      publish(message.name, () => JSON.parse(message.event));
      break;
    case 'abort':
      exchanges.get(message.id)?.abort();
      exchanges.delete(message.id);
      break;
  }
}

const mailbox = orThrow(() => new binding.Mailbox(receive));
// The core holds it weakly, so that a module that is loaded anew may go: here is who holds it.
mailbox.receive = receive;

/** In place of an outcome that could not even be handed over. */
const LOST = { kind: 'internal', message: DEFECT };

/** Hands out the outcomes that have come. */
function collect() {
  const settled = orFailure(() => mailbox.collect());
  if (settled.kind === undefined) return settleAll(settled);
  // Once more: as long as something is there, nobody is told of what comes after it. Whose outcomes
  // were lost on the way is not known, so all who still wait are told that theirs was.
  settleAll(orFailure(() => mailbox.collect()));
  settleAll({ tickets: [...waiting.keys()] });
}

/** Ends the promises whose outcomes have come. */
function settleAll({ tickets = [], outcomes = [] }) {
  tickets.forEach((ticket, index) => {
    waiting.get(ticket)?.settle(outcomes[index] ?? LOST);
    waiting.delete(ticket);
  });
  if (waiting.size === 0) letGo();
}

/**
 * Makes a native call that either answers at once or says `null` and answers later, which is then a
 * promise. `needed` lives until then.
 */
function call(start, needed) {
  const ticket = lastTicket + 1;
  const outcome = orFailure(() => start(ticket));
  return outcome === null ? later(ticket, needed) : (outcome ?? LOST);
}

/** The same through a gate, for each request: see src/node/gate.rs. */
function pass(gate, token, certificate, needed) {
  const ticket = lastTicket + 1;
  const now = Math.floor(Date.now() / 1000);
  const outcome =
    certificate === undefined ? gate(token, now, ticket) : gate(token, now, ticket, certificate);
  if (outcome === null) return later(ticket, needed);
  return outcome ?? LOST;
}

/** A process does not end while somebody waits for an outcome. */
function later(ticket, needed) {
  lastTicket = ticket;
  return new Promise((settle) => {
    // What is needed, the caller's functions say, stays though its owner may have let go of it.
    waiting.set(ticket, { settle, needed });
    if (waiting.size === 1) hold();
  });
}

/** Of Node.js itself: one of this module would keep this module, for as long as there is the timer. */
const nothing = Object.getPrototypeOf(setInterval);

function hold() {
  holding ??= setInterval(nothing, LONGEST_TIMER);
  holding.ref();
  // Nobody but those who wait may remember this module.
  holding.receive = receive;
}

function letGo() {
  holding?.unref();
  if (holding) holding.receive = undefined;
}

/** Builds a native client. `functions` are the caller's own; they live as long as their holder. */
function createClient(backendNode, options, environment, functions) {
  const number = ++lastClient;
  clients.set(number, new WeakRef(functions));
  forgotten.register(functions, number);
  return orFailure(() => {
    const built = binding.createClient(mailbox, number, backendNode, options, environment);
    return built.kind === undefined ? withoutPanics(built) : built;
  });
}

const { constructor: _, ...MEMBERS } = Object.getOwnPropertyDescriptors(
  binding.NativeClient.prototype,
);

/** Those that hand back no failures. */
const THROWING = new Set(['gate', 'stats']);

/** A native client: what it is configured with, as values, and its methods, none of which panics. */
function withoutPanics(client) {
  const members = Object.entries(MEMBERS).map(([name, { get }]) => {
    if (get) return [name, client[name]];
    const attempt = THROWING.has(name) ? orThrow : orFailure;
    return [name, (...values) => attempt(() => client[name](...values))];
  });
  return Object.fromEntries(members);
}

async function carry(message, work) {
  const { id } = message;
  const controller = new AbortController();
  exchanges.set(id, controller);
  try {
    const functions = clients.get(message.client)?.deref();
    const { status, statusText, headers, body } = await work(functions, message, controller.signal);
    mailbox.replied(id, status, statusText, headers, body);
  } catch (error) {
    const { word, tooLarge } = wordFor(error);
    // Where even that fails, the exchange ends at its deadline.
    orFailure(() => mailbox.failed(id, word, tooLarge));
  } finally {
    exchanges.delete(id);
  }
}

async function requestOverFetcher({ fetcher }, { url, headers, form }, signal) {
  const init = {
    method: form === undefined ? 'GET' : 'POST',
    headers: Object.fromEntries(headers),
    redirect: 'manual',
    signal,
  };
  if (form !== undefined) {
    init.headers['content-type'] = 'application/x-www-form-urlencoded';
    init.body = form;
  }
  return readResponse(await fetcher(url, init));
}

async function documentFromResolver(functions, { document }) {
  const value = await functions[`${document}Resolver`]();
  const body = Buffer.from(JSON.stringify(value));
  return { status: 200, statusText: '', headers: [], body };
}

module.exports = {
  call,
  createClient,
  pass,
  describeKeys: (jwks) => orThrow(() => binding.describeKeys(jwks)),
  describeCertificate: (pem) => orThrow(() => binding.describeCertificate(pem)),
  environmentNames: orThrow(() => binding.environmentNames()),
  optionNames: orThrow(() => binding.optionNames()),
};
