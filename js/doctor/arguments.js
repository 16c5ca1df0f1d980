'use strict';

// The command line of `monocloud-backend`.

const fs = require('node:fs');
const { text } = require('node:stream/consumers');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { pathToFileURL } = require('node:url');

const HELP = `Usage: monocloud-backend doctor [options]
       monocloud-backend demo [options]

Checks how this API validates access tokens: its settings, the tenant, the tenant's keys, the
credentials for introspection; and with --token, why a token is refused.

  --token TOKEN       walk this token through each rule; "-" reads it from standard input,
                      which keeps it out of the shell's history and the list of processes
  --scope SCOPE       a scope that the route asks for; may be given again
  --any-scope SCOPE   one of the scopes of which the route asks for one; may be given again
  --group GROUP       a group that the route asks for; may be given again
  --claim NAME=VALUE  a claim that the route asks for; may be given again, with the same name for
                      one of several values. 3 and true are no texts, "3" is
  --acr ACR           an acr value of which the route asks for one; may be given again
  --max-age SECONDS   the most seconds since the user signed in that the route allows
  --certificate FILE  the client certificate of the request, in PEM
  --proof PROOF       the DPoP header of the request, with --url and, where it is not GET, --method
  --method METHOD     the method of the request
  --url URL           the URL that the client asked for
  --options FILE      a module that exports the options of protectApi(), or a client
  --env-file FILE     environment variables to read first (Node.js 20.12 and later)
  --json              print one JSON document
  --open              show the same in a page on 127.0.0.1, until Ctrl-C
  --no-color          print no colours
  --help, --version

The demo has a page in which one makes tokens, and sees why each is refused: demo --help.

Ends with 0 where all is well, 1 where something has to be mended, 2 where it was called wrongly.`;

const OPTIONS = /** @type {const} */ ({
  token: { type: 'string' },
  scope: { type: 'string', multiple: true },
  'any-scope': { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  claim: { type: 'string', multiple: true },
  acr: { type: 'string', multiple: true },
  'max-age': { type: 'string' },
  certificate: { type: 'string' },
  proof: { type: 'string' },
  method: { type: 'string' },
  url: { type: 'string' },
  options: { type: 'string' },
  'env-file': { type: 'string' },
  json: { type: 'boolean' },
  open: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
});

/** A mistake on the command line. The message is shown to the user. */
class UsageError extends Error {}

/**
 * The text of a file. The error has the file's name, and nothing of its content.
 * @param {string} option
 * @param {string} file
 */
function readFile(option, file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `--${option} ${file} can't be read (${/** @type {NodeJS.ErrnoException} */ (error).code})`,
    );
  }
}

/** @param {string[]} args */
function parse(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    // Only the first sentence is about the mistake; the others are about node:util.
    throw new UsageError(/** @type {Error} */ (error).message.split('. ', 1)[0]);
  }
}

/**
 * @typedef {{ [name: string]: (string | number | boolean)[] }} Claims
 * @typedef {{ options?: unknown, claims?: Claims, maxAge?: number }} Read what was read: `token` and `certificate` were, too
 * @typedef {Omit<ReturnType<typeof parse>['values'], 'options'> & Read} Values
 */

/**
 * @param {string[]} args
 * @returns {Promise<Values>}
 */
async function readArguments(args) {
  const { values, positionals } = parse(args);
  if (values.help || values.version) return { ...values, options: undefined };
  const [command, ...rest] = positionals;
  if (command !== 'doctor' || rest.length > 0) {
    throw new UsageError(
      command === 'doctor' || command === undefined
        ? 'The command is "doctor" or "demo", and nothing beside it'
        : `There is no command ${JSON.stringify(command)}`,
    );
  }
  if (values.proof !== undefined && values.url === undefined) {
    throw new UsageError('--proof needs --url');
  }
  if (values.open && process.env.NODE_ENV === 'production') {
    throw new UsageError('--open is not for NODE_ENV=production');
  }
  if (values['env-file'] !== undefined) loadEnvironment(values['env-file']);
  return {
    ...values,
    token: values.token === '-' ? (await text(process.stdin)).trim() : values.token,
    certificate:
      values.certificate === undefined ? undefined : readFile('certificate', values.certificate),
    options: values.options === undefined ? undefined : await importOptions(values.options),
    claims: values.claim?.reduce(withClaim, /** @type {Claims} */ ({})),
    maxAge: values['max-age'] === undefined ? undefined : secondsOf(values['max-age']),
  };
}

/**
 * `NAME=VALUE` among the claims before it. A value that is a number, a boolean or a text in JSON is that.
 * @param {Claims} claims
 * @param {string} text
 * @returns {Claims}
 */
function withClaim(claims, text) {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new UsageError('--claim must be followed by NAME=VALUE');
  const before = Object.hasOwn(claims, name) ? claims[name] : [];
  return { ...claims, [name]: [...before, claimValue(value)] };
}

/** @param {string} text */
function claimValue(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? text : value;
  } catch {
    return text;
  }
}

/** @param {string} text */
function secondsOf(text) {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError('--max-age must be followed by a number of seconds');
}

/** @param {string} file */
function loadEnvironment(file) {
  if (process.loadEnvFile === undefined) {
    throw new UsageError('--env-file needs Node.js 20.12 or later');
  }
  readFile('env-file', file);
  process.loadEnvFile(file);
}

/**
 * The default export of the user's module, CommonJS or ES.
 * @param {string} file
 */
async function importOptions(file) {
  const location = path.resolve(file);
  if (!fs.existsSync(location)) throw new UsageError(`--options ${file} is not there`);
  try {
    const { default: exported } = await import(pathToFileURL(location).href);
    return exported?.default ?? exported;
  } catch (error) {
    throw new UsageError(`--options ${file} can't be loaded: ${String(error).split('\n', 1)[0]}`);
  }
}

module.exports = { HELP, UsageError, readArguments };
