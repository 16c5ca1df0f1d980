// The page of the demo and of `doctor --open`.

import { element, find, harmless, harmlessLines } from './elements.mjs';
import { hear } from './timeline.mjs';

const MARKS = {
  passed: '✓',
  ok: '✓',
  failed: '✗',
  warning: '!',
  skipped: '–',
  not_asked: '–',
  not_reached: '–',
};
function paragraph(label, value, className) {
  const made = element('p');
  made.append(element('strong', `${label} `), element('code', value, className));
  return made;
}

/** A value as text; JSON has spaces, at which it wraps. */
const asText = (value) =>
  value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : JSON.stringify(value, undefined, 1).replace(/\n */g, ' ');

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer;
}

/** Runs the work of a button; what fails is said at the end of the page. */
async function working(button, work) {
  find('problem').textContent = '';
  // The focus stays where it is: a disabled button would lose it.
  if (button.getAttribute('aria-busy') === 'true') return;
  button.setAttribute('aria-busy', 'true');
  try {
    await work();
  } catch (error) {
    find('problem').textContent = harmless(error.message);
  } finally {
    button.removeAttribute('aria-busy');
  }
}

// Rules

/** The `exp` of a JWT; nothing but the countdown depends on it. */
function expiryOf(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const { exp } = JSON.parse(atob(payload));
    return typeof exp === 'number' ? exp : undefined;
  } catch {
    return undefined;
  }
}

let countdown;

function showCountdown(exp) {
  clearInterval(countdown);
  const line = element('p');
  const tick = () => {
    const left = Math.round(exp - Date.now() / 1000);
    line.textContent = left > 0 ? `exp is in ${left} seconds` : `exp was ${-left} seconds ago`;
  };
  tick();
  countdown = setInterval(tick, 1000);
  return line;
}

/** A cell with the name of its column, which a narrow page shows in the cell. */
function labelled(label, text) {
  const cell = element('td', text);
  cell.dataset.label = label;
  return cell;
}

function rulesTable(steps, title) {
  const table = element('table');
  table.append(element('caption', title));
  const head = table.createTHead().insertRow();
  for (const name of ['Rule', 'Found', 'Expected', 'What to do']) {
    const cell = element('th', name);
    cell.scope = 'col';
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { rule, outcome, reason, message, advice, found, expected } of steps) {
    const row = body.insertRow();
    row.className = outcome === 'failed' ? 'stopped' : '';
    const cell = element('th', `${MARKS[outcome]} ${rule}`, outcome);
    cell.scope = 'row';
    if (outcome.startsWith('not')) cell.append(` (${outcome.replace('_', ' ')})`);
    const failed = outcome === 'failed';
    const cure = failed ? [message, reason && `[${reason}]`, advice && `→ ${advice}`] : [];
    row.append(
      cell,
      labelled('found: ', asText(found)),
      labelled('expected: ', asText(expected)),
      labelled('', cure.filter(Boolean).join(' ')),
    );
  }
  return table;
}

// An answer

const isDocumented = ({ status, body, challenge }, documented) =>
  documented.status === status &&
  documented.challenge === challenge &&
  JSON.stringify(documented.body) === body;

function answerLines({ answer, unsent, reason, url, documented, explanation }) {
  if (answer === undefined) return [paragraph('Not sent:', unsent)];
  const { status, body, challenge } = answer;
  const lines = [
    paragraph('Request', `GET ${url}`),
    paragraph('Status', status, status < 400 ? 'passed' : 'failed'),
    paragraph('Body', body),
    paragraph('WWW-Authenticate', challenge ?? '(none)'),
  ];
  if (reason !== undefined) lines.push(paragraph('Reason, for the API alone:', reason));
  const stopped = explanation?.steps.find(({ outcome }) => outcome === 'failed');
  if (stopped !== undefined) {
    const { rule, message, advice } = stopped;
    lines.push(
      paragraph('It stopped at', rule, 'failed'),
      element('p', `${message}. ${advice ?? ''}`),
    );
  }
  if (documented !== undefined) {
    const same = isDocumented(answer, documented);
    const mark = same ? '✓ the documented answer' : '✗ not the documented answer';
    lines.push(element('p', mark, same ? 'passed' : 'failed'));
  }
  return lines;
}

let curl = '';

function showExchange(exchange) {
  const { token, explanation } = exchange;
  find('answer').replaceChildren(...answerLines(exchange));
  const rules = find('rules');
  rules.replaceChildren();
  clearInterval(countdown);
  if (explanation !== undefined) {
    const exp = expiryOf(token ?? '');
    if (exp !== undefined) rules.append(showCountdown(exp));
    if (explanation.clockAdvice) rules.append(element('p', explanation.clockAdvice));
    if (explanation.ok && exchange.answer?.status === 401) {
      const why =
        'Each rule passes by itself: the request is refused because its proof was used before.';
      rules.append(element('p', why));
    }
    rules.append(rulesTable(explanation.steps, 'Each rule, in its order'));
  }
  curl = exchange.curl ?? '';
  find('curl').textContent = curl === '' ? 'It cannot be sent.' : harmlessLines(curl);
  find('copy-curl').disabled = curl === '';
}

