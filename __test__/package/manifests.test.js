'use strict';

// What npm reads of the package and of the packages that hold its addons: it picks one of those by these
// words alone, so a wrong one is an install without an addon on a machine that nobody here has.

const { after, before, describe, it } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pack } = require('../../tools/pack');
const { checkContents } = require('../../tools/pack-contents');
const { checkPlatforms, thisPlatform } = require('../../tools/platforms');
const { checkVersions, setVersion, versions } = require('../../tools/version');

const root = path.join(__dirname, '..', '..');
const readJson = (...names) => JSON.parse(fs.readFileSync(path.join(...names), 'utf8'));
const manifest = readJson(root, 'package.json');

/** By Rust's target. Written out, so that what tools/platforms.js works out is not its own proof. */
const EXPECTED = {
  'x86_64-unknown-linux-gnu': ['linux-x64-gnu', 'linux', 'x64', 'glibc'],
  'aarch64-unknown-linux-gnu': ['linux-arm64-gnu', 'linux', 'arm64', 'glibc'],
  'x86_64-unknown-linux-musl': ['linux-x64-musl', 'linux', 'x64', 'musl'],
  'aarch64-unknown-linux-musl': ['linux-arm64-musl', 'linux', 'arm64', 'musl'],
  'x86_64-apple-darwin': ['darwin-x64', 'darwin', 'x64'],
  'aarch64-apple-darwin': ['darwin-arm64', 'darwin', 'arm64'],
  'x86_64-pc-windows-msvc': ['win32-x64-msvc', 'win32', 'x64'],
  'aarch64-pc-windows-msvc': ['win32-arm64-msvc', 'win32', 'arm64'],
};

describe('the platform packages', () => {
  it('are one for each target, and nothing else is in npm/', () => {
    assert.deepEqual(manifest.napi.targets.slice().sort(), Object.keys(EXPECTED).sort());
    const names = Object.values(EXPECTED).map(([name]) => name);
    assert.deepEqual(fs.readdirSync(path.join(root, 'npm')).sort(), names.sort());
    assert.deepEqual(checkPlatforms(), []);
  });

  for (const [name, system, cpu, libc] of Object.values(EXPECTED)) {
    it(`say where they fit: ${name}`, () => {
      const found = readJson(root, 'npm', name, 'package.json');
      const addon = `binding.${name}.node`;
      assert.equal(found.name, `@monocloud/backend-node-${name}`);
      assert.deepEqual(found.os, [system]);
      assert.deepEqual(found.cpu, [cpu]);
      assert.deepEqual(found.libc, libc && [libc]);
      assert.equal(found.main, addon);
      assert.deepEqual(found.files, [addon]);
      assert.equal(found.version, manifest.version);
      assert.equal(manifest.optionalDependencies[found.name], manifest.version);
      assert.deepEqual(found.engines, manifest.engines);
      assert.equal(found.license, manifest.license);
      assert.equal(found.preferUnplugged, true);
      assert.deepEqual(found.publishConfig, { access: 'public', provenance: true });
      for (const kind of ['scripts', 'dependencies', 'optionalDependencies', 'exports']) {
        assert.equal(found[kind], undefined, kind);
      }
      // The loader asks for the package and the file by these names.
      const loader = fs.readFileSync(path.join(root, 'js', 'binding.js'), 'utf8');
      assert.ok(loader.includes(`require('${found.name}')`), found.name);
      assert.ok(loader.includes(`require('./${addon}')`), addon);
    });
  }
});

describe('the package', () => {
  it('says where the types are to a resolver that knows no exports', () => {
    const expected = Object.entries(manifest.exports)
      .filter(([name, { require: found }]) => name !== '.' && found)
      .map(([name, { require: found }]) => [name.slice(2), [found.types]]);
    assert.deepEqual(manifest.typesVersions, { '*': Object.fromEntries(expected) });
  });

  it('runs nothing when it is installed', () => {
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']) {
      assert.equal(manifest.scripts[name], undefined, name);
    }
    assert.equal(manifest.dependencies, undefined);
    assert.equal(manifest.bundleDependencies, undefined);
    const addons = Object.values(EXPECTED).map(([name]) => `${manifest.name}-${name}`);
    assert.deepEqual(Object.keys(manifest.optionalDependencies).sort(), addons.sort());
  });
});

