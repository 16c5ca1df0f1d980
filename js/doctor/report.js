'use strict';

// The report of the checks: as text, with or without colours, or as JSON.

/**
 * @import { ExplanationStep } from '../../index.d.ts'
 * @import { Check, ShownKey } from './checks.js'
 */

const { harmless } = require('./harmless.js');

/**
 * @typedef {{ version: string, node: string, platform: string }} About
 * @typedef {(mark: string, depth: number, name: string, text: string) => void} Put
 * @typedef {(depth: number, advice: string | undefined) => void} Advise
 */

const MARKS = { ok: '✓', warning: '!', failed: '✗', skipped: '–' };
const STEP_MARKS = { passed: '✓', failed: '✗', not_asked: '–', not_reached: '–' };
/** @type {Record<string, number>} */
const COLOURS = { '✓': 32, '!': 33, '✗': 31, '–': 90 };

/** Rules whose found and expected values are shown even if they are objects. */
const COMPARED = ['client_id', 'required_claims', 'scopes', 'claims', 'authentication'];

/** The width of the column of names, in characters. */
const WIDTH = 16;

/** @param {Check[]} checks */
function isOk(checks) {
  return checks.every(({ status }) => status !== 'failed');
}

/**
 * @param {Check[]} checks
 * @param {About} about
 */
function asJson(checks, about) {
  const text = JSON.stringify({ ok: isOk(checks), ...about, checks }, null, 2);
  // JSON escapes line breaks in strings, so each remaining one is between members.
  return `${text.split('\n').map(harmless).join('\n')}\n`;
}

/**
 * @param {Check[]} checks
 * @param {About} about
 * @param {boolean} colours
 */
function asText(checks, { version, node, platform }, colours) {
  /** @param {string} mark */
  const paint = (mark) =>
    colours && COLOURS[mark] ? `\x1b[${COLOURS[mark]}m${mark}\x1b[0m` : mark;
  /** @param {string} text */
  const faint = (text) => (colours ? `\x1b[2m${text}\x1b[0m` : text);
  const lines = [faint(`@monocloud/backend-node ${version}, Node.js ${node}, ${platform}`), ''];
  /** @type {Put} */
  const put = (mark, depth, name, text) => {
    const start = '  '.repeat(depth);
    lines.push(`${start}${paint(mark)} ${name.padEnd(WIDTH)}${harmless(text)}`.trimEnd());
  };
  /** @type {Advise} */
  const advise = (depth, advice) => {
    if (advice) lines.push(`${'  '.repeat(depth + 1)}${' '.repeat(WIDTH)}→ ${harmless(advice)}`);
  };
  for (const { name, status, message, advice, reason, details = {} } of checks) {
    put(MARKS[status], 0, name, reason === undefined ? message : `${message} [${reason}]`);
    advise(0, advice);
    for (const { name: variable, value } of details.variables ?? []) {
      lines.push(`    ${variable} ${faint(harmless(value))}`);
    }
    for (const key of details.keys ?? []) putKey(put, key);
    for (const step of details.steps ?? []) putStep(put, advise, step);
  }
  const failures = checks.filter(({ status }) => status === 'failed').length;
  const verdict =
    failures === 0
      ? 'Nothing has to be mended.'
      : `${failures} ${failures === 1 ? 'check' : 'checks'} failed.`;
  return `${lines.join('\n')}\n\n${verdict}\n`;
}

/**
 * @param {Put} put
 * @param {ShownKey} key
 */
function putKey(put, { kid, kty, algorithms, skipped, why }) {
  const name = kid === null ? '(no kid)' : JSON.stringify(kid);
  const type = typeof kty === 'string' ? JSON.stringify(kty) : '(no kty)';
  if (skipped === undefined) return put('✓', 1, 'key', `${name} for ${algorithms?.join(', ')}`);
  return put('–', 1, 'key', `${name} of type ${type} is passed over: ${why} [${skipped}]`);
}

/**
 * One step. A failed one has what was found and what was expected.
 * @param {Put} put
 * @param {Advise} advise
 * @param {ExplanationStep} step
 */
function putStep(put, advise, { rule, outcome, reason, message, advice, found, expected }) {
  if (outcome !== 'failed') {
    const note = { passed: '', not_asked: 'not asked', not_reached: 'not reached' }[outcome];
    return put(STEP_MARKS[outcome], 1, rule, note);
  }
  put('✗', 1, rule, reason === undefined ? (message ?? '') : `${message} [${reason}]`);
  /** @param {unknown} value */
  const plain = (value) => typeof value === 'string' || Array.isArray(value);
  if (COMPARED.includes(rule) || (plain(found) && plain(expected) && rule !== 'key')) {
    put(' ', 2, 'found', JSON.stringify(found));
    put(' ', 2, 'expected', JSON.stringify(expected));
  }
  return advise(1, advice);
}

module.exports = { asJson, asText, isOk };
