'use strict';

// Tokens by the page's form, and who sends them: the owner, who has the key that a token is bound to, or a thief.

/**
 * @import { TestTenantAlgorithm } from '../testing/index.d.ts'
 * @import { DPoPClient } from '../testing/dpop-client.js'
 * @import { Given } from './requests.js'
 * @import { World } from './world.js'
 */

const { OWNER, THIEF } = require('./certificates.js');

const ALGORITHMS = /** @type {const} */ (['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']);
const BOUND = /** @type {const} */ (['none', 'certificate', 'dpop']);
const SENDERS = /** @type {const} */ (['owner', 'thief', 'replay']);

/** Owners of tokens that are remembered; an older one's token is sent without a proof. */
const MAX_OWNERS = 100;

/** A value that the form can't have. The message is shown on the page. */
class BadRequest extends Error {}

/**
 * @template {string} T
 * @param {string} name
 * @param {unknown} value
 * @param {readonly T[]} known
 */
function oneOf(name, value, known) {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new BadRequest(`${name} must be one of ${known.join(', ')}`);
  return found;
}

/**
 * Words that are separated by white space.
 * @param {string} name
 * @param {unknown} value
 */
function words(name, value) {
  if (typeof value !== 'string') throw new BadRequest(`${name} must be a text`);
  return value.split(/\s+/).filter((word) => word !== '');
}

class Tokens {
  #tenant;
  #thief;
  /** @type {Map<unknown, { client: DPoPClient, last?: string }>} */
  #owners = new Map();

  /** @param {World} world */
  constructor({ tenant }) {
    this.#tenant = tenant;
    this.#thief = tenant.dpopClient();
  }

  /** @param {Record<string, unknown>} form */
  async make(form) {
    const alg = oneOf('The algorithm', form.alg, ALGORITHMS);
    const bound = oneOf('The binding', form.bound, BOUND);
    const { audience, expiresIn } = form;
    if (typeof audience !== 'string' || audience === '') {
      throw new BadRequest('The audience must be a text, and not empty');
    }
    if (typeof expiresIn !== 'number' || !(Math.abs(expiresIn) <= 1e9)) {
      throw new BadRequest('The seconds must be a number between -1000000000 and 1000000000');
    }
    const scopes = words('The scopes', form.scopes);
    const groups = words('The groups', form.groups);
    const content = { alg, audience, expiresIn, scopes, ...(groups.length > 0 && { groups }) };
    try {
      if (bound === 'none') return await this.#tenant.issueToken(content);
      if (bound === 'certificate') {
        return await this.#tenant.issueToken({ ...content, certificate: OWNER });
      }
      const client = this.#tenant.dpopClient(content);
      this.#owners.set(client.thumbprint, { client });
      for (const [oldest] of this.#owners) {
        if (this.#owners.size > MAX_OWNERS) this.#owners.delete(oldest);
      }
      return await client.token();
    } catch (error) {
      if (error instanceof TypeError) throw new BadRequest(error.message);
      throw error;
    }
  }

  /**
   * What is sent beside a token.
   * @param {string} token
   * @param {string} url
   * @param {typeof SENDERS[number]} sender
   * @returns {Promise<Partial<Given>>}
   */
  async beside(token, url, sender) {
    const { 'x5t#S256': certificate, jkt } = confirmationOf(token);
    const owner = this.#owners.get(jkt);
    if (certificate !== undefined) return { certificate: sender === 'owner' ? OWNER : THIEF };
    if (owner === undefined) return {};
    if (sender === 'thief') return { proof: await this.#thief.proof({ url, token }) };
    if (sender === 'owner') owner.last = await owner.client.proof({ url, token });
    return owner.last === undefined ? {} : { proof: owner.last };
  }
}

/**
 * The `cnf` of a JWT. Nothing is decided by it but what the page sends.
 * @param {string} token
 * @returns {Record<string, unknown>}
 */
function confirmationOf(token) {
  try {
    const payload = Buffer.from(token.split('.')[1], 'base64url').toString();
    return Object(JSON.parse(payload).cnf);
  } catch {
    return {};
  }
}

module.exports = { ALGORITHMS, BadRequest, SENDERS, Tokens, oneOf };
