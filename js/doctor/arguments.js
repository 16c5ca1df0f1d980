'use strict';

// What the command line says.

const fs = require('node:fs');
const { text } = require('node:stream/consumers');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { pathToFileURL } = require('node:url');

const HELP = `Usage: monocloud-backend doctor [options]

Checks how this API validates access tokens: its settings, the tenant, the tenant's keys, the
credentials for introspection; and with --token, why a token is refused.

  --token TOKEN       walk this token through each rule; "-" reads it from standard input,
                      which keeps it out of the shell's history and the list of processes
  --scope SCOPE       a scope that the route asks for; may be given again
  --group GROUP       a group that the route asks for; may be given again
  --certificate FILE  the client certificate of the request, in PEM
  --options FILE      a module that exports the options of protectApi(), or a client
  --env-file FILE     environment variables to read first (Node.js 20.12 and later)
  --json              print one JSON document
  --no-color          print no colours
  --help, --version

Ends with 0 where all is well, 1 where something has to be mended, 2 where it was called wrongly.`;

const OPTIONS = /** @type {const} */ ({
  token: { type: 'string' },
  scope: { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  certificate: { type: 'string' },
  options: { type: 'string' },
  'env-file': { type: 'string' },
  json: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
});

/** The command was called in a way that it does not know. The message is for whoever called it. */
class UsageError extends Error {}

/**
 * A file that was named, or why it can't be read: its name, and not what is in it.
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
    // Only the first sentence names what is wrong; the rest explains node:util.
    throw new UsageError(/** @type {Error} */ (error).message.split('. ', 1)[0]);
  }
}

/** @typedef {Omit<ReturnType<typeof parse>['values'], 'options'> & { options?: unknown }} Values `token` and `certificate` were read */

/**
 * @param {string[]} args
 * @returns {Promise<Values>}
 */
async function readArguments(args) {
  const { values, positionals } = parse(args);
  if (values.help || values.version) return values;
  const [command, ...rest] = positionals;
  if (command !== 'doctor' || rest.length > 0) {
    throw new UsageError(
      command === 'doctor' || command === undefined
        ? 'The command is "doctor", and nothing beside it'
        : `There is no command ${JSON.stringify(command)}`,
    );
  }
  if (values['env-file'] !== undefined) loadEnvironment(values['env-file']);
  return {
    ...values,
    token: values.token === '-' ? (await text(process.stdin)).trim() : values.token,
    certificate:
      values.certificate === undefined ? undefined : readFile('certificate', values.certificate),
    options: values.options === undefined ? undefined : await importOptions(values.options),
  };
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
 * The default export of a module of the user's, whichever kind of module that is.
 * @param {string} file
 */
async function importOptions(file) {
  const place = path.resolve(file);
  if (!fs.existsSync(place)) throw new UsageError(`--options ${file} is not there`);
  try {
    const { default: exported } = await import(pathToFileURL(place).href);
    return exported?.default ?? exported;
  } catch (error) {
    throw new UsageError(`--options ${file} can't be loaded: ${String(error).split('\n', 1)[0]}`);
  }
}

module.exports = { HELP, UsageError, readArguments };
