'use strict';

// Runs commands for the tools, and npm among them.

const { spawnSync } = require('node:child_process');

/** What it printed, or an error with what it complained about. */
function run(command, args, options) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    ...options,
  });
  if (error !== undefined || status !== 0) {
    const why = error?.message ?? stderr?.trim() ?? `exit status ${status}`;
    throw new Error(`${command} ${args.join(' ')}: ${why}`);
  }
  return stdout;
}

function npm(args, options) {
  // Under `npm run` this is npm's own script, to be run by Node: no PATH, no shell, no npm.cmd.
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js')) return run(process.execPath, [script, ...args], options);
  return run('npm', args, { shell: process.platform === 'win32', ...options });
}

module.exports = { npm, run };
