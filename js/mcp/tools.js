'use strict';

// Scopes of single tools: a call of a tool that needs more than the token has is answered with a 403 before the
// transport sees it, and the challenge names the scopes (RFC 6750 §3.1), so that the client asks for them.

const { readOptions } = require('../core/options-reader.js');
const { refusal } = require('../core/options.js');
const { scopesOf } = require('./verifier.js');

const { isArray } = Array;
const { isView } = ArrayBuffer;
const { create, hasOwn, keys } = Object;

/**
 * Names, each once. It has no prototype: a program may have replaced iterators and the methods of arrays and sets, or
 * have a setter for an index on `Object.prototype`, which keeps what is assigned to an array out of it.
 * @typedef {Record<string, true> & { __proto__: null }} Names
 */

/**
 * @template G a guard
 * @param {(options: { scopes: string[] }) => G} protect of any framework
 * @param {unknown} options
 */
function protectTools(protect, options) {
  const from = protectTools;
  if (typeof protect !== 'function') throw refusal('"protect" must be a function', from);
  const names = /** @type {const} */ (['requiredScopes', 'toolScopes']);
  const given = readOptions(options, names, { what: 'protectTools()', from });
  const required = scopesOf(given.requiredScopes, 'requiredScopes', from);
  const tools = readTools(given.toolScopes, from);
  /** @param {string[]} called names of tools */
  const guardFor = (called) => {
    /** @type {Names} */
    const scopes = create(null);
    add(scopes, required);
    for (let i = 0; i < called.length; i += 1) add(scopes, tools[called[i]]);
    return protect({ scopes: keys(scopes) });
  };
  const plain = guardFor([]);
  /** @type {Record<string, G>} */
  const guards = create(null);
  for (const name of keys(tools)) guards[name] = guardFor([name]);

  /** @param {unknown} body */
  return function guardOf(body) {
    if (typeof body !== 'object' || body === null || isView(body)) {
      // A body that was not parsed here may call any tool.
      throw refusal('The guard of tools needs the parsed JSON of the request', guardOf);
    }
    const called = toolsCalledBy(body, tools);
    if (called.length > 1) return guardFor(called);
    return called.length === 1 ? guards[called[0]] : plain;
  };
}

/**
 * `{ tool: scopes }`, checked, without a prototype.
 * @param {unknown} given
 * @param {Function} from
 */
function readTools(given, from) {
  if (typeof given !== 'object' || given === null || isArray(given)) {
    throw refusal('"toolScopes" must be an object of lists of scopes by tool', from);
  }
  const tools = /** @type {Record<string, unknown>} */ (given);
  /** @type {Record<string, readonly string[]>} */
  const scopes = create(null);
  for (const name of keys(tools)) scopes[name] = scopesOf(tools[name], `toolScopes.${name}`, from);
  return scopes;
}

/**
 * The tools with scopes that the messages of a request call. A member `__proto__` may name any tool: some versions of
 * Zod make it the prototype of the parameters, from which the SDK then reads the name.
 * @param {object} body a JSON-RPC message, or a list of them
 * @param {object} tools
 */
function toolsCalledBy(body, tools) {
  const messages = isArray(body) ? body : [body];
  /** @type {Names} */
  const called = create(null);
  for (let i = 0; i < messages.length; i += 1) {
    const message = membersOf(messages[i]);
    const params = membersOf(message.params);
    if (hasOwn(message, '__proto__') || hasOwn(params, '__proto__')) return keys(tools);
    const { name } = params;
    const isCall = message.method === 'tools/call' && typeof name === 'string';
    if (isCall && hasOwn(tools, name)) called[name] = true;
  }
  return keys(called);
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function membersOf(value) {
  return typeof value === 'object' && value !== null
    ? /** @type {Record<string, unknown>} */ (value)
    : create(null);
}

/**
 * Adds names, read by index.
 * @param {Names} names
 * @param {readonly string[]} more
 */
function add(names, more) {
  for (let i = 0; i < more.length; i += 1) names[more[i]] = true;
}

module.exports = { protectTools };
