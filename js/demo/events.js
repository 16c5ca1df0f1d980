'use strict';

// The timeline: what the diagnostics channels publish, and each request to the demo's APIs, as server-sent events.

/** @import { RequestListener, ServerResponse } from 'node:http' */

const { AsyncLocalStorage } = require('node:async_hooks');
const { channel } = require('node:diagnostics_channel');

const PREFIX = '@monocloud/backend-node:';
const NAMES = [
  'refresh',
  'refresh-failed',
  'stale-use',
  'refused',
  'unknown-key',
  'cache-fault',
  'replay-store-fault',
];

/** Events are sent together, so that a page has one task for many. */
const FLUSH_MS = 50;
/** What a page shows at the most, and what a new page is sent. */
const KEPT = 200;
/** Bytes that a page may leave unread before it misses events. */
const MAX_UNREAD = 1024 * 1024;
const MAX_PAGES = 16;

/** The header that marks a request of the page, so that it gets the reason of its refusal. */
const REQUEST_HEADER = 'x-demo-request';

/**
 * @typedef {{ at: number, type: string, [member: string]: unknown }} Event
 * @typedef {{ id: string, reason?: string }} Tracked
 */

class Timeline {
  /** @type {Event[]} */
  #recent = [];
  /** @type {Event[]} */
  #pending = [];
  #skipped = 0;
  /** @type {Set<ServerResponse>} */
  #pages = new Set();
  /** @type {AsyncLocalStorage<Tracked>} */
  #requests = new AsyncLocalStorage();
  /** @type {Map<string, string | undefined>} */
  #reasons = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #describe;
  #described = '';
  /** @type {(() => void)[]} */
  #unsubscribe;

  /** @param {() => object} describe the state that is shown beside the events */
  constructor(describe) {
    this.#describe = describe;
    this.#unsubscribe = NAMES.map((name) => {
      const source = channel(PREFIX + name);
      const listen = (/** @type {unknown} */ message) => this.#hear(name, message);
      source.subscribe(listen);
      return () => source.unsubscribe(listen);
    });
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS).unref();
  }

  /**
   * @param {string} type
   * @param {object} content
   */
  add(type, content) {
    const event = { at: Date.now(), type, ...content };
    this.#recent.push(event);
    if (this.#recent.length > 2 * KEPT) this.#recent.splice(0, KEPT);
    this.#pending.push(event);
    if (this.#pending.length <= KEPT) return;
    this.#pending.shift();
    this.#skipped += 1;
  }

  /**
   * @param {string} type
   * @param {any} message
   */
  #hear(type, { tenantDomain: _, error, ...content }) {
    const tracked = this.#requests.getStore();
    if (type === 'refused' && tracked !== undefined) tracked.reason = content.reason;
    this.add(type, content);
  }

  /**
   * Sees each request to an API.
   * @param {string} api
   * @param {RequestListener} listener
   * @returns {RequestListener}
   */
  around(api, listener) {
    return (request, response) => {
      const start = performance.now();
      const { method, url, headers } = request;
      const tracked = { id: String(headers[REQUEST_HEADER] ?? '') };
      response.once('close', () => {
        const { id, reason } = /** @type {Tracked} */ (tracked);
        if (this.#reasons.has(id)) this.#reasons.set(id, reason);
        const ms = Math.round((performance.now() - start) * 10) / 10;
        this.add('request', { api, method, path: url, status: response.statusCode, ms });
      });
      this.#requests.run(tracked, () => listener(request, response));
    };
  }

  /**
   * The reason with which a request is refused while `send` sends it.
   * @template T
   * @param {string} id
   * @param {() => Promise<T>} send
   * @returns {Promise<{ sent: T, reason: string | undefined }>}
   */
  async reasonOf(id, send) {
    this.#reasons.set(id, undefined);
    try {
      const sent = await send();
      // The server's `close` comes in the same turn as the end of its response, or in the next.
      await new Promise((resolve) => setImmediate(resolve));
      return { sent, reason: this.#reasons.get(id) };
    } finally {
      this.#reasons.delete(id);
    }
  }

  /**
   * Sends events to a page until it goes. `false` where there are too many pages.
   * @param {ServerResponse} response
   * @param {Record<string, string>} headers
   */
  open(response, headers) {
    if (this.#pages.size >= MAX_PAGES) return false;
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
    this.#pages.add(response);
    response.once('close', () => this.#pages.delete(response));
    const events = this.#recent.filter((event) => !this.#pending.includes(event)).slice(-KEPT);
    response.write(message({ events, skipped: 0, state: this.#describe() }));
    return true;
  }

  #flush() {
    const state = this.#pages.size === 0 ? {} : this.#describe();
    const described = JSON.stringify(state);
    const isSame = described === this.#described;
    if (this.#pending.length === 0 && isSame) return;
    const text = message({
      events: this.#pending,
      skipped: this.#skipped,
      ...(!isSame && { state }),
    });
    this.#described = described;
    this.#pending = [];
    this.#skipped = 0;
    for (const page of this.#pages) {
      if (page.writableLength < MAX_UNREAD) page.write(text);
    }
  }

  close() {
    clearInterval(this.#timer);
    for (const each of this.#unsubscribe) each();
    for (const page of this.#pages) page.destroy();
  }
}

/** @param {object} content */
const message = (content) => `data: ${JSON.stringify(content)}\n\n`;

module.exports = { REQUEST_HEADER, Timeline };
