'use strict';

// npm run lock: completes package-lock.json with the optional packages of other platforms.
//
// npm leaves an optional package out of the lock file if the registry does not serve it, such as a mirror that
// has one platform's packages only. `npm ci` then refuses the lock file on every machine. The added entries
// have no digest, because the package was not downloaded; `npm install` with the full registry adds it.

const fs = require('node:fs');
const path = require('node:path');

const lockFile = path.join(__dirname, '..', 'package-lock.json');

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPUS = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/** What a platform package's name says: `…-linux-x64-musl` is for Linux, x64 and musl. */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const cpu = words.find((word) => CPUS.includes(word));
  const os = words.find((word) => SYSTEMS.includes(word));
  if (!cpu) {
    throw new Error(`${name} does not say which platform it is for`);
  }
  const gnu = words.some((word) => word.startsWith('gnu'));
  const libc = words.includes('musl') ? 'musl' : gnu && os === 'linux' && 'glibc';
  return { cpu: [cpu], libc: libc ? [libc] : undefined, os: os ? [os] : undefined };
}

/** `[name, version, dependent]` of each optional package that the lock file should have. */
function missing({ packages }) {
  return Object.entries(packages).flatMap(([at, dependent]) =>
    Object.entries(dependent.optionalDependencies ?? {})
      .filter(([name]) => {
        const below = at === '' ? '' : `${at}/`;
        return !packages[`${below}node_modules/${name}`] && !packages[`node_modules/${name}`];
      })
      .map(([name, version]) => [name, version, dependent]),
  );
}

function complete(lock) {
  for (const [name, version, { dev }] of missing(lock)) {
    if (!/^\d/.test(version)) {
      throw new Error(`${name}@${version} is a range: only a registry can say which version`);
    }
    const { cpu, libc, os } = platformOf(name);
    // In npm's own order, so that its next run changes nothing.
    lock.packages[`node_modules/${name}`] = { version, cpu, dev, libc, optional: true, os };
  }
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

module.exports = { missing };

if (require.main === module) {
  const lock = complete(JSON.parse(fs.readFileSync(lockFile, 'utf8')));
  fs.writeFileSync(lockFile, `${JSON.stringify(lock, null, 2)}\n`);
}
