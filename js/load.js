'use strict';

// Loads the native addon, and where that fails says in one sentence what to do about it: the generated
// ./binding.js blames npm for whatever happened.

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

const REINSTALL =
  'delete node_modules and install it again on this machine, with its optional dependencies';

/** How Deno says that it was not allowed something. */
const DENIED = /run again with the --allow-\w+ flag/;

function loadError(error) {
  const attempts = attemptsOf(error);
  const platform = platformName();
  // Deno may refuse a single file, or all of it.
  const denied = [error, ...attempts].some(({ message }) => DENIED.test(message));
  const { why, fix, forbidden } = denied ? DENO : diagnose(attempts, platform);
  const names = attempts.map(({ name }) => name).filter(Boolean);
  const tried = forbidden || names.length === 0 ? '' : ` (tried ${names.join(', ')})`;
  const message =
    `The native addon of ${PACKAGE} can't be loaded on ${platform} by ${runtime()}: ` +
    `${why}; ${fix}${tried}`;
  return Object.assign(new Error(message, { cause: error }), { code: 'ERR_MONOCLOUD_NATIVE' });
}

const DENO = {
  why: 'Deno was not allowed to',
  fix: 'start it with --allow-ffi, --allow-read and --allow-env',
  forbidden: true,
};

function runtime() {
  const { bun, deno } = process.versions;
  if (bun) return `Bun ${bun}`;
  return deno ? `Deno ${deno}` : `Node.js ${process.version}`;
}

/** What ./binding.js tried, in that order, and how each ended. Its error has the last one first. */
function attemptsOf(error) {
  const attempts = [];
  for (let { cause } = error; cause instanceof Error; cause = cause.cause) {
    const [message] = cause.message.split('\n', 1);
    const missing = /^Cannot find module '([^']+)'/.exec(message)?.[1];
    // The path of a file that is there, before what the system's loader says of it.
    const file = missing ?? /^(.+?\.node): /.exec(message)?.[1];
    const name = file?.replace(/^.*[/\\](?=binding\.)/, './');
    attempts.unshift({ message, missing: missing !== undefined, name });
  }
  // None is made for WebAssembly.
  return attempts.filter(({ name }) => !/wasi/.test(name ?? ''));
}

function diagnose(attempts, platform) {
  const ended = (pattern) => attempts.find(({ message }) => pattern.test(message));
  if (ended(/addons is disabled/)) {
    const [why, fix] =
      process.permission !== undefined && !hasFlag('--no-addons')
        ? ['Node.js runs with --permission', 'start it with --allow-addons as well']
        : ['Node.js runs with --no-addons', 'start it without that flag'];
    return { why, fix, forbidden: true };
  }
  if (ended(/Access to this API/)) {
    const why = 'Node.js runs with --permission and may not read it';
    const fix = "start it with --allow-fs-read for the package's directory as well";
    return { why, fix, forbidden: true };
  }
  for (const name of ['NAPI_RS_FORCE_WASI', 'NAPI_RS_WASI_FLAVOR', 'NAPI_RS_NATIVE_LIBRARY_PATH']) {
    if (process.env[name]) return { why: `${name} names another one`, fix: 'unset that variable' };
  }
  if (!PLATFORMS.includes(platform)) {
    return { why: 'there is none for that platform', fix: `use one of ${PLATFORMS.join(', ')}` };
  }
  const broken = attempts.find(({ missing }) => !missing);
  if (broken === undefined) return { why: 'it is not installed', fix: REINSTALL };
  const why = `the system refuses it ("${broken.message}")`;
  return /GLIBC(XX)?_\d/.test(broken.message)
    ? { why, fix: 'its C library is too old for it: use a newer system or base image' }
    : { why, fix: REINSTALL };
}

function hasFlag(flag) {
  return [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].includes(flag);
}

function platformName() {
  const { arch, platform } = process;
  const abi = { linux: libc, win32: () => 'msvc' }[platform]?.();
  return [platform, arch, abi].filter(Boolean).join('-');
}

function libc() {
  const { report } = process;
  const { excludeNetwork } = report;
  // Otherwise it looks up the name of every open connection's peer.
  report.excludeNetwork = true;
  try {
    return report.getReport().header.glibcVersionRuntime ? 'gnu' : 'musl';
  } catch {
    return undefined; // Deno asks for --allow-sys.
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

function load() {
  try {
    return require('./binding.js');
  } catch (error) {
    throw loadError(error);
  }
}

module.exports = load();
