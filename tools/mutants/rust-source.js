'use strict';

// Writes all mutants into a copy of the sources: the body of a function becomes a `match` with an arm for each of its
// mutants, which is the body with the mutant in it.

const fs = require('node:fs');
const path = require('node:path');

/** Which mutant runs, and which functions are called. */
const MODULE = `
//! Chooses a mutant.
use std::io::Write as _;
use std::sync::{LazyLock, Mutex};
static MUTANT: LazyLock<u32> =
    LazyLock::new(|| std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()).unwrap_or(0));
static CALLS: LazyLock<Option<Mutex<(std::collections::HashSet<u32>, std::fs::File)>>> = LazyLock::new(|| {
    let file = std::env::var_os("MUTANT_CALLS")?;
    let file = std::fs::OpenOptions::new().create(true).append(true).open(file).ok()?;
    Some(Mutex::new((std::collections::HashSet::new(), file)))
});
pub(crate) fn chosen(function: u32) -> u32 {
    if let Some(calls) = &*CALLS {
        let mut calls = calls.lock().unwrap_or_else(|error| error.into_inner());
        if calls.0.insert(function) {
            let _ = writeln!(calls.1, "{function}");
        }
    }
    *MUTANT
}
`;

/** The index of a place in the text. */
function indexOf(starts, { line, column }) {
  return starts[line - 1] + column - 1;
}

/** Where the block of a function begins: after attributes, documentation and signature. */
function bodyStart(text, from) {
  let at = from;
  for (;;) {
    const rest = text.slice(at);
    const skipped = /^(\s+|\/\/[^\n]*\n|#\[[^\n]*\]\n)/.exec(rest);
    if (skipped === null) return text.indexOf('{', at);
    at += skipped[0].length;
  }
}

/**
 * @param {object[]} mutants of cargo-mutants, with a `number`; gives each the number of its function, `call`
 * @returns {Map<string, (number | undefined)[]>} by file, whose mutant each line of the copy is
 */
function instrument(mutants, files, from, to) {
  const written = new Map();
  for (const file of files) {
    const text = fs.readFileSync(path.join(from, file), 'utf8');
    const own = mutants.filter((mutant) => mutant.file === file);
    const { result, numbers } = instrumented(text, own);
    fs.writeFileSync(path.join(to, file), result);
    written.set(file, numbers);
  }
  const lib = fs.readFileSync(path.join(from, 'src/lib.rs'), 'utf8');
  fs.writeFileSync(path.join(to, 'src/lib.rs'), `${lib}mod mutants;\n`);
  fs.writeFileSync(path.join(to, 'src/mutants.rs'), MODULE.trimStart());
  return written;
}

/** The functions that are in no other. Their mutants are also those of the functions in them. */
function outermost(functions) {
  const outer = [];
  for (const one of functions.sort((a, b) => a.start - b.start)) {
    const last = outer.at(-1);
    if (last !== undefined && one.start < last.end) last.mutants.push(...one.mutants);
    else outer.push(one);
  }
  return outer;
}

function instrumented(text, mutants) {
  let sum = 0;
  const starts = text.split('\n').map((line) => {
    const start = sum;
    sum += line.length + 1;
    return start;
  });
  const functions = new Map();
  for (const mutant of mutants) {
    const { span } = mutant.function;
    const start = bodyStart(text, indexOf(starts, span.start));
    const end = indexOf(starts, span.end);
    const one = functions.get(start) ?? {
      start,
      end,
      mutants: [],
      signature: indexOf(starts, span.start),
    };
    one.mutants.push(mutant);
    functions.set(start, one);
  }
  let result = '';
  let at = 0;
  const numbers = [];
  const add = (piece, number) => {
    const from = result.split('\n').length - 1;
    result += piece;
    const until = result.split('\n').length - 1;
    for (let line = from; line <= until; line += 1) numbers[line] ??= number;
  };
  for (const one of outermost([...functions.values()])) {
    const call = one.mutants[0].number;
    add(text.slice(at, one.signature));
    // What chooses the mutant is no constant.
    add(text.slice(one.signature, one.start).replace(/\bconst fn /, 'fn '));
    add(`{ match crate::mutants::chosen(${call}) {\n`);
    for (const mutant of one.mutants) {
      mutant.call = call;
      const from = indexOf(starts, mutant.span.start);
      const to = indexOf(starts, mutant.span.end);
      const body = text.slice(one.start, from) + mutant.replacement + text.slice(to, one.end);
      add(`${mutant.number} => ${body}\n`, mutant.number);
    }
    add(`_ => ${text.slice(one.start, one.end)} } }`);
    at = one.end;
  }
  add(text.slice(at));
  return { result, numbers };
}

module.exports = { instrument };
