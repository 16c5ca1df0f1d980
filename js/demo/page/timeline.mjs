// The timeline of the demo, and the state of its client.

import { element, find, harmless } from './elements.mjs';

/** Events that are shown, and rows that one message adds at the most. */
const SHOWN = 200;
const ADDED = 40;

const DESCRIBED = {
  request: ({ api, method, path, status, ms }) =>
    `${method} ${path} on ${api}: ${status} in ${ms} ms`,
  refused: ({ code, reason }) => reason ?? code,
  'unknown-key': () => 'the tenant has no such key',
  refresh: ({ document: name, keys, unchanged }) =>
    `${name} fetched${unchanged ? ', unchanged' : name === 'JWKS' ? `: ${keys} keys` : ''}`,
  'refresh-failed': ({ document: name, reason, retryInSeconds }) =>
    `${name} could not be fetched: ${reason}; next attempt in ${retryInSeconds.toFixed(1)} s`,
  'stale-use': ({ ageSeconds, uses }) => `keys that are ${ageSeconds} s old, used ${uses} times`,
  tenant: ({ says }) => says,
};
const KINDS = {
  refused: 'failed',
  'refresh-failed': 'failed',
  'stale-use': 'warning',
  refresh: 'ok',
};

const waiting = [];
let missed = 0;
let drawing = false;

function draw() {
  drawing = false;
  const list = find('timeline');
  const fresh = waiting.splice(0).slice(-ADDED);
  const rows = fresh.map((event) => {
    const row = element('li', undefined, KINDS[event.type]);
    const time = new Date(event.at);
    row.append(
      element('time', time.toISOString().slice(11, 23)),
      ` ${harmless(event.type)}: ${harmless(DESCRIBED[event.type]?.(event) ?? JSON.stringify(event))}`,
    );
    return row;
  });
  list.prepend(...rows.reverse());
  while (list.childElementCount > SHOWN) list.lastElementChild.remove();
  find('missed').textContent = missed === 0 ? '' : `${missed} further events are not shown`;
}

export function hear({ events, skipped, state }) {
  if (state !== undefined) showState(state);
  if (find('pause').checked) {
    missed += events.length + skipped;
    return;
  }
  waiting.push(...events);
  missed += skipped + Math.max(0, waiting.length - ADDED);
  if (waiting.length > ADDED) waiting.splice(0, waiting.length - ADDED);
  if (waiting.length > 0 && !drawing) {
    drawing = true;
    requestAnimationFrame(draw);
  }
}

function showState({ network, keys, usable, age, accepted, refused, jwksRequests, ...others }) {
  const facts = {
    Tenant: network,
    Keys: keys,
    Usable: usable,
    Age: age === undefined ? '–' : `${age} s`,
    Accepted: accepted,
    Refused: refused,
    'Key set requests': jwksRequests,
    'Stale uses': others.staleUses,
    'Unknown-key look-ups': others.unknownKeyLookups,
  };
  const items = Object.entries(facts).map(([name, value]) => {
    const item = element('div');
    item.append(element('dt', name), element('dd', value));
    return item;
  });
  find('keys').replaceChildren(...items);
}
