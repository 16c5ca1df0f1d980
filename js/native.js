'use strict';

// The JavaScript end of the native core's mailbox: promises and the caller's functions stay here and
// are named to the core by numbers.

// Taken now, so that a test's fake timers don't stop real requests.
const { clearInterval, setInterval } = require('node:timers');

const binding = require('./load.js');
const { publish } = require('./channels.js');
const { orFailure, orThrow } = require('./defects.js');
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
    case 'settled': {
      const { settle } = waiting.get(message.id) ?? {};
      waiting.delete(message.id);
      if (waiting.size === 0) clearInterval(holding);
      settle?.(message.outcome);
      break;
    }
    case 'fetch':
      carry(message, requestOverFetcher);
      break;
    case 'resolve':
      carry(message, documentFromResolver);
      break;
    case 'event':
      publish(message.name, () => JSON.parse(message.outcome));
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

/**
 * Makes a native call that either answers at once or says `null` and answers later, which is then a
 * promise. A process does not end while somebody waits for one.
 */
function call(start) {
  const ticket = ++lastTicket;
  const outcome = orFailure(() => start(ticket));
  if (outcome !== null && outcome !== undefined) return outcome;
  return new Promise((resolve) => {
    // With `start` goes the client: its functions are needed though its owner may have let go of it.
    waiting.set(ticket, { settle: resolve, start });
    if (waiting.size === 1) holding = setInterval(() => {}, LONGEST_TIMER);
  });
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
const THROWING = new Set(['stats']);

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
  describeCertificate: (pem) => orThrow(() => binding.describeCertificate(pem)),
  environmentNames: orThrow(() => binding.environmentNames()),
  optionNames: orThrow(() => binding.optionNames()),
};
