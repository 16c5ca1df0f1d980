'use strict';

// The headers and libraries of glibc 2.17. An addon built against them needs no newer symbol, whatever glibc
// this machine has. They come from napi-rs's cross toolchains on npm. The toolchains' compiler (of 2013) is not
// used: this machine's optimizes better.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { gunzipSync } = require('node:zlib');
const { npm, run } = require('./npm');

const ROOT = path.join(__dirname, '..');

/** By Rust's target. Pinned by version and digest, because published addons link to them. */
const TOOLCHAINS = {
  'x86_64-unknown-linux-gnu': {
    name: '@napi-rs/cross-toolchain-x64-target-x86_64',
    version: '1.0.0',
    integrity:
      'sha512-lecoghCfoTAX9MLFcIx9/nL9M8xdkZ9n8Pki8qjKUNzjiq1zbECdEbzIZAMMHRtrXxifK9dAyYuh8gSxNbr2og==',
    compiler: 'x86_64-linux-gnu-gcc',
    cpu: 'x64',
  },
  'aarch64-unknown-linux-gnu': {
    name: '@napi-rs/cross-toolchain-x64-target-aarch64',
    version: '1.0.3',
    integrity:
      'sha512-EMFcy/ahFsmCY3BI1tMC3wRUYZ+cDuILg7nP1micaKXW1tO1+RvUB1CC6QYe+cv2W4Tuz9wr3qcFExWyjgWf2w==',
    compiler: 'aarch64-linux-gnu-gcc',
    cpu: 'arm64',
  },
};

function download({ name, version, integrity }, directory) {
  const [{ filename }] = JSON.parse(
    npm(['pack', '--json', '--pack-destination', directory, `${name}@${version}`], {
      cwd: directory,
    }),
  );
  const bytes = fs.readFileSync(path.join(directory, filename));
  const digest = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (digest !== integrity) throw new Error(`${name}@${version} is ${digest}, not ${integrity}`);
  return bytes;
}

async function unpack(bytes, target, directory) {
  const { XzReadableStream } = require('xz-decompress');
  const tar = (input, ...members) =>
    run('tar', ['-x', '-C', directory, '-f', '-', ...members], { input });
  tar(gunzipSync(bytes), `package/${target}.tar.xz`);
  const inner = await fs.openAsBlob(path.join(directory, 'package', `${target}.tar.xz`));
  const sysroot = `./${target}/sysroot`;
  tar(Buffer.from(await new Response(new XzReadableStream(inner.stream())).arrayBuffer()), sysroot);
  return path.join(directory, sysroot);
}

/** The directory with the files, downloaded into .cache/ if they are missing. */
async function getSysroot(target) {
  const toolchain = TOOLCHAINS[target];
  const place = path.join(ROOT, '.cache', 'sysroot', `${target}-${toolchain.version}`);
  if (fs.existsSync(place)) return place;
  fs.mkdirSync(path.dirname(place), { recursive: true });
  const directory = fs.mkdtempSync(`${place}-`);
  try {
    // Renamed when complete, so that an interrupted download is not used.
    fs.renameSync(await unpack(download(toolchain, directory), target, directory), place);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
  return place;
}

/**
 * The environment in which cargo compiles and links C and Rust against these files.
 * @returns {Promise<Record<string, string>>}
 */
async function sysrootEnvironment(target) {
  const { compiler, cpu } = TOOLCHAINS[target];
  const sysroot = await getSysroot(target);
  const cc = cpu === process.arch ? 'cc' : compiler;
  const at = quoted(sysroot);
  // `-L`, because Debian's gcc searches this machine's directories before the sysroot.
  return compiledBy(target, `${sysroot}.cc`, `${cc} --sysroot=${at} -L${at}/usr/lib -L${at}/lib`);
}

/**
 * The same for musl, with `musl-gcc` of Debian's musl-tools on a machine with the same processor. musl-tools has
 * no libgcc_s, which Rust links to, so this machine's is linked: all export the same symbols. On Alpine it is
 * installed, because Node.js needs it.
 */
function muslEnvironment(target) {
  const directory = path.join(ROOT, '.cache', 'musl');
  fs.mkdirSync(directory, { recursive: true });
  const library = path.join(directory, 'libgcc_s.so.1');
  fs.rmSync(library, { force: true });
  fs.symlinkSync(run('cc', ['-print-file-name=libgcc_s.so.1']).trim(), library);
  return {
    ...compiledBy(target, path.join(directory, 'cc'), `musl-gcc -L${quoted(directory)}`),
    // Rust links musl statically by default. The addon must use the musl of Node.js.
    [`CARGO_TARGET_${variable(target).toUpperCase()}_RUSTFLAGS`]: '-C target-feature=-crt-static',
  };
}

const quoted = (file) => `'${file.replaceAll("'", `'\\''`)}'`;
const variable = (target) => target.replaceAll('-', '_');

/** A script instead of flags: aws-lc-sys, cc and cargo read flags from different variables. */
function compiledBy(target, script, command) {
  fs.writeFileSync(`${script}.new`, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  fs.renameSync(`${script}.new`, script);
  return {
    [`CC_${variable(target)}`]: script,
    [`CARGO_TARGET_${variable(target).toUpperCase()}_LINKER`]: script,
  };
}

module.exports = { TOOLCHAINS, muslEnvironment, sysrootEnvironment };