// The demo

function options(id, list) {
  find(id).replaceChildren(
    ...list.map(([value, text]) => {
      const option = element('option', text);
      option.value = value;
      return option;
    }),
  );
}

function startDemo({ tenant, audience, algorithms, routes, apis, scenarios, operations }) {
  find('about').textContent =
    `A test tenant at ${tenant}, and APIs that trust it, on this machine.`;
  options(
    'alg',
    algorithms.map((name) => [name, name]),
  );
  options(
    'api',
    apis.map(({ name, title }) => [name, title]),
  );
  const asked = ({ scopes, groups }) =>
    scopes ? `needs scope ${scopes}` : groups ? `needs group ${groups}` : 'needs a token';
  options(
    'route',
    routes.map(({ to, requirements }) => [to, `GET /api${to}: ${asked(requirements)}`]),
  );
  find('audience').value = audience;

  const value = (id) => find(id).value;
  const showSnippet = () => {
    const { snippets } = apis.find(({ name }) => name === value('api'));
    find('snippet').textContent = snippets[value('route')];
  };
  for (const id of ['api', 'route']) find(id).addEventListener('change', showSnippet);
  showSnippet();

  const onSubmit = (id, work) =>
    find(id).addEventListener('submit', (event) => {
      event.preventDefault();
      working(event.submitter ?? find(id).querySelector('button'), work);
    });
  onSubmit('maker', async () => {
    const { token } = await post('/make', {
      alg: value('alg'),
      audience: value('audience'),
      scopes: value('scopes'),
      groups: value('groups'),
      expiresIn: value('expires') === '' ? null : Number(value('expires')),
      bound: value('bound'),
    });
    find('token').value = token;
  });
  onSubmit('sender', async () => {
    const token = value('token').trim();
    showExchange(
      await post('/send', { api: value('api'), to: value('route'), token, sender: value('by') }),
    );
  });

  const buttons = (id, list, work) =>
    find(id).replaceChildren(
      ...list.map((each) => {
        const button = element('button', each.button);
        button.type = 'button';
        button.dataset.id = each.id;
        button.addEventListener('click', () => working(button, () => work(each)));
        return button;
      }),
    );
  buttons('scenarios', scenarios, async ({ id, button }) => {
    const { exchanges } = await post('/scenario', { api: value('api'), id });
    const last = exchanges.at(-1);
    find('token').value = last.token ?? '';
    showExchange(last);
    showOutcome(`${button}. The rules are above, under “Why is my token refused?”`, exchanges);
  });
  buttons('operations', operations, async ({ id }) => {
    find('outcome').replaceChildren(element('p', 'Wait…'));
    const { says, exchanges } = await post('/operation', { api: value('api'), id });
    showOutcome(says, exchanges);
  });

  const copy = (id, text) =>
    find(id).addEventListener('click', () =>
      working(find(id), async () => {
        await navigator.clipboard.writeText(text());
        find('copied').textContent = 'Copied';
      }),
    );
  copy('copy-snippet', () => find('snippet').textContent);
  copy('copy-curl', () => curl);

  find('whole').addEventListener('change', ({ target }) =>
    find('rules').classList.toggle('whole', target.checked),
  );
  new EventSource('/events').addEventListener('message', ({ data }) => hear(JSON.parse(data)));
  find('demo').hidden = false;
}

function showOutcome(says, exchanges) {
  const list = element('ol');
  for (const { sent, answer, reason, documented } of exchanges) {
    const { status } = answer;
    const why = reason === undefined ? '' : `, ${reason}`;
    const item = element('li', `${sent}: ${status}${why}`, status < 400 ? 'passed' : 'failed');
    if (documented !== undefined) {
      item.append(isDocumented(answer, documented) ? ' ✓ as documented' : ' ✗ not as documented');
    }
    list.append(item);
  }
  find('outcome').replaceChildren(element('p', says), list);
}

// The doctor's report

function startReport({ version, node, checks }) {
  find('about').textContent =
    `The doctor's report: @monocloud/backend-node ${version}, Node.js ${node}`;
  const table = element('table');
  const body = table.createTBody();
  for (const { name, status, message, reason, advice, details } of checks) {
    const row = body.insertRow();
    const cell = element('th', `${MARKS[status]} ${name}`, status);
    cell.scope = 'row';
    const about = [message, reason && `[${reason}]`, advice && `→ ${advice}`];
    row.append(cell, element('td', about.filter(Boolean).join(' ')));
    if (details?.steps === undefined) continue;
    find('report').append(rulesTable(details.steps, 'The token, rule by rule'));
    const exp = details.steps.find(({ rule }) => rule === 'expiration')?.found?.exp;
    if (typeof exp === 'number') find('report').append(showCountdown(exp));
  }
  find('checks').replaceChildren(table);
  find('report').hidden = false;
}

fetch('/state')
  .then((response) => response.json())
  .then((state) => (state.mode === 'doctor' ? startReport : startDemo)(state))
  .catch(() => {
    find('problem').textContent = 'The demo does not answer: start it again, and reload this page.';
  });
