'use strict';

// The libraries that make tokens for makers.test.js, each by a program in makers/. A program reads from stdin
//
//   { "claims": those of a good token, "method": and "url": what its DPoP proofs are for,
//     "assertions": [{ "alg", "token", "audience", "jwk", "key": the JWK in PEM, or the text of a secret }] }
//
// and writes to stdout
//
//   { "keys": [a JWK for each of its keys], "tokens": { name: token }, "proofs": { name: { token, proof } },
//     "assertions": { alg: the claims of a client assertion that it has verified } }
//
// expected.js has the names.

const { spawn, spawnSync } = require('node:child_process');
const path = require('node:path');

const { CACHE } = require('../../tools/downloads.js');
const { programOf } = require('../../tools/python.js');

const PROGRAMS = path.join(__dirname, 'makers');
// Go may have to compile its standard library first.
const LIMIT_MS = 120_000;

const pypi = (name, file, lacks) => ({
  name,
  lacks,
  command: () => {
    const requirements = path.join(PROGRAMS, 'requirements.txt');
    return programOf('python', { environment: 'interop', requirements });
  },
  // Without this folder first in its path, whose programs have the names of libraries; and no bytecode beside them.
  args: ['-I', '-B', '-W', 'ignore', path.join(PROGRAMS, file)],
  probe: ['-I', '--version'],
  needs: 'Python 3.11 with its venv module (on Debian: apt-get install python3-venv), and PyPI',
});

const debian = (name, file, { command, run = [], probe, env, needs, lacks }) => ({
  name,
  lacks,
  env,
  command: () => command,
  args: [...run, path.join(PROGRAMS, file)],
  probe,
  needs: `what apt-get install ${needs} installs`,
});

const SHORT = 'a key without its leading zeros';

/**
 * Each library: how it is run, how one sees that it is installed, and of the names in expected.js those that it can't make,
 * by the reason.
 */
const MAKERS = [
  pypi('PyJWT', 'pyjwt.py', {
    'writes keys right': [SHORT],
    'knows the algorithm by another name': ['Ed25519'],
    'has no such form': ['a detached payload', 'JSON, flattened', 'JSON, general', 'encrypted'],
    'has no such option': ['padded base64url', 'a compressed payload'],
  }),
  pypi('Authlib', 'authlib.py', {
    'knows the algorithm by another name': ['Ed25519'],
    'has no such form': ['an unencoded payload', 'a detached payload'],
    'has no such option': [
      ...['padded base64url', 'a compressed payload', 'its own name of an algorithm'],
    ],
  }),
  pypi('jwcrypto', 'jwcrypto.py', {
    'writes keys right': [SHORT],
    'has no such option': ['padded base64url', 'a compressed payload', 'times of its own type'],
    'has no such name': ['its own name of an algorithm'],
  }),
  debian('jwt of Ruby', 'ruby-jwt.rb', {
    command: 'ruby',
    probe: ['-e', 'require "jwt"'],
    needs: 'ruby ruby-jwt',
    lacks: {
      'writes keys right': [SHORT],
      'needs another library for it': ['EdDSA', 'Ed25519', 'Ed448', 'its own name of an algorithm'],
      'has no such form': [
        ...['an unencoded payload', 'a detached payload', 'JSON, flattened', 'JSON, general'],
        'encrypted',
      ],
      'has no such option': ['padded base64url', 'a compressed payload', 'times of its own type'],
      'refuses it': ['a header parameter twice', 'exp without end'],
    },
  }),
  debian('Crypt::JWT of Perl', 'crypt-jwt.pl', {
    command: 'perl',
    probe: ['-MCrypt::JWT', '-e', '1'],
    needs: 'libcrypt-jwt-perl',
    lacks: {
      'writes keys right': [SHORT],
      'knows the algorithm by another name': ['Ed25519', 'its own name of an algorithm'],
      'has no such key': ['Ed448'],
      'has no such form': ['an unencoded payload', 'a detached payload', 'JSON, general'],
      'has no such option': ['padded base64url', 'a header parameter twice', 'exp without end'],
    },
  }),
  debian('golang-jwt', 'golang-jwt.go', {
    command: 'go',
    run: ['run'],
    probe: ['list', 'github.com/golang-jwt/jwt'],
    env: {
      GO111MODULE: 'off',
      GOPATH: '/usr/share/gocode',
      GOCACHE: path.join(CACHE, 'go'),
      GOFLAGS: '',
    },
    needs: '--no-install-recommends golang-go golang-github-golang-jwt-jwt-dev',
    lacks: {
      'writes keys right': [SHORT],
      'knows the algorithm by another name': ['Ed25519', 'its own name of an algorithm'],
      'has no such algorithm': ['ES256K', 'Ed448'],
      'has no such form': [
        ...['an unencoded payload', 'a detached payload', 'JSON, flattened', 'JSON, general'],
        ...['encrypted', 'a token in a token'],
      ],
      'has no such option': ['a compressed payload', 'a header parameter twice'],
      'refuses it': ['exp without end'],
    },
  }),
];

const environmentOf = ({ env }) => ({ ...process.env, ...env });

/** Why a maker can't be run here, or `false`. In CI it can. */
function missing(maker) {
  if (process.env.CI) return false;
  try {
    const { status, error } = spawnSync(maker.command(), maker.probe, {
      env: environmentOf(maker),
      stdio: 'ignore',
      timeout: LIMIT_MS,
    });
    if (!error && status === 0) return false;
  } catch {
    // Of `programOf`.
  }
  return `${maker.name} is not installed: it needs ${maker.needs}`;
}

/** What its program makes of `asked`. */
function run(maker, asked) {
  const child = spawn(maker.command(), maker.args, {
    env: environmentOf(maker),
    timeout: LIMIT_MS,
  });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  let log = '';
  child.stderr.on('data', (bytes) => {
    log += bytes;
  });
  // A program that ends before it has read says why on stderr.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(asked));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(chunks)));
      else reject(new Error(`the program of ${maker.name} ended with ${code}:\n${log}`));
    });
  });
}

/** Those of some names that a maker can make. */
function madeBy({ lacks }, names) {
  const lacking = Object.values(lacks).flat();
  return names.filter((name) => !lacking.includes(name));
}

module.exports = { MAKERS, madeBy, missing, run };
