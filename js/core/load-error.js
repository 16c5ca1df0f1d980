'use strict';

// Why the native addon is not there, and what to do about it: from what is there instead. Only loaded
// once it has failed.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const PACKAGE = '@monocloud/backend-node';

/** What there is an addon for, as napi names it. The targets in package.json, by other names. */
const PLATFORMS = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
];

/** How Node.js, and Yarn in its place, say that nothing of that name is there. */
const ABSENT = /^(Cannot find|Required (unplugged )?package|Qualified path)|tried to access/;

/** How Deno says that it was not allowed something. */
const DENIED = /run again with the --allow-\w+ flag/;
const DENO = {
  why: 'Deno was not allowed to',
  fix: 'start it with --allow-ffi, --allow-read and --allow-env',
  told: true,
};

const AGAIN = 'delete node_modules and install it again on this machine';
const REINSTALL = `${AGAIN}, with its optional dependencies`;

/**
 * @typedef {{ why: string, fix: string, told?: boolean }} Diagnosis
 * @typedef {{ message: string, name: string | undefined }} Attempt
 */

/**
 * @param {string} platform
 * @param {Diagnosis} diagnosis
 * @param {string} [tried]
 */
function sentence(platform, { why, fix }, tried = '') {
  return (
    `The native addon of ${PACKAGE} can't be loaded on ${platform} by ${runtime()}: ` +
    `${why}; ${fix}${tried}`
  );
}

function runtime() {
  const { bun, deno } = process.versions;
  if (bun) return `Bun ${bun}`;
  return deno ? `Deno ${deno}` : `Node.js ${process.version}`;
}

/**
 * @param {string} message
 * @param {unknown} [cause]
 */
function failure(message, cause) {
  const error = cause ? new Error(message, { cause }) : new Error(message);
  return Object.assign(error, { code: 'ERR_MONOCLOUD_NATIVE' });
}

/** @param {Error} error */
function loadError(error) {
  const attempts = attemptsOf(error);
  // What it took this system for, where the two are not of one mind.
  const platform = soughtBy(attempts) ?? platformName();
  // Deno may refuse a single file, or all of it.
  const denied = [error, ...attempts].some(({ message }) => DENIED.test(message));
  const diagnosis = denied ? DENO : diagnose(attempts, platform);
  const names = attempts.map(({ name }) => name).filter(Boolean);
  const tried = diagnosis.told || names.length === 0 ? '' : ` (tried ${names.join(', ')})`;
  return failure(sentence(platform, diagnosis, tried), error);
}

/**
 * @param {string} expected
 * @param {string | undefined} found
 */
function versionError(expected, found) {
  const platform = platformName();
  const why =
    `${PACKAGE} is ${expected} and its addon, of ${PACKAGE}-${platform}, is ` +
    `${found ?? 'of another version'}`;
  const fix = `install both in the version ${expected}, as "npm install ${PACKAGE}@${expected}" does`;
  return failure(sentence(platform, { why, fix }));
}

/**
 * What ./binding.js tried, in that order, and how each ended. Its error has the last one first.
 * @param {Error} error
 */
function attemptsOf(error) {
  /** @type {Attempt[]} */
  const attempts = [];
  for (let { cause } = error; cause instanceof Error; cause = cause.cause) {
    const [message] = cause.message.split('\n', 1);
    // What was not found, or the path of a file that is there, before what the system's loader says of it.
    const [, missing, file = missing] =
      /^(?:Cannot find module '([^']+)'|(.+?\.node): )/.exec(message) ?? [];
    attempts.unshift({ message, name: file?.replace(/^.*[/\\](?=binding\.)/, './') });
  }
  // None is made for WebAssembly.
  return attempts.filter(({ name, message }) => !/wasi/.test(name ?? message));
}

/** @param {Attempt[]} attempts */
function soughtBy(attempts) {
  return PLATFORMS.find((known) => attempts.some(({ name }) => name?.endsWith(`-${known}`)));
}

/**
 * `told`: the sentence says it all, and which files were tried is of no use.
 * @param {Attempt[]} attempts
 * @param {string} platform
 * @returns {Diagnosis}
 */
function diagnose(attempts, platform) {
  const forbidden = forbids(attempts);
  if (forbidden) return { ...forbidden, told: true };
  for (const name of ['NAPI_RS_FORCE_WASI', 'NAPI_RS_WASI_FLAVOR', 'NAPI_RS_NATIVE_LIBRARY_PATH']) {
    if (process.env[name]) return { why: `${name} names another one`, fix: 'unset that variable' };
  }
  if (!PLATFORMS.includes(platform)) {
    return { why: 'there is none for that platform', fix: `use one of ${PLATFORMS.join(', ')}` };
  }
  const broken = attempts.find(({ message }) => !ABSENT.test(message));
  if (broken) return refused(broken.message, platform);
  if (isBundled()) {
    return {
      why: 'the code runs from a bundle, and bundlers leave native addons out',
      fix: `mark ${PACKAGE} as external in the bundler's settings, and install it where the bundle runs`,
    };
  }
  return absent(`${PACKAGE}-${platform}`, platform);
}

/** @param {Attempt[]} attempts */
function forbids(attempts) {
  /** @param {RegExp} pattern */
  const ended = (pattern) => attempts.some(({ message }) => pattern.test(message));
  if (ended(/addons is disabled/)) {
    return process.permission !== undefined && !hasFlag('--no-addons')
      ? { why: 'Node.js runs with --permission', fix: 'start it with --allow-addons as well' }
      : { why: 'Node.js runs with --no-addons', fix: 'start it without that flag' };
  }
  if (ended(/Access to this API/)) {
    return {
      why: 'Node.js runs with --permission and may not read it',
      fix: "start it with --allow-fs-read for the package's directory as well",
    };
  }
  return undefined;
}

