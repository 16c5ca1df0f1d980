'use strict';

const assert = require('node:assert/strict');

/** A browser with cookies, which follows redirects until one leads to the client, at `redirect`. */
function makeBrowser(redirect) {
  const cookies = new Map();
  return async (start) => {
    let url = start;
    for (let hops = 0; hops < 10; hops += 1) {
      const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ');
      const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
      const text = await response.text();
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (value === '') cookies.delete(name);
        else cookies.set(name, value);
      }
      assert.ok(
        [302, 303].includes(response.status),
        `${response.status} at ${url}: ${text.slice(-500)}`,
      );
      url = new URL(response.headers.get('location'), url);
      if (url.href.startsWith(redirect)) return url;
    }
    throw new Error('the redirects lead nowhere');
  };
}

module.exports = { makeBrowser };
