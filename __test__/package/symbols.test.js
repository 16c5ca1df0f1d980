'use strict';

// The check that an addon asks no more of a system than every supported one has: of the addon that is
// published, where `npm run ready` has built one, and of others that must not pass.

const { describe, it } = require('node:test');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { addonName, platforms, thisPlatform } = require('../../tools/platforms');
const { checkElf, checkSymbols, newest, readElf } = require('../../tools/symbols');

const here = platforms().find(({ name }) => name === thisPlatform());
const PUBLISHED = process.env.PACK_ADDON;
const BUILT = path.join(__dirname, '..', '..', 'js', addonName(here.name));
const onGlibc = here.libc === 'glibc' ? {} : { skip: 'this system has no glibc' };

/** What is fit to be published, as it was read. */
const GOOD = {
  cpu: 'x64',
  needed: ['libgcc_s.so.1', 'libm.so.6', 'libc.so.6', 'ld-linux-x86-64.so.2'],
  versions: [
    { library: 'libc.so.6', name: 'GLIBC_2.2.5', symbols: ['open'] },
    { library: 'libc.so.6', name: 'GLIBC_2.17', symbols: ['clock_gettime'] },
    { library: 'libgcc_s.so.1', name: 'GCC_4.2.0', symbols: ['_Unwind_Resume'] },
  ],
  textRelocations: false,
  executableStack: false,
  relro: true,
  buildId: '00',
};
const GNU = { cpu: 'x64', name: 'linux-x64-gnu' };
const MUSL = { cpu: 'x64', name: 'linux-x64-musl' };
const asking = (library, name, ...symbols) => ({
  ...GOOD,
  versions: [...GOOD.versions, { library, name, symbols }],
});

describe('the symbols of an addon', () => {
  it('are those of glibc 2.17, in the one that is published', { skip: !PUBLISHED }, () => {
    const { problems, said } = checkSymbols(PUBLISHED);
    assert.deepEqual(problems, []);
    assert.ok(said.startsWith(`${here.name}: `), said);
  });

  it('are named where they are too new', () => {
    assert.deepEqual(checkElf(GOOD, GNU), []);
    assert.deepEqual(newest(GOOD), { GLIBC: '2.17', GCC: '4.2.0' });
    assert.deepEqual(checkElf(asking('libc.so.6', 'GLIBC_2.18', 'a', 'b'), GNU), [
      'a, b of libc.so.6 needs GLIBC_2.18, and 2.17 is the limit',
    ]);
    for (const name of ['GLIBC_2.34', 'GLIBC_3.0', 'GLIBC_2.17.1', 'GCC_7.0.0', 'GLIBC_PRIVATE']) {
      assert.equal(checkElf(asking('libc.so.6', name, 'x'), GNU).length, 1, name);
    }
    assert.match(
      checkElf(asking('libstdc++.so.6', 'CXXABI_1.3', 'x'), GNU)[0],
      /needs CXXABI_1\.3$/,
    );
    for (const name of ['GLIBC_2.9', 'GLIBC_2.3.4', 'GCC_3.3']) {
      assert.deepEqual(checkElf(asking('libc.so.6', name, 'x'), GNU), [], name);
    }
  });

  it('have none of glibc where there is musl', () => {
    const musl = { ...GOOD, needed: ['libgcc_s.so.1', 'libc.so'], versions: [GOOD.versions[2]] };
    assert.deepEqual(checkElf(musl, MUSL), []);
    assert.deepEqual(checkElf({ ...musl, versions: GOOD.versions }, MUSL), [
      'open of libc.so.6 needs GLIBC_2.2.5',
      'clock_gettime of libc.so.6 needs GLIBC_2.17',
    ]);
    assert.deepEqual(checkElf({ ...musl, needed: ['libc.so.6'] }, MUSL), [
      'it needs libc.so.6, which not every system has',
    ]);
  });

  it('are not all that is looked at', () => {
    const bad = {
      ...GOOD,
      cpu: 'arm64',
      needed: ['libssl.so.3'],
      textRelocations: true,
      executableStack: true,
      relro: false,
      buildId: undefined,
    };
    assert.equal(checkElf(bad, GNU).length, 6);
  });

  it('are asked of nothing whose platform is not known', () => {
    assert.throws(() => checkSymbols('/tmp/addon.node'), /which platform it is for/);
    const { problems, said } = checkSymbols('binding.darwin-arm64.node');
    assert.deepEqual(problems, []);
    assert.match(said, /nothing to check/);
  });
});

describe('an ELF file', onGlibc, () => {
  const scratchFile = (t) => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-elf-'));
    t.after(() => fs.rmSync(scratch, { recursive: true, force: true }));
    return path.join(scratch, 'x.node');
  };

  it('is read as the loader reads it', () => {
    const found = readElf(BUILT);
    assert.equal(found.cpu, process.arch);
    assert.ok(found.needed.includes('libc.so.6'), found.needed.join());
    assert.deepEqual(
      [found.textRelocations, found.executableStack, found.relro],
      [false, false, true],
    );
    assert.match(found.buildId, /^[0-9a-f]{40}$/);
    const { symbols } = found.versions.find(({ name }) => name.startsWith('GCC_'));
    assert.ok(
      symbols.some((name) => name.startsWith('_Unwind_')),
      symbols.join(),
    );
    // Anything from glibc will do no good where there is musl.
    const problems = checkElf(found, { cpu: process.arch, name: `linux-${process.arch}-musl` });
    assert.ok(problems.some((problem) => /GLIBC_2/.test(problem)));
  });

  it('says that its stack may be run', (t) => {
    const file = scratchFile(t);
    const bytes = fs.readFileSync(BUILT);
    const start = Number(bytes.readBigUInt64LE(32));
    const headers = Array.from({ length: bytes.readUInt16LE(56) }, (_, n) => start + n * 56);
    const stack = headers.find((at) => bytes.readUInt32LE(at) === 0x6474e551);
    bytes.writeUInt32LE(7, stack + 4);
    fs.writeFileSync(file, bytes);
    assert.equal(readElf(file).executableStack, true);
    bytes.writeUInt32LE(0, stack);
    fs.writeFileSync(file, bytes);
    assert.equal(readElf(file).executableStack, true);
  });

  it('is refused with a reason where it is none, or not whole', (t) => {
    const file = scratchFile(t);
    for (const content of ['no addon', fs.readFileSync(BUILT).subarray(0, 5_000)]) {
      fs.writeFileSync(file, content);
      assert.throws(() => readElf(file), /x\.node: /);
    }
  });
});
