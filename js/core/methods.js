'use strict';

// Outcomes for tokens by way of a client's methods. A program may have replaced some of them, in a subclass or
// on an instance: those are called.

/**
 * @import { MonoCloudBackendNodeClient as Client, MonoCloudOidcBackendClient as OidcClient } from '../../index.d.ts'
 * @import { GivenPossession } from '../binding.js'
 * @import { Source } from './cached-outcomes.js'
 * @import { Core } from './core.js'
 * @import { RouteRequirements } from './requirements.js'
 * @import { Verdict } from './verdict.js'
 */

const { toJson } = require('./options.js');
const { TOKEN_ALONE } = require('./requirements.js');
const { verdictOnClaims } = require('./verdict.js');

const { apply } = Reflect;

/**
 * @typedef {'validateJwtAccessToken' | 'introspectAccessToken' | 'explain' | 'getMetadata' | 'getJwks'} AsyncMethod
 * @typedef {'stats' | 'setClockSkew' | 'setClockTolerance' | 'validateAccessToken'} OtherMethod
 * @typedef {Readonly<Pick<Client, AsyncMethod | OtherMethod>>} OwnMethods
 */

/**
 * The functions of this module for one record of the package's own methods, by which replaced methods are
 * recognised. The record is an argument, so that no program can set another one later.
 * @param {OwnMethods} own
 */
function outcomesBy(own) {
  /**
   * The verdict of `validateAccessToken`: at once where nothing has to be waited for, else a promise. Each
   * method that a program has replaced is called. Which methods those are is asked for each token anew.
   * @param {Client} client
   * @param {Core} core
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   * @returns {Verdict | Promise<Verdict>}
   */
  function judge(client, core, token, requirements, possession) {
    return core.hasCache || !usesOwnMethods(client)
      ? judgeByMethods(client, core, token, requirements, possession)
      : core.validate(token, requirements, possession);
  }

  /** @param {Client} client */
  function usesOwnMethods(client) {
    return (
      client.validateJwtAccessToken === own.validateJwtAccessToken &&
      client.introspectAccessToken === own.introspectAccessToken &&
      client.getJwks === own.getJwks &&
      client.getMetadata === own.getMetadata
    );
  }

  /**
   * @param {Client} client
   * @param {Core} core
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   */
  async function judgeByMethods(client, core, token, requirements, possession) {
    if (core.isIntrospected(token)) {
      const source = introspection(client, core, token);
      const outcome = await (core.hasCache ? core.cached(token, true, source) : source());
      return core.verdictOnText(outcome, token, requirements, possession);
    }
    const method = client.validateJwtAccessToken;
    if (method !== own.validateJwtAccessToken) {
      // The method answers for everything that the route requires.
      return verdictOnClaims(
        await apply(method, client, [token, requirements.documented(possession)]),
      );
    }
    if (core.hasCache) {
      const source = () => jwtOutcome(client, core, token, TOKEN_ALONE);
      const outcome = await core.cached(token, false, source);
      return core.verdictOnText(outcome, token, requirements, possession);
    }
    return core.verdictOn(await jwtOutcome(client, core, token, requirements, possession));
  }

  /**
   * A function for the tenant's claims, or for those of a method that a program has put in place of ours.
   * @param {Client} client
   * @param {Core} core
   * @param {string} token
   * @returns {Source}
   */
  function introspection(client, core, token) {
    const method = client.introspectAccessToken;
    return method === own.introspectAccessToken
      ? () => opaqueOutcome(client, core, token, TOKEN_ALONE)
      : async () => toJson(await apply(method, client, [token]));
  }

  /**
   * The outcome for a JWT. `given`: the caller's keys for this call, as JSON.
   * @param {OidcClient} client
   * @param {Core} core
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   * @param {string} [given]
   */
  async function jwtOutcome(client, core, token, requirements, possession, given) {
    const keys = given ?? (await replacedKeys(client));
    const validate = () => core.outcome('jwt', token, requirements, possession, keys);
    return keys === undefined ? withMetadata(client, core, validate) : validate();
  }

  /**
   * @param {OidcClient} client
   * @param {Core} core
   * @param {string} token
   * @param {RouteRequirements} requirements
   * @param {GivenPossession} [possession]
   */
  function opaqueOutcome(client, core, token, requirements, possession) {
    const ask = () => core.outcome('opaque', token, requirements, possession);
    return withMetadata(client, core, ask);
  }

  /**
   * The JWKS of a replaced `getJwks`, as JSON; `undefined`: the tenant's keys are used.
   * @param {OidcClient} client
   */
  async function replacedKeys(client) {
    const method = client.getJwks;
    return method === own.getJwks ? undefined : toJson(await apply(method, client, []));
  }

  /**
   * Hands over the metadata of a replaced `getMetadata`, if there is one, and goes on.
   * @param {OidcClient} client
   * @param {Core} core
   * @param {Source} goOn
   */
  async function withMetadata(client, core, goOn) {
    const method = client.getMetadata;
    if (method !== own.getMetadata) {
      const failure = core.adoptMetadata(await apply(method, client, []));
      if (failure) return failure;
    }
    return goOn();
  }

  return { judge, jwtOutcome, opaqueOutcome, replacedKeys, withMetadata };
}

module.exports = { outcomesBy };
