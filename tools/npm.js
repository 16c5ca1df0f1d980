'use strict';

// Runs commands, npm among them.

const { spawnSync } = require('node:child_process');

/** Returns stdout, or throws an error with the text of stderr. */
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
  // Under `npm run`, npm_execpath is npm's script: Node.js runs it without PATH, shell or npm.cmd.
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js')) return run(process.execPath, [script, ...args], options);
  return run('npm', args, { shell: process.platform === 'win32', ...options });
}

module.exports = { npm, run };
