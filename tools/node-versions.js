'use strict';

// node tools/node-versions.js [18 22 …] [what tools/test.js takes]: the JavaScript tests under
// other versions of Node.js, from the npm package `node`, kept in .cache/. Without versions: every
// supported major but the one that runs this.
//
// The servers that tests start as processes of their own (oidc-provider needs Node.js 20.12) stay
// on the Node.js that runs this: TEST_SERVER_NODE.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { runNode } = require('./test');

const root = path.join(__dirname, '..');
const SUPPORTED = ['18', '20', '22', '24'];

function installed(directory) {
  const binary = path.join(directory, 'node_modules', 'node', 'bin', nodeName());
  if (!fs.existsSync(binary)) {
    return undefined;
  }
  const { stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  return stdout ? { binary, version: stdout.trim() } : undefined;
}

const nodeName = () => (process.platform === 'win32' ? 'node.exe' : 'node');

/** Where that major's executable is; downloaded when it is not there yet. */
function getNode(major) {
  const directory = path.join(root, '.cache', `node-${major}`);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const found = installed(directory);
    if (found) {
      return found;
    }
    fs.rmSync(directory, { recursive: true, force: true });
    fs.mkdirSync(directory, { recursive: true });
    // A package of its own: npm would take the nearest one above for the project otherwise.
    const manifest = { private: true, allowScripts: { node: true } };
    fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify(manifest));
    spawnSync('npm', ['install', '--no-save', '--no-package-lock', `node@${major}`], {
      cwd: directory,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
  }
  const found = installed(directory);
  if (!found) {
    throw new Error(`could not install node@${major} from npm into ${directory}`);
  }
  return found;
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
