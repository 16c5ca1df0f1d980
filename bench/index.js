'use strict';

// npm run bench: this package against what one would pick instead. All of it takes half an hour, and
// writes RESULTS.md and chart.svg; anything less is printed.
//
//   npm run bench -- --quick             a minute, to see that it runs
//   npm run bench -- --only http         one part: micro, bare, http, startup, memory, addon
//   npm run bench -- --instructions      instructions of one call, by callgrind; takes minutes
//   npm run bench -- --report            writes both again, from the last figures of each part

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { chart } = require('./chart.js');
const marks = require('./marks.js');
const { ROOT } = require('./support/machine.js');

/**
 * Each with `run`, and with `section`, which makes Markdown of what `run` hands back; with `requires`,
 * where it needs a program that may be missing.
 */
const PARTS = {
  micro: { ...require('./micro'), ...require('./micro/report.js') },
  bare: require('./bare.js'),
  http: { ...require('./http'), ...require('./http/report.js') },
  startup: { ...require('./startup'), ...require('./startup/report.js') },
  memory: { ...require('./memory'), ...require('./memory/report.js') },
  addon: require('./addon.js'),
  instructions: require('./instructions.js'),
};
/** Slow, and only worth it where the machine is too busy for the clock. */
const ON_REQUEST = ['instructions'];
/** Needs cargo, and minutes to compile. */
const NOT_QUICK = ['bare'];

const KEPT = path.join(ROOT, '.cache', 'bench');
const USAGE = `usage: npm run bench -- [--quick] [--only ${Object.keys(PARTS).join('|')}] [--instructions] [--report]`;

function readArguments(args) {
  const boolean = { type: 'boolean', default: false };
  const options = {
    quick: boolean,
    report: boolean,
    instructions: boolean,
    only: { type: 'string' },
  };
  const { quick, report, instructions, only } = parseArgs({ args, options }).values;
  if (only !== undefined && !Object.hasOwn(PARTS, only)) throw new Error(`${only}?\n${USAGE}`);
  return { quick, report, only: instructions ? 'instructions' : only };
}

function partsOf({ quick, only }) {
  if (only) return [only];
  const left = [...ON_REQUEST, ...(quick ? NOT_QUICK : [])];
  return Object.keys(PARTS).filter((part) => !left.includes(part));
}

const fileOf = (part) => path.join(KEPT, `${part}.json`);

function keep(part, figures) {
  fs.mkdirSync(KEPT, { recursive: true });
  fs.writeFileSync(fileOf(part), JSON.stringify(figures));
}

/** The last figures of each part that was ever measured in full. */
function kept() {
  const found = Object.keys(PARTS).filter((part) => fs.existsSync(fileOf(part)));
  return Object.fromEntries(
    found.map((part) => [part, JSON.parse(fs.readFileSync(fileOf(part), 'utf8'))]),
  );
}

const measuredOn = ({ date, machine, memory, kernel, node, openssl, load }) =>
  date
    ? `*${date} UTC; ${machine}, ${memory}, kernel ${kernel}; Node.js ${node} (OpenSSL ${openssl}); load averages ${load}.*\n\n`
    : '';

function render(all, quick) {
  const sections = Object.keys(PARTS)
    .filter((part) => all[part])
    .map((part) => {
      const text = PARTS[part].section(all[part]);
      const end = text.indexOf('\n\n') + 2;
      return text.slice(0, end) + measuredOn(all[part]) + text.slice(end);
    });
  return `# Against what one would pick instead${quick ? ' (a quick run: not for citing)' : ''}

\`npm run bench\` makes this page. Contenders take turns in short rounds, as the machine drifts while they
run; ratios are medians of the rounds' ratios.

${sections.join('\n')}
${marks.section(all)}`;
}

function write(all) {
  fs.writeFileSync(path.join(__dirname, 'RESULTS.md'), render(all));
  if (all.micro && all.http) fs.writeFileSync(path.join(__dirname, 'chart.svg'), chart(all));
}

async function main(args) {
  const { quick, only, report } = readArguments(args);
  if (report) return write(kept());
  const begun = Date.now();
  const progress = (what) => {
    console.error(`${Math.round((Date.now() - begun) / 1000)} s: ${what}`);
  };
  const measured = {};
  const parts = partsOf({ quick, only });
  // Not after minutes of measuring something else.
  for (const part of parts) PARTS[part].requires?.();
  for (const part of parts) {
    measured[part] = await PARTS[part].run({ quick, progress });
    if (!quick) keep(part, measured[part]);
  }
  progress('done');
  if (only) console.log(PARTS[only].section(measured[only]));
  else console.log(render(measured, quick));
  if (!quick && !only) write({ ...kept(), ...measured });
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
