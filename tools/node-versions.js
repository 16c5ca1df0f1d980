'use strict';

// node tools/node-versions.js [18 22 …] [what tools/test.js takes]: the JavaScript tests under
// other versions of Node.js, from the npm package `node`, kept in .cache/. Without versions: every
// supported major but the one that runs this.
//
// The servers that tests start as processes of their own (oidc-provider needs Node.js 20.12) stay
// on the Node.js that runs this: TEST_SERVER_NODE.

const { execFileSync } = require('node:child_process');
const { nodeOf } = require('./downloads');
const { runNode } = require('./test');

const SUPPORTED = ['18', '20', '22', '24'];

/** Where that major's executable is, and which version it is; downloaded when it is not there yet. */
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

  // All downloads first: a network that fails should fail before an hour of tests.
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
