'use strict';

// Reads what a caller's `fetcher` hands back. It need not be the platform's own Response: undici's,
// node-fetch's, and the plain objects that people write in tests are read as well.

const { types } = require('node:util');

const LONGEST_BODY = 512 * 1024;

/**
 * What is read of an answer. Of the three methods it has at least one.
 * @typedef {{
 *   status: number,
 *   statusText?: unknown,
 *   headers?: object | null,
 *   body?: Partial<AsyncIterable<unknown>> | null,
 *   arrayBuffer?: () => Promise<unknown>,
 *   text?: () => Promise<unknown>,
 *   json?: () => Promise<unknown>,
 * }} AnyResponse
 */

/** @param {AnyResponse} response */
async function readResponse(response) {
  const { status, statusText } = response;
  // Past 65535 the number would be cut off on its way to the core, and could become a 200.
  if (!Number.isInteger(status) || status < 0 || status > 65_535) throw new TypeError('no status');
  return {
    status,
    statusText: typeof statusText === 'string' ? statusText : '',
    headers: flatten(response.headers),
    body: await readBody(response),
  };
}

/** @param {Partial<Iterable<[unknown, unknown]>> | null | undefined} headers */
function flatten(headers) {
  // The type checker takes nothing about `headers` from a condition on its member.
  const all = /** @type {Iterable<[unknown, unknown]>} */ (headers);
  const pairs = headers?.[Symbol.iterator] ? all : Object.entries(headers ?? {});
  return [...pairs].flatMap(([name, value]) => [String(name), String(value)]);
}

/** @param {AnyResponse} response */
async function readBody(response) {
  const { body } = response;
  if (body?.[Symbol.asyncIterator]) {
    const chunks = [];
    let length = 0;
    for await (const chunk of /** @type {AsyncIterable<unknown>} */ (body)) {
      const bytes = bytesOf(chunk);
      length += bytes.length;
      chunks.push(bytes);
      // Leaving the loop cancels the stream. The core refuses what is too long.
      if (length > LONGEST_BODY) break;
    }
    return Buffer.concat(chunks);
  }
  if (typeof response.arrayBuffer === 'function') return bytesOf(await response.arrayBuffer());
  if (typeof response.text === 'function') return bytesOf(await response.text());
  // Where there is no `json` either, this throws, which is an answer that can't be read.
  const asJson = /** @type {Required<AnyResponse>} */ (response);
  return Buffer.from(JSON.stringify(await asJson.json()));
}

/**
 * A copy of text or bytes. `Buffer.from` would also go through whatever claims to have a length.
 * @param {unknown} value
 */
function bytesOf(value) {
  if (typeof value === 'string' || types.isAnyArrayBuffer(value)) {
    // `Buffer.from` has one declaration for text and another for bytes.
    return Buffer.from(/** @type {string} */ (value));
  }
  if (!ArrayBuffer.isView(value)) throw new TypeError('neither text nor bytes');
  return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
}

/** @typedef {{ cause?: { code?: unknown }, code?: unknown, name?: unknown }} Thrown what is looked for in a thrown value */

/**
 * A word for a thrown value that can hold no secret: an error's code, or its name.
 * @param {unknown} error
 */
function wordFor(error) {
  let word = 'an error';
  try {
    const { cause, code, name } = /** @type {Thrown} */ (error);
    const candidates = [cause?.code, code, name];
    const found = candidates.find((text) => typeof text === 'string' && /^\w{1,64}$/.test(text));
    word = /** @type {string | undefined} */ (found) ?? word;
  } catch {
    // `null`, `undefined`, and a getter or a proxy that throws have no word for it either.
  }
  return { word, tooLarge: false };
}

module.exports = { readResponse, wordFor };
