'use strict';

// node tools/node-versions.js [18 22 …] [arguments of tools/test.js]: runs the JavaScript tests under other
// versions of Node.js, from the npm package `node`, kept in .cache/. Without versions: under every supported
// major version but the current one.
//
// Servers that tests start as separate processes run under the current Node.js (TEST_SERVER_NODE), because
// oidc-provider needs 20.12.

const { execFileSync } = require('node:child_process');
const { nodeOf } = require('./downloads');
const { runNode } = require('./test');

const SUPPORTED = ['18', '20', '22', '24'];

/** The executable and the exact version of a major version, downloaded if it is missing. */
function getNode(major) {
  const binary = nodeOf(major);
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  return { binary, version };
}

function main(args) {
  const isMajor = (arg) => /^\d+$/.test(arg);
  const current = process.versions.node.split('.')[0];
  const asked = args.filter(isMajor);
  const majors = asked.length > 0 ? asked : SUPPORTED.filter((major) => major !== current);
  const rest = args.filter((arg) => !isMajor(arg));

  // All downloads first, so that a network error comes before the tests.
  const nodes = majors.map(getNode);
  for (const { binary, version } of nodes) {
    console.log(`\n── Node.js ${version}`);
    const env = { TEST_SERVER_NODE: process.env.TEST_SERVER_NODE ?? process.execPath };
    const status = runNode(rest, { node: binary, env });
    if (status !== 0) {
      console.error(`The tests failed under Node.js ${version}.`);
      return status;
    }
  }
  return 0;
}

process.exitCode = main(process.argv.slice(2));
