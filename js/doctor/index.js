'use strict';

// `monocloud-backend doctor`: checks how an API validates tokens, and says what to change.

/** @typedef {{ write(text: string): unknown, isTTY?: boolean }} Output */

const { HELP, UsageError, readArguments } = require('./arguments.js');
const { runChecks } = require('./checks.js');
const { harmless } = require('./harmless.js');
const { asJson, asText, isOk } = require('./report.js');
const { version } = require('../../package.json');

/**
 * Whether to print colours: on a terminal, unless the user has turned them off (https://no-color.org).
 * @param {{ 'no-color'?: boolean }} values
 * @param {Output} stream
 * @param {NodeJS.ProcessEnv} environment
 */
function wantsColours(values, stream, environment) {
  if (values['no-color'] || environment.NO_COLOR) return false;
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  return stream.isTTY === true && environment.TERM !== 'dumb';
}

/** @param {string[]} args @returns {Promise<number>} the exit status */
async function main(args, { stdout = process.stdout, stderr = process.stderr } = {}) {
  try {
    const values = await readArguments(args);
    if (values.version) {
      stdout.write(`${version}\n`);
      return 0;
    }
    if (values.help) {
      stdout.write(`${HELP}\n`);
      return 0;
    }
    const { token, certificate, options, scope, group, claims, acr, maxAge } = values;
    const { proof, method = 'GET', url = '' } = values;
    const anyScope = values['any-scope'];
    const clientCertificate = certificate;
    const route = {
      scopes: scope,
      anyScope,
      groups: group,
      claims,
      acr,
      maxAge,
      clientCertificate,
      dpop: proof === undefined ? undefined : { proof, method, url },
    };
    const checks = await runChecks({ environment: process.env, options, token, route });
    const about = {
      version,
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    };
    const colours = wantsColours(values, stdout, process.env);
    stdout.write(values.json ? asJson(checks, about) : asText(checks, about, colours));
    // Not before: the demo is no part of what the doctor needs.
    if (values.open) await require('./open.js').showPage({ ...about, checks }, stderr);
    return isOk(checks) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    stderr.write(`${harmless(error.message)}\n\n${HELP}\n`);
    return 2;
  }
}

module.exports = { main };
