'use strict';

// What the package says where its addon is missing, in folders that were made from the tarballs: each
// cause by what it leaves behind, for that is all there is to go by.

const { after, before, beforeEach, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { runScript } = require('../support/child.js');
const { pack } = require('../../tools/pack');

const NAME = '@monocloud/backend-node';
const { version } = require('../../package.json');

/** This machine as it is not, before the package is loaded. */
const asIf = (property, value) =>
  `Object.defineProperty(process, '${property}', { value: '${value}' });`;
const AS_ALPINE = `
  const fs = require('node:fs');
  const { readFileSync } = fs;
  fs.readFileSync = (file, ...rest) =>
    file === '/usr/bin/ldd' ? 'musl libc' : readFileSync(file, ...rest);
  process.report.getReport = () => ({ header: {}, sharedObjects: ['/lib/ld-musl-x86_64.so.1'] });`;

describe('a package without its addon', () => {
  let scratch;
  let packed;
  let app;

  const unpack = (tarball, directory) => {
    fs.mkdirSync(directory, { recursive: true });
    execFileSync('tar', ['-xzf', tarball, '-C', directory, '--strip-components=1']);
  };
  const isAddon = (name) => name.endsWith('.node');
  const installedAt = (name) => path.join(app, 'node_modules', ...name.split('/'));
  const install = (platform) => {
    fs.cpSync(path.join(scratch, 'platform'), installedAt(`${NAME}-${platform}`), {
      recursive: true,
    });
    const manifest = path.join(__dirname, '..', '..', 'npm', platform, 'package.json');
    fs.copyFileSync(manifest, path.join(installedAt(`${NAME}-${platform}`), 'package.json'));
  };

  before(() => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-package-'));
    packed = pack({ out: scratch });
    unpack(packed.root, path.join(scratch, 'root'));
    unpack(packed.platform, path.join(scratch, 'platform'));
  });
  after(() => fs.rmSync(scratch, { recursive: true, force: true }));

  beforeEach(() => {
    app = fs.mkdtempSync(path.join(scratch, 'app-'));
    fs.cpSync(path.join(scratch, 'root'), installedAt(NAME), { recursive: true });
  });

  async function load({ setUp = '', file, from = app, flags } = {}) {
    const source = `
      ${setUp}
      const { createRequire } = require('node:module');
      try {
        const loaded = ${file ? 'require(input.file)' : `createRequire(input.from)('${NAME}')`};
        say({ loaded: Object.keys(loaded) });
      } catch ({ code, message, cause }) {
        say({ code, message, caused: cause instanceof Error });
      }`;
    const input = { file, from: path.join(from, 'index.js') };
    const { code, said, stderr } = await runScript(source, { input, flags });
    assert.equal(code, 0, stderr);
    return said[0];
  }

  async function failureOf(how) {
    const { code, message, loaded } = await load(how);
    assert.equal(loaded, undefined);
    assert.equal(code, 'ERR_MONOCLOUD_NATIVE', message);
    assert.ok(!message.includes('\n') && !/\. \w/.test(message), `one sentence: ${message}`);
    return message;
  }

  /** Each part is in the message. */
  const tells = (message, ...parts) => {
    for (const part of parts) assert.ok(message.includes(part), `${part} in: ${message}`);
  };

  it('is whole with it', async () => {
    install(packed.name);
    const { loaded, message } = await load();
    assert.ok(loaded?.includes('MonoCloudBackendNodeClient'), message);
  });

  it('names the package, the platform and what was left out', async () => {
    const message = await failureOf();
    tells(
      message,
      ` can't be loaded on ${packed.name} by Node.js ${process.version}: `,
      `${NAME}-${packed.name} is not installed; `,
      'with its optional dependencies: without --omit=optional, --no-optional or optional=false',
    );
  });

  for (const setting of ['omit=optional', 'optional = false', 'omit[]=optional']) {
    it(`finds "${setting}" in .npmrc`, async () => {
      fs.writeFileSync(path.join(app, '.npmrc'), `fund=false\n${setting}\n`);
      const message = await failureOf();
      tells(message, `is not installed, for .npmrc says ${setting}; take that out`);
      fs.writeFileSync(path.join(app, '.npmrc'), `# ${setting}\n`);
      tells(await failureOf(), 'is not installed; ');
    });
  }

  it('finds a lock file that does not list it', async () => {
    const packages = { '': {}, [`node_modules/${NAME}`]: { version } };
    const lock = path.join(app, 'package-lock.json');
    fs.writeFileSync(lock, JSON.stringify({ lockfileVersion: 3, packages }));
    tells(
      await failureOf(),
      'for package-lock.json, which was made on another system, does not list it; ',
      'delete node_modules and package-lock.json and install again',
    );
    packages[`node_modules/${NAME}-${packed.name}`] = { version, optional: true };
    fs.writeFileSync(lock, JSON.stringify({ lockfileVersion: 3, packages }));
    tells(await failureOf(), `${NAME}-${packed.name} is not installed; delete node_modules and`);
  });

  const onLinux = process.platform === 'linux' ? {} : { skip: 'only Linux has two C libraries' };

  it('knows node_modules that was copied into Alpine', onLinux, async () => {
    install(`linux-${process.arch}-gnu`);
    tells(
      await failureOf({ setUp: AS_ALPINE }),
      ` on linux-${process.arch}-musl by `,
      `${NAME}-linux-${process.arch}-musl is not installed, but ${NAME}-linux-${process.arch}-gnu is: `,
      'this system has musl, and node_modules is from one with glibc; ',
      'Alpine',
    );
  });

  it('knows node_modules that was copied out of Alpine', onLinux, async () => {
    install(`linux-${process.arch}-musl`);
    const setUp = "process.report.getReport = () => ({ header: { glibcVersionRuntime: '2.36' } });";
    tells(
      await failureOf({ setUp }),
      `${NAME}-linux-${process.arch}-gnu is not installed, but ${NAME}-linux-${process.arch}-musl is: `,
      'this system has glibc, and node_modules is from one with musl; ',
    );
  });

  it('knows a Node.js for another processor', async () => {
    const other = { x64: 'arm64', arm64: 'x64' }[process.arch];
    install(packed.name.replace(process.arch, other));
    tells(
      await failureOf(),
      `${NAME}-${packed.name} is not installed, but ${NAME}-${packed.name.replace(process.arch, other)} is: `,
      `this Node.js is for ${process.arch}, and the one that installed it for ${other}; `,
      `use a Node.js for ${other}`,
    );
  });

  it('knows node_modules of another system', async () => {
    const setUp = asIf('platform', 'win32');
    install('darwin-arm64');
    tells(await failureOf({ setUp }), `-darwin-arm64 is: node_modules is from another `);
    install('darwin-x64');
    tells(
      await failureOf({ setUp }),
      `-win32-${process.arch}-msvc is not installed, but ${NAME}-darwin-x64 is: node_modules is from another `,
      '.dockerignore',
    );
  });

  it('knows a bundle', async () => {
    // As esbuild and webpack write it: all in one file, elsewhere, next to another package's manifest.
    const dist = path.join(app, 'dist');
    fs.cpSync(path.join(installedAt(NAME), 'js'), path.join(dist, 'js'), { recursive: true });
    fs.writeFileSync(path.join(dist, 'package.json'), JSON.stringify({ name: 'shop', version }));
    fs.rmSync(path.join(app, 'node_modules'), { recursive: true });
    for (const manifest of ["another package's", 'none']) {
      tells(
        await failureOf({ file: path.join(dist, 'js', 'index.js') }),
        'the code runs from a bundle, and bundlers leave native addons out; ',
        `mark ${NAME} as external`,
      );
      if (manifest !== 'none') fs.rmSync(path.join(dist, 'package.json'));
    }
  });

  it("knows Yarn's zip files", async () => {
    const zip = path.join(app, 'cache', 'addon.zip', 'node_modules', '@monocloud');
    fs.mkdirSync(zip, { recursive: true });
    install(packed.name);
    const addon = fs.readdirSync(installedAt(`${NAME}-${packed.name}`)).find(isAddon);
    fs.writeFileSync(path.join(installedAt(`${NAME}-${packed.name}`), addon), 'no addon');
    fs.renameSync(installedAt(NAME), path.join(zip, 'backend-node'));
    fs.renameSync(
      installedAt(`${NAME}-${packed.name}`),
      path.join(zip, `backend-node-${packed.name}`),
    );
    const message = await failureOf({ file: path.join(zip, 'backend-node', 'js', 'index.js') });
    tells(
      message,
      `${NAME}-${packed.name} is in a zip file of Yarn's; run "yarn unplug ${NAME}-${packed.name}"`,
    );
  });

  it('says what is wrong with a damaged file', async () => {
    install(packed.name);
    const directory = installedAt(`${NAME}-${packed.name}`);
    const addon = path.join(directory, fs.readdirSync(directory).find(isAddon));
    fs.writeFileSync(addon, 'no addon');
    tells(await failureOf(), ': the system refuses it ("', '; delete node_modules and install it');
  });

  const permission = ['--permission', '--experimental-permission'].find((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag),
  );
  const without = permission === undefined && 'this Node.js has no permission model';

  it('says that it may not be read', { skip: without }, async () => {
    install(packed.name);
    const readable = [path.join(__dirname, '..', '..'), installedAt(NAME)];
    const flags = readable.map((directory) => `--allow-fs-read=${path.join(directory, '*')}`);
    tells(
      await failureOf({ flags: [permission, '--allow-addons', ...flags] }),
      ': Node.js runs with --permission and may not read it; ',
      "start it with --allow-fs-read for the package's directory as well",
    );
  });

  it('names a library that the system lacks', onLinux, async () => {
    install(packed.name);
    const directory = installedAt(`${NAME}-${packed.name}`);
    const addon = fs.readdirSync(directory).find(isAddon);
    const cc = (...args) => execFileSync('cc', ['-shared', ...args], { cwd: directory });
    cc('-o', 'libgone.so', '-x', 'c', '/dev/null');
    cc('-o', addon, '-L.', '-Wl,--no-as-needed', '-lgone', '-x', 'c', '/dev/null');
    fs.rmSync(path.join(directory, 'libgone.so'));
    tells(
      await failureOf(),
      ': the system refuses it ("libgone.so: cannot open shared object file',
      '; install libgone.so, which this system or image lacks',
    );
  });

  it('takes no addon of another version', async () => {
    install(packed.name);
    // As if the package had been upgraded, and its addon had not.
    fs.writeFileSync(
      path.join(installedAt(NAME), 'js', 'version.js'),
      "module.exports = '99.0.0';",
    );
    tells(
      await failureOf(),
      `${NAME} is 99.0.0 and its addon, of ${NAME}-${packed.name}, is ${version}; `,
      `"npm install ${NAME}@99.0.0"`,
    );
  });
});