describe('the version', () => {
  it('is the same everywhere', () => {
    assert.deepEqual(checkVersions(), []);
    assert.equal(versions().length, 8 + 4 * 8);
  });

  it('is changed everywhere by one command', () => {
    const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-version-'));
    try {
      const manifests = ['package.json', 'package-lock.json', 'Cargo.toml', 'Cargo.lock'];
      const locks = ['fuzz/Cargo.lock', 'models/Cargo.lock'];
      for (const file of [...manifests, ...locks, 'js/version.js', 'CHANGELOG.md', 'npm']) {
        fs.cpSync(path.join(root, file), path.join(copy, file), { recursive: true });
      }
      setVersion('7.8.9-rc.1', { root: copy, today: new Date('2030-02-03T04:05:06Z') });
      assert.deepEqual([...new Set(versions(copy).map(([, version]) => version))], ['7.8.9-rc.1']);
      const changelog = fs.readFileSync(path.join(copy, 'CHANGELOG.md'), 'utf8');
      assert.match(changelog, /^## \[Unreleased\]\n\n## \[7\.8\.9-rc\.1\] - 2030-02-03\n\n/m);
      for (const file of [
        'package.json',
        'Cargo.lock',
        'js/version.js',
        'npm/linux-x64-gnu/package.json',
      ]) {
        const before = fs.readFileSync(path.join(root, file), 'utf8');
        const now = fs.readFileSync(path.join(copy, file), 'utf8');
        assert.equal(now.replaceAll('7.8.9-rc.1', manifest.version), before, file);
      }
      fs.writeFileSync(
        path.join(copy, 'Cargo.toml'),
        fs.readFileSync(path.join(copy, 'Cargo.toml'), 'utf8').replace('7.8.9-rc.1', '7.8.8'),
      );
      assert.deepEqual(checkVersions(copy), ['Cargo.toml says 7.8.8, and package.json 7.8.9-rc.1']);
      for (const bad of ['', undefined, '1.2', 'v1.2.3', '1.2.3+4', '01.2.3', '1.2.3\n']) {
        assert.throws(() => setVersion(bad, { root: copy }), /is no version/, String(bad));
      }
    } finally {
      fs.rmSync(copy, { recursive: true, force: true });
    }
  });
});

describe('the tarballs', () => {
  let out;
  let packed;

  before(() => {
    out = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-tarballs-'));
    packed = pack({ out });
  });
  after(() => fs.rmSync(out, { recursive: true, force: true }));

  it('are two, of this version', () => {
    const expected = [packed.root, packed.platform].map((file) => path.basename(file));
    assert.deepEqual(fs.readdirSync(out).sort(), expected.sort());
    assert.equal(packed.name, thisPlatform());
    assert.ok(packed.root.endsWith(`monocloud-backend-node-${manifest.version}.tgz`));
  });

  it('hold what belongs there, and no more', () => {
    const [whole, platform] = packed.packages;
    assert.deepEqual(platform.files, [
      'LICENSE',
      'README.md',
      `binding.${packed.name}.node`,
      'package.json',
    ]);
    for (const file of [
      'js/core/load.js',
      'js/core/load-error.js',
      'js/binding.js',
      'index.d.ts',
    ]) {
      assert.ok(whole.files.includes(file), file);
    }
    const strangers = whole.files.filter(
      (file) => !/\.(m?js|d\.m?ts|md|json)$|^LICENSE$/.test(file),
    );
    const page = ['icon.svg', 'index.html', 'page.css'].map((name) => `js/demo/page/${name}`);
    assert.deepEqual(strangers, page);
    // What a debugger reads is not in it.
    assert.ok(platform.addon < platform.built || process.platform === 'win32');
  });

  it('are refused with a file too many, or one too few', () => {
    const copy = fs.mkdtempSync(path.join(out, 'contents-'));
    const write = (file, text) => {
      fs.mkdirSync(path.dirname(path.join(copy, file)), { recursive: true });
      fs.writeFileSync(path.join(copy, file), text);
    };
    const check = (...more) =>
      checkContents(copy, ['package.json', 'LICENSE', 'README.md', ...more]);
    write('package.json', JSON.stringify({ name: 'x', main: './js/a.js', bin: { x: 'bin/x.js' } }));
    write(
      'js/a.js',
      "require('./b.js'); require('node:fs'); require('left-pad'); import('./c.mjs');",
    );
    write('js/d.d.ts', "export type { A } from './a.js';\nimport type { B } from './e.js';");
    write('js/e.d.ts', 'export type B = 1;');
    write('js/f.test.js', '');
    assert.deepEqual(
      check('js/a.js', 'js/d.d.ts', 'js/e.d.ts', 'js/f.test.js', '.env', 'js/x.node'),
      [
        'x: js/f.test.js does not belong there',
        'x: .env does not belong there',
        'x: js/x.node does not belong there',
        'x: package.json names bin/x.js, which is not there',
        'x: js/a.js asks for ./b.js, which is not there',
        'x: js/a.js asks for left-pad, which nobody who installs this has',
        'x: js/a.js asks for ./c.mjs, which is not there',
        'x: js/d.d.ts asks for ./a.js, which is not there',
      ],
    );
  });
});