/**
 * The file is there. `message` is what the system's loader says of it.
 * @param {string} message
 * @param {string} platform
 */
function refused(message, platform) {
  const why = `the system refuses it ("${message}")`;
  if (/\.zip[/\\]/.test(message)) {
    const name = `${PACKAGE}-${platform}`;
    return { why: `${name} is in a zip file of Yarn's`, fix: `run "yarn unplug ${name}"` };
  }
  if (/GLIBC(XX)?_\d/.test(message)) {
    return { why, fix: 'its C library is too old for it: use a newer system or base image' };
  }
  const library = /^(?:Error loading shared library )?(lib[^:/]+\.so[^:/]*): /.exec(message)?.[1];
  if (library) return { why, fix: `install ${library}, which this system or image lacks` };
  return { why, fix: REINSTALL };
}

/**
 * Nothing of this platform is installed: what is, and what the project's files say, tells why.
 * @param {string} name
 * @param {string} platform
 */
function absent(name, platform) {
  const installed = PLATFORMS.filter((other) => other !== platform && isInstalled(other));
  const missing = `${name} is not installed`;
  const [os, cpu] = platform.split('-');
  const near = installed.find((other) => other.startsWith(`${os}-${cpu}-`));
  if (near) {
    const [here, there] = near.endsWith('musl') ? ['glibc', 'musl'] : ['musl', 'glibc'];
    return {
      why: `${missing}, but ${PACKAGE}-${near} is: this system has ${here}, and node_modules is from one with ${there}`,
      fix: `${AGAIN}, or in the image that it runs in, and copy none from another (Alpine has musl, Debian glibc)`,
    };
  }
  const sameSystem = installed.find((other) => other.startsWith(`${os}-`));
  if (sameSystem) {
    const there = sameSystem.split('-')[1];
    return {
      why: `${missing}, but ${PACKAGE}-${sameSystem} is: this Node.js is for ${cpu}, and the one that installed it for ${there}`,
      fix: `use a Node.js for ${there}, or delete node_modules and install it again with this one`,
    };
  }
  if (installed.length > 0) {
    return {
      why: `${missing}, but ${PACKAGE}-${installed[0]} is: node_modules is from another system`,
      fix: `${AGAIN}, and copy none from another (.dockerignore)`,
    };
  }
  return fromProject(missing, name);
}

/**
 * No platform's package is there at all.
 * @param {string} missing
 * @param {string} name
 */
function fromProject(missing, name) {
  const project = projectDirectory();
  const npmrc = textOf(path.join(project, '.npmrc'));
  const [setting] = /^\s*(omit(\[\])?\s*=.*\boptional\b.*|optional\s*=\s*false)/m.exec(npmrc) ?? [];
  if (setting) {
    const why = `${missing}, for .npmrc says ${setting.trim()}`;
    return { why, fix: 'take that out, and install again' };
  }
  const lock = textOf(path.join(project, 'package-lock.json'));
  if (lock.includes(`/${PACKAGE}"`) && !lock.includes(`/${name}"`)) {
    return {
      why: `${missing}, for package-lock.json, which was made on another system, does not list it`,
      fix: 'delete node_modules and package-lock.json and install again, once, on this one',
    };
  }
  return {
    why: missing,
    fix: `${REINSTALL}: without --omit=optional, --no-optional or optional=false`,
  };
}

/** @param {string} platform */
function isInstalled(platform) {
  try {
    // Made here, so that no bundler takes it for something to bundle.
    createRequire(here()).resolve(`${PACKAGE}-${platform}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** This file, or what a bundler made of it. In an ES module there is no `__filename`. */
function here() {
  return typeof __filename === 'string' && path.isAbsolute(__filename)
    ? __filename
    : path.join(process.cwd(), 'bundle.js');
}

/** Whether this is not within the package as it was installed. */
function isBundled() {
  try {
    const manifest = path.join(path.dirname(here()), '..', '..', 'package.json');
    return JSON.parse(fs.readFileSync(manifest, 'utf8')).name !== PACKAGE;
  } catch {
    return true;
  }
}

/** Where `npm install` was run: above node_modules. Elsewhere (pnpm's store, say) nothing is found. */
function projectDirectory() {
  const [project] = here().split(`${path.sep}node_modules${path.sep}`, 1);
  return project;
}

/** @param {string} file */
function textOf(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} flag */
function hasFlag(flag) {
  return [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].includes(flag);
}

function platformName() {
  const { arch, platform } = process;
  /** @type {Partial<Record<NodeJS.Platform, () => string | undefined>>} */
  const abis = { linux: libc, win32: () => 'msvc' };
  const abi = abis[platform]?.();
  return [platform, arch, abi].filter(Boolean).join('-');
}

function libc() {
  const { report } = process;
  const { excludeNetwork } = report;
  // Otherwise it looks up the name of every open connection's peer.
  report.excludeNetwork = true;
  try {
    // The declaration says only that it is an object.
    const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
      report.getReport()
    );
    return header.glibcVersionRuntime ? 'gnu' : 'musl';
  } catch {
    return undefined; // Deno asks for --allow-sys.
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

module.exports = { loadError, versionError };
