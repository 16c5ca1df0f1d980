'use strict';

// npm run bench: compares this package with alternatives. All parts take an hour, and write RESULTS.md and
// chart.svg. With options, the results are printed only.
//
//   npm run bench -- --quick             a minute, to test the benchmarks
//   npm run bench -- --only http         one part: micro, bare, http, startup, memory, addon, issuers, dpop,
//                                        frameworks
//   npm run bench -- --report            writes both files from the last figures of each part

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { chart } = require('./chart.js');
const marks = require('./marks.js');
const { ROOT } = require('./support/machine.js');

/**
 * The parts. `run` measures, `section` writes the figures as Markdown, `requires` throws if a program that the
 * part needs is missing.
 */
const PARTS = {
  micro: { ...require('./micro'), ...require('./micro/report.js') },
  bare: require('./bare.js'),
  http: { ...require('./http'), ...require('./http/report.js') },
  startup: { ...require('./startup'), ...require('./startup/report.js') },
  memory: { ...require('./memory'), ...require('./memory/report.js') },
  addon: require('./addon.js'),
  issuers: require('./issuers.js'),
  dpop: require('./dpop'),
  frameworks: require('./frameworks'),
};
/** Parts that need minutes, for cargo to compile. */
const NOT_QUICK = ['bare', 'dpop'];

const KEPT = path.join(ROOT, '.cache', 'bench');
const USAGE = `usage: npm run bench -- [--quick] [--only ${Object.keys(PARTS).join('|')}] [--report]`;

function readArguments(args) {
  const boolean = { type: 'boolean', default: false };
  const options = {
    quick: boolean,
    report: boolean,
    only: { type: 'string' },
  };
  const { quick, report, only } = parseArgs({ args, options }).values;
  if (only !== undefined && !Object.hasOwn(PARTS, only)) throw new Error(`${only}?\n${USAGE}`);
  return { quick, report, only };
}

function partsOf({ quick, only }) {
  if (only) return [only];
  return Object.keys(PARTS).filter((part) => !(quick && NOT_QUICK.includes(part)));
}

const fileOf = (part) => path.join(KEPT, `${part}.json`);

function keep(part, figures) {
  fs.mkdirSync(KEPT, { recursive: true });
  fs.writeFileSync(fileOf(part), JSON.stringify(figures));
}

/** The last figures of each part that was measured in full. */
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
  // Before the first part runs, not after minutes.
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
