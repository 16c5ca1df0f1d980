'use strict';

// Reads what a caller's `fetcher` hands back. It need not be the platform's own Response: undici's,
// node-fetch's, and the plain objects that people write in tests are read as well.

const { types } = require('node:util');

const LONGEST_BODY = 512 * 1024;

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

function flatten(headers) {
  const pairs = headers?.[Symbol.iterator] ? headers : Object.entries(headers ?? {});
  return [...pairs].flatMap(([name, value]) => [String(name), String(value)]);
}

async function readBody(response) {
  const { body } = response;
  if (body?.[Symbol.asyncIterator]) {
    const chunks = [];
    let length = 0;
    for await (const chunk of body) {
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
  return Buffer.from(JSON.stringify(await response.json()));
}

/** A copy of text or bytes. `Buffer.from` would also go through whatever claims to have a length. */
function bytesOf(value) {
  if (typeof value === 'string' || types.isAnyArrayBuffer(value)) return Buffer.from(value);
  if (!ArrayBuffer.isView(value)) throw new TypeError('neither text nor bytes');
  return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
}

/** A word for a thrown value that can hold no secret: an error's code, or its name. */
function wordFor(error) {
  let word = 'an error';
  try {
    const candidates = [error?.cause?.code, error?.code, error?.name];
    word = candidates.find((text) => typeof text === 'string' && /^\w{1,64}$/.test(text)) ?? word;
  } catch {
    // A getter or a proxy that throws has no word for it either.
  }
  return { word, tooLarge: false };
}

module.exports = { readResponse, wordFor };
