'use strict';

// Reads of a shared library (ELF, 64 bits, little-endian) what the system's loader reads of it, so that
// no binutils are needed: for tools/symbols.js. Every read is within the file, or an error that says so.

const fs = require('node:fs');

const MAX_BYTES = 512 * 1024 * 1024;
const MACHINES = { 62: 'x64', 183: 'arm64' };
const PT = { LOAD: 1, DYNAMIC: 2, NOTE: 4, GNU_STACK: 0x6474e551, GNU_RELRO: 0x6474e552 };
const DT = {
  NEEDED: 1,
  STRTAB: 5,
  SYMTAB: 6,
  TEXTREL: 22,
  FLAGS: 30,
  VERSYM: 0x6ffffff0,
  VERNEED: 0x6ffffffe,
  VERNEEDNUM: 0x6fffffff,
};
const DF_TEXTREL = 4;
const EXECUTABLE = 1;
const NT_GNU_BUILD_ID = 3;
/** More than any library has, and few enough to walk through. */
const MAX_ENTRIES = 100_000;

function open(file) {
  const { size } = fs.statSync(file);
  if (size > MAX_BYTES) throw new Error(`${file}: ${size} bytes are too many for an addon`);
  const bytes = fs.readFileSync(file);
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) {
    throw new Error(`${file} is not an ELF file`);
  }
  if (bytes[4] !== 2 || bytes[5] !== 1) {
    throw new Error(`${file} is not of 64 bits and little-endian`);
  }
  const within = (at, length) => {
    if (at < 0 || length < 0 || at + length > bytes.length) {
      throw new Error(`${file} is cut short: it names ${length} bytes at ${at}`);
    }
    return at;
  };
  const u64 = (at) => {
    const value = bytes.readBigUInt64LE(within(at, 8));
    // An address or a size that is no exact number is in no file that fits on a disk.
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`${file}: ${value} is no offset`);
    return Number(value);
  };
  return {
    bytes,
    u16: (at) => bytes.readUInt16LE(within(at, 2)),
    u32: (at) => bytes.readUInt32LE(within(at, 4)),
    u64,
    slice: (at, length) => bytes.subarray(within(at, length), at + length),
    string(at) {
      const end = bytes.indexOf(0, within(at, 1));
      if (end < 0 || end - at > 4096) throw new Error(`${file}: a name at ${at} has no end`);
      return bytes.toString('latin1', at, end);
    },
  };
}

function segments(elf) {
  const [start, size, count] = [elf.u64(32), elf.u16(54), elf.u16(56)];
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: elf.u32(at),
      flags: elf.u32(at + 4),
      offset: elf.u64(at + 8),
      address: elf.u64(at + 16),
      length: elf.u64(at + 32),
    };
  });
}

/** The entries of the dynamic section: a tag, and a number that may be an address. */
function dynamicEntries(elf, all) {
  const dynamic = all.find(({ type }) => type === PT.DYNAMIC);
  const entries = [];
  for (
    let at = dynamic?.offset ?? 0;
    at < (dynamic ? dynamic.offset + dynamic.length : 0);
    at += 16
  ) {
    const tag = elf.u64(at);
    if (tag === 0) break;
    // Flags and hashes of other tags may be any 64 bits.
    if (Object.values(DT).includes(tag)) entries.push([tag, elf.u64(at + 8)]);
  }
  return entries;
}

/** Which versions of which library are asked for; `index` is what a symbol refers to it by. */
function neededVersions(elf, at, count, names) {
  const versions = [];
  let entry = at;
  for (let n = 0; n < Math.min(count, MAX_ENTRIES); n += 1) {
    const library = elf.string(names + elf.u32(entry + 4));
    let version = entry + elf.u32(entry + 8);
    for (let left = elf.u16(entry + 2); left > 0; left -= 1) {
      const name = elf.string(names + elf.u32(version + 8));
      versions.push({ library, name, index: elf.u16(version + 6) & 0x7fff, symbols: [] });
      version += elf.u32(version + 12);
    }
    entry += elf.u32(entry + 12);
  }
  return versions;
}

/** Says of each version which symbols ask for it. The table's length is only in the section headers. */
function nameSymbols(elf, versions, { symbols, indices, names }) {
  const [start, size, count] = [elf.u64(40), elf.u16(58), elf.u16(60)];
  for (let n = 0; n < count; n += 1) {
    const at = start + n * size;
    const SHT_DYNSYM = 11;
    if (elf.u32(at + 4) !== SHT_DYNSYM) continue;
    const length = Math.min(elf.u64(at + 32) / 24, MAX_ENTRIES);
    for (let symbol = 1; symbol < length; symbol += 1) {
      const index = elf.u16(indices + symbol * 2) & 0x7fff;
      const version = versions.find((known) => known.index === index);
      version?.symbols.push(elf.string(names + elf.u32(symbols + symbol * 24)));
    }
  }
}

function buildId(elf, all) {
  for (const { offset, length } of all.filter(({ type }) => type === PT.NOTE)) {
    for (let at = offset; at + 12 <= offset + length; ) {
      const [owner, size, type] = [elf.u32(at), elf.u32(at + 4), elf.u32(at + 8)];
      const description = at + 12 + ((owner + 3) & ~3);
      if (type === NT_GNU_BUILD_ID && elf.string(at + 12) === 'GNU') {
        return elf.slice(description, size).toString('hex');
      }
      at = description + ((size + 3) & ~3);
    }
  }
  return undefined;
}

/**
 * @returns {{ cpu: string, needed: string[], versions: { library: string, name: string, symbols: string[] }[],
 *   textRelocations: boolean, executableStack: boolean, relro: boolean, buildId?: string }}
 */
function readElf(file) {
  const elf = open(file);
  const machine = elf.u16(18);
  const all = segments(elf);
  const entries = dynamicEntries(elf, all);
  const value = (tag) => entries.find(([known]) => known === tag)?.[1];
  const offsetOf = (address) => {
    const segment = all.find(
      (known) =>
        known.type === PT.LOAD &&
        address >= known.address &&
        address < known.address + known.length,
    );
    if (!segment) throw new Error(`${file}: nothing is at address ${address}`);
    return address - segment.address + segment.offset;
  };
  if (value(DT.STRTAB) === undefined) throw new Error(`${file} is not a shared library`);
  const names = offsetOf(value(DT.STRTAB));
  const hasVersions = value(DT.VERNEED) !== undefined;
  const versions = hasVersions
    ? neededVersions(elf, offsetOf(value(DT.VERNEED)), value(DT.VERNEEDNUM) ?? 0, names)
    : [];
  if (hasVersions) {
    const [symbols, indices] = [offsetOf(value(DT.SYMTAB)), offsetOf(value(DT.VERSYM))];
    nameSymbols(elf, versions, { symbols, indices, names });
  }
  const stack = all.find(({ type }) => type === PT.GNU_STACK);
  return {
    cpu: MACHINES[machine] ?? `machine ${machine}`,
    needed: entries.filter(([tag]) => tag === DT.NEEDED).map(([, at]) => elf.string(names + at)),
    versions,
    textRelocations: value(DT.TEXTREL) !== undefined || Boolean(value(DT.FLAGS) & DF_TEXTREL),
    // Without that segment, the system takes it that code may run there.
    executableStack: stack === undefined || (stack.flags & EXECUTABLE) !== 0,
    relro: all.some(({ type }) => type === PT.GNU_RELRO),
    buildId: buildId(elf, all),
  };
}

module.exports = { readElf };
