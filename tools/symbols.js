'use strict';

// node tools/symbols.js FILE…: checks that a Linux addon loads on every supported system: no symbol newer than
// glibc 2.17 (2012), no glibc symbol in an addon for musl, no library that a minimal image may lack.
//
//   node tools/symbols.js --platform linux-x64-gnu FILE    if the file's name does not name the platform

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { addonName, platforms } = require('./platforms');

/**
 * What the system's loader reads of a shared library, as binutils' readelf prints it.
 * @returns {{ cpu: string, needed: string[], versions: { library: string, name: string, symbols: string[] }[],
 *   textRelocations: boolean, executableStack: boolean, relro: boolean, buildId?: string }}
 */
function readElf(file) {
  const asked = ['--file-header', '--program-headers', '--dynamic', '--notes'];
  const { error, status, stdout, stderr } = spawnSync(
    'readelf',
    ['--wide', ...asked, '--version-info', '--dyn-syms', '--', file],
    { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 1 << 26 },
  );
  if (error) throw new Error(`readelf: ${error.code}; install binutils, which come with gcc`);
  if (status !== 0 || stderr !== '') throw new Error(`${file}: ${stderr.trim()}`);
  const all = (pattern) => Array.from(stdout.matchAll(pattern), ([, ...found]) => found);
  const [[machine] = []] = all(/^ *Machine: +(.+)$/gm);
  const [[stack] = []] = all(/^ *GNU_STACK +(?:0x\w+ +){5}([RWE ]{3})/gm);
  const [[buildId] = []] = all(/\bBuild ID: (\w+)/g);
  const symbols = all(/ (\S+)@\S+ \((\d+)\)$/gm);
  return {
    cpu: MACHINES[machine] ?? machine,
    needed: all(/\(NEEDED\) +Shared library: \[(.+)\]$/gm).flat(),
    versions: all(/ Version: \d+ +File: (\S+) .*((?:\n +0x\w+: +Name: .*)+)/g).flatMap(
      ([library, names]) =>
        Array.from(names.matchAll(/Name: (\S+) .*Version: (\d+)/g), ([, name, index]) => ({
          library,
          name,
          symbols: symbols.filter(([, version]) => version === index).map(([symbol]) => symbol),
        })),
    ),
    textRelocations: /\(TEXTREL\)|\(FLAGS\).*\bTEXTREL\b/.test(stdout),
    // Without this segment Linux makes the stack executable.
    executableStack: stack === undefined || stack.includes('E'),
    relro: /^ *GNU_RELRO /m.test(stdout),
    buildId,
  };
}

const MACHINES = { 'Advanced Micro Devices X86-64': 'x64', AArch64: 'arm64' };

/** The newest symbol versions allowed: those of CentOS 7, the oldest system that Node.js 18 supports. */
const NEWEST = { GLIBC: '2.17', GCC: '4.8.0' };

const LIBRARIES = {
  gnu: /^(lib(c|m)\.so\.6|libpthread\.so\.0|libdl\.so\.2|librt\.so\.1|libgcc_s\.so\.1|ld-linux-(x86-64|aarch64)\.so\.[12])$/,
  // Alpine's linker writes the first name, other linkers the second. musl takes both for itself.
  musl: /^(libc\.musl-(x86_64|aarch64)\.so\.1|libc\.so|libgcc_s\.so\.1)$/,
};

const compare = (left, right) => {
  const [a, b] = [left.split('.').map(Number), right.split('.').map(Number)];
  const at = a.findIndex((number, index) => number !== (b[index] ?? 0));
  return at < 0 ? 0 : a[at] - (b[at] ?? 0);
};

/** `GLIBC_2.17` as `['GLIBC', '2.17']`; the second is undefined if it is not a number. */
function split({ name }) {
  const [, family, number] = /^(.+?)_(\d+(?:\.\d+)*)$/.exec(name) ?? [name, name];
  return [family, number];
}

function checkVersions({ versions }, libc) {
  return versions.flatMap((version) => {
    const [family, number] = split(version);
    const newest = libc === 'gnu' || family === 'GCC' ? NEWEST[family] : undefined;
    if (newest && number && compare(number, newest) <= 0) return [];
    const who = version.symbols.slice(0, 5).join(', ') || 'something';
    return [
      `${who} of ${version.library} needs ${version.name}${newest ? `, and ${newest} is the limit` : ''}`,
    ];
  });
}

/** @returns {string[]} what is wrong with it */
function checkElf(elf, { cpu, name }) {
  const libc = name.endsWith('musl') ? 'musl' : 'gnu';
  const problems = elf.needed
    .filter((library) => !LIBRARIES[libc].test(library))
    .map((library) => `it needs ${library}, which not every system has`);
  if (elf.cpu !== cpu) problems.push(`it is for ${elf.cpu}, not for ${cpu}`);
  problems.push(...checkVersions(elf, libc));
  if (elf.textRelocations)
    problems.push('its code is changed when it is loaded (text relocations)');
  if (elf.executableStack) problems.push('it asks for a stack that code can run on');
  if (!elf.relro) problems.push('its tables stay writable after loading (no RELRO)');
  if (!elf.buildId) problems.push('it has no build id to find its debug file by');
  return problems;
}

/** The newest version that an addon needs of each family, such as `{ GLIBC: '2.17' }`. */
function newest({ versions }) {
  const found = {};
  for (const [family, number] of versions.map(split)) {
    if (number && compare(number, found[family] ?? '0') > 0) found[family] = number;
  }
  return found;
}

/**
 * @param {string} file
 * @param {string} [name] the platform, by napi's name; by default the file's own says it
 * @returns {{ problems: string[], said: string }}
 */
function checkSymbols(file, name) {
  const platform = platforms().find((known) =>
    name ? known.name === name : addonName(known.name) === path.basename(file),
  );
  if (!platform) throw new Error(`${file}: which platform it is for, its name doesn't say`);
  if (platform.os !== 'linux') {
    return {
      problems: [],
      said: `${platform.name}: nothing to check, its symbols have no versions`,
    };
  }
  const elf = readElf(file);
  const asked = Object.entries(newest(elf)).map(([family, number]) => `${family} ${number}`);
  const said = `${platform.name}: ${asked.join(', ') || 'no versions'}; ${elf.needed.join(', ')}`;
  return { problems: checkElf(elf, platform).map((problem) => `${file}: ${problem}`), said };
}

module.exports = { checkElf, checkSymbols, newest, readElf };

if (require.main === module) {
  const { values, positionals } = parseArgs({
    options: { platform: { type: 'string' } },
    allowPositionals: true,
  });
  if (positionals.length === 0) {
    console.error('usage: node tools/symbols.js [--platform NAME] FILE…');
    process.exitCode = 2;
  }
  for (const file of positionals) {
    try {
      const { problems, said } = checkSymbols(file, values.platform);
      console.log(said);
      for (const problem of problems) console.error(problem);
      if (problems.length > 0) process.exitCode = 1;
    } catch (error) {
      console.error(error.message);
      process.exitCode = 1;
    }
  }
}
