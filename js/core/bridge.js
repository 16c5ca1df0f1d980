'use strict';

// The JavaScript end of the bridge to the native core. Promises and the caller's functions stay here and
// are named to the core by numbers.

/**
 * @import { Bridge, Failure, GivenOption, Message, Outcome } from '../binding.js'
 * @import { FetcherInit, MonoCloudOidcBackendClientOptions } from '../../index.d.ts'
 * @import { Messages } from './channels.js'
 * @import { OwnMapOf } from './collections.js'
 */

// Captured now, so that a test's fake timers don't stop real requests.
const { setInterval } = require('node:timers');

const binding = require('./load.js');
const { publish } = require('./channels.js');
const { OwnMap } = require('./collections.js');
const { DEFECT, orFailure, orThrow } = require('./panic.js');
const { readResponse, wordFor } = require('./fetcher.js');

const { hasOwn } = Object;
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * @typedef {Required<Pick<MonoCloudOidcBackendClientOptions, 'fetcher'>>['fetcher']} Fetcher
 * @typedef {(issuer?: string) => unknown} Resolver
 * @typedef {{ fetcher: Fetcher, metadataResolver: Resolver, jwksResolver: Resolver }} Functions the caller's own
 * @typedef {{ kind: 'fetch', id: number, client: number, url: string, headers: string[][], form?: string }} FetchMessage
 * @typedef {{ kind: 'resolve', id: number, client: number, document: 'metadata' | 'jwks', issuer?: string }} ResolveMessage
 * @typedef {{ kind: 'settled' } | { kind: 'abort', id: number } | { kind: 'event', name: keyof Messages, event: string }} OtherMessage
 * @typedef {FetchMessage | ResolveMessage | OtherMessage} KnownMessage
 * @typedef {{ status: number, statusText: string, headers: string[], body: Buffer }} Reply
 */

/**
 * Waiting callers by ticket, exchanges over the caller's functions by number, clients by number.
 * @type {OwnMapOf<number, { settle: (outcome: Outcome) => void, needed: object }>}
 */
const waiting = new OwnMap();
/** @type {OwnMapOf<number, AbortController>} */
const exchanges = new OwnMap();
/** @type {OwnMapOf<number, WeakRef<Partial<Functions>>>} */
const clients = new OwnMap();
/** @type {FinalizationRegistry<number>} */
const collected = new FinalizationRegistry((number) => clients.delete(number));

let lastTicket = 0;
let lastClient = 0;
/** @type {(NodeJS.Timeout & { receive?: typeof receive }) | undefined} */
let keepAlive;

/** @param {Message} given */
function receive(given) {
  // No prototype: what a message does not have is left out by the core, which sets the members of each kind.
  const message = /** @type {KnownMessage} */ ({ __proto__: null, ...given });
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

/** @type {Bridge & { receive?: typeof receive }} */
const bridge = orThrow(() => new binding.Bridge(receive));
// The core holds `receive` weakly, so that a module that was loaded anew can be collected; this holds it.
bridge.receive = receive;

/**
 * Whether a native call returned a failure. A name on `Object.prototype` makes no failure.
 * @param {object} outcome
 * @returns {outcome is Failure}
 */
const isFailure = (outcome) => hasOwn(outcome, 'kind');

/** In place of an outcome that could not be handed over. */
const LOST = { kind: 'internal', message: DEFECT };

/** Hands out the outcomes that have come. */
function collect() {
  if (orFailure(() => bridge.collect(settle)) !== undefined) {
    // Once more: while something is left there, nothing that comes after it is announced. Whose outcomes
    // were lost is not known, so everybody who still waits gets a failure.
    orFailure(() => bridge.collect(settle));
    waiting.forEach((/** @type {unknown} */ _, /** @type {number} */ ticket) => {
      settle(ticket, LOST);
    });
  }
  if (waiting.size === 0) letGo();
}

/**
 * @param {number} ticket
 * @param {Outcome | undefined} outcome
 */
function settle(ticket, outcome) {
  waiting.get(ticket)?.settle(outcome ?? LOST);
  waiting.delete(ticket);
}

/** The ticket for the next native call. It counts as used only if the call's outcome comes later. */
function nextTicket() {
  return lastTicket + 1;
}

/**
 * The outcome that comes for a ticket. Until then the process does not end, and `needed` (the caller's
 * functions) stays alive although its owner may be gone.
 * @param {number} ticket
 * @param {object} needed
 * @returns {Promise<Outcome>}
 */
function outcomeOf(ticket, needed) {
  lastTicket = ticket;
  return new Promise((settle) => {
    waiting.set(ticket, { settle, needed });
    if (waiting.size === 1) hold();
  });
}

/**
 * Makes a native call that returns its outcome, or `null` if that comes later.
 * @param {(ticket: number) => Outcome | null} start
 * @param {object} needed
 */
async function call(start, needed) {
  const ticket = nextTicket();
  const outcome = orFailure(() => start(ticket));
  return outcome === null ? outcomeOf(ticket, needed) : (outcome ?? LOST);
}

/** `Function.prototype` is a no-op that does not retain this module. */
const noop = Object.getPrototypeOf(setInterval);

function hold() {
  keepAlive ??= setInterval(noop, LONGEST_TIMER);
  keepAlive.ref();
  // Only those who wait may retain this module.
  keepAlive.receive = receive;
}

function letGo() {
  keepAlive?.unref();
  if (keepAlive) keepAlive.receive = undefined;
}

/**
 * A native client, or the failure of its configuration. `functions` are the caller's own; the core reaches
 * them by number for as long as their owner lives.
 * @param {boolean} backendNode
 * @param {GivenOption[]} options
 * @param {GivenOption[][] | undefined} issuers
 * @param {string[][]} environment
 * @param {Partial<Functions>} functions
 */
function createClient(backendNode, options, issuers, environment, functions) {
  const number = ++lastClient;
  clients.set(number, new WeakRef(functions));
  collected.register(functions, number);
  return orFailure(() =>
    binding.createClient(bridge, number, backendNode, options, issuers, environment),
  );
}

/**
 * What the caller's functions threw, by exchange, for the `cause` of errors. Oldest first.
 * @type {OwnMapOf<number, { cause: unknown }>}
 */
const causes = new OwnMap();
const MOST_CAUSES = 256;

/**
 * @param {number} id
 * @param {unknown} cause
 */
function rememberCause(id, cause) {
  if (causes.size >= MOST_CAUSES) {
    // A map that is not empty has a first key.
    causes.delete(/** @type {number} */ (causes.keys().next().value));
  }
  causes.set(id, { cause });
}

/**
 * What was thrown in an exchange: `{ cause }`, or `undefined` where nothing was, or long ago.
 * @param {number | undefined} id
 */
function causeOf(id) {
  return typeof id === 'number' ? causes.get(id) : undefined;
}

/**
 * @template {FetchMessage | ResolveMessage} M
 * @param {M} message
 * @param {(functions: Functions, message: M, signal: AbortSignal) => Promise<Reply>} work
 */
async function carry(message, work) {
  const { id } = message;
  const controller = new AbortController();
  exchanges.set(id, controller);
  try {
    // One that is not there is called all the same: what that throws ends the exchange.
    const functions = /** @type {Functions} */ (clients.get(message.client)?.deref());
    const { status, statusText, headers, body } = await work(functions, message, controller.signal);
    // What is thrown becomes a `cause`: not a panic's own message.
    orThrow(() => bridge.replied(id, status, statusText, headers, body));
  } catch (error) {
    rememberCause(id, error);
    const { word, tooLarge } = wordFor(error);
    // Where even that fails, the exchange ends at its deadline.
    orFailure(() => bridge.failed(id, word, tooLarge));
  } finally {
    exchanges.delete(id);
  }
}

/**
 * @param {Functions} functions
 * @param {FetchMessage} message
 * @param {AbortSignal} signal
 * @returns {Promise<Reply>}
 */
async function requestOverFetcher({ fetcher }, { url, headers, form }, signal) {
  /** @type {FetcherInit & { headers: Record<string, string> }} */
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

/**
 * @param {Functions} functions
 * @param {ResolveMessage} message
 * @returns {Promise<Reply>}
 */
async function documentFromResolver(functions, { document, issuer }) {
  const resolver = functions[/** @type {const} */ (`${document}Resolver`)];
  const value = await (issuer === undefined ? resolver() : resolver(issuer));
  const body = Buffer.from(JSON.stringify(value));
  return { status: 200, statusText: '', headers: [], body };
}

module.exports = {
  LOST,
  call,
  causeOf,
  createClient,
  isFailure,
  nextTicket,
  outcomeOf,
  /** @param {string} jwks */
  describeKeys: (jwks) => orThrow(() => binding.describeKeys(jwks)),
  /** @param {string} pem */
  describeCertificate: (pem) => orThrow(() => binding.describeCertificate(pem)),
  environmentNames: orThrow(() => binding.environmentNames()),
  optionTable: orThrow(() => binding.optionTable()),
};
