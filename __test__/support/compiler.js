'use strict';

// TypeScript programs, compiled as customers compile them: in a project of their own that has this
// package installed, by the TypeScript of today and by the oldest that is supported. In this process,
// because the standard library and the frameworks' types are then read once and not once a project.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const modules = path.join(root, 'node_modules');
const programs = path.join(root, '__test__', 'types');

const VERSIONS = { '5.0': require('typescript50'), latest: require('typescript') };

const projects = [];
process.once('exit', () => {
  for (const project of projects) {
    fs.rmSync(project, { recursive: true, force: true });
  }
});

const NODE = { '@types/node': '@types/node', 'undici-types': 'undici-types' };
const EXPRESS = { '@types/express': '@types/express', express: 'express', dotenv: 'dotenv' };
const FASTIFY = { fastify: 'fastify', dotenv: 'dotenv' };
const REDIS = { ioredis: 'ioredis', redis: 'redis' };
/** The frameworks of the newer entry points. */
const MORE = Object.fromEntries(
  [
    '@hono/node-server',
    '@modelcontextprotocol/sdk',
    '@nestjs/common',
    '@nestjs/core',
    '@types/koa',
    'hono',
    'koa',
  ].map((name) => [name, name]),
);
const ALL = { ...NODE, ...EXPRESS, ...FASTIFY };

const RESOLUTIONS = {
  node16: { module: 'Node16', moduleResolution: 'Node16' },
  nodenext: { module: 'NodeNext', moduleResolution: 'NodeNext' },
  bundler: { module: 'ESNext', moduleResolution: 'Bundler' },
};

/** What of the package goes into a project: its declarations, or all that is published. */
function install(project, all) {
  const installed = path.join(project, 'node_modules', '@monocloud', 'backend-node');
  fs.mkdirSync(installed, { recursive: true });
  for (const file of ['package.json', 'index.d.ts', 'index.d.mts']) {
    fs.copyFileSync(path.join(root, file), path.join(installed, file));
  }
  const isDeclaration = (file) => fs.statSync(file).isDirectory() || /\.d\.m?ts$/.test(file);
  fs.cpSync(path.join(root, 'js'), path.join(installed, 'js'), {
    recursive: true,
    filter: (file) => (all ? !file.endsWith('.node') : isDeclaration(file)),
  });
  if (!all) return;
  // The addon is large, and the same for everybody.
  for (const file of fs.readdirSync(path.join(root, 'js'))) {
    if (file.endsWith('.node')) {
      fs.symlinkSync(path.join(root, 'js', file), path.join(installed, 'js', file));
    }
  }
}

/** The same program as CommonJS, where a statement cannot be awaited. */
function twin(file) {
  const text = fs.readFileSync(file, 'utf8').replaceAll(/^await /gm, 'void ');
  fs.writeFileSync(file.replace(/\.mts$/, '.cts'), text.replaceAll("mts'", "cts'"));
}

/** Compiled with Fastify's module in the place of Express's, too. */
const FOR_BOTH = path.join('refused', 'routes.mts');

/**
 * A project with this package and links to what else it has. It is outside of the repository, so
 * what is not linked is not there.
 * @param {Record<string, string>} dependencies names, and which of our own `node_modules` they are
 * @param {{ run?: boolean }} [options] whether its programs are to be run, too
 */
function createProject(dependencies, { run = false } = {}) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'monocloud-types-'));
  projects.push(made);
  // As the compiler will call it: a temporary directory may be behind a link.
  const project = fs.realpathSync(made);
  fs.cpSync(programs, project, {
    recursive: true,
    filter: (file) => !file.endsWith('.js') && !file.endsWith('.cts'),
  });
  const text = fs.readFileSync(path.join(project, FOR_BOTH), 'utf8');
  const ofFastify = path.join(project, FOR_BOTH.replace('.mts', '-fastify.mts'));
  fs.writeFileSync(ofFastify, text.replaceAll('backend-node/express', 'backend-node/fastify'));
  for (const file of fs.readdirSync(project, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.mts')) twin(path.join(project, file));
  }
  install(project, run);
  for (const [name, target] of Object.entries(dependencies)) {
    const link = path.join(project, 'node_modules', name);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.join(modules, target), link, 'junction');
  }
  return project;
}

/** Files of our `node_modules`, read: by version, then by name and how they are to be read. */
const shared = new Map();

function createHost(ts, options) {
  const host = ts.createCompilerHost(options, true);
  if (!shared.has(ts)) shared.set(ts, new Map());
  const known = shared.get(ts);
  const { getSourceFile } = host;
  host.getSourceFile = (name, how, ...rest) => {
    if (!name.startsWith(`${modules}/`)) return getSourceFile.call(host, name, how, ...rest);
    // What a declaration file is parsed and bound to depends on nothing else.
    const key = `${name} ${options.target} ${how?.impliedNodeFormat}`;
    if (!known.has(key)) known.set(key, getSourceFile.call(host, name, how, ...rest));
    return known.get(key);
  };
  return host;
}

/** Options as a configuration file has them, as the compiler wants them. */
function settings(ts, options) {
  const { options: read, errors } = ts.convertCompilerOptionsFromJson(options, root);
  if (errors.length > 0) throw new Error(ts.flattenDiagnosticMessageText(errors[0].messageText));
  return read;
}

/**
 * @param {string} project
 * @param {string} config the name of its configuration file
 * @param {Record<string, unknown>} [options] as in a configuration file; they win over it
 * @param {'latest' | '5.0'} [version]
 */
function createProgram(project, config, options = {}, version = 'latest') {
  const ts = VERSIONS[version];
  const parsed = ts.getParsedCommandLineOfConfigFile(
    path.join(project, config),
    settings(ts, options),
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic(diagnostic) {
        throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
      },
    },
  );
  const host = createHost(ts, parsed.options);
  const program = ts.createProgram(parsed.fileNames, parsed.options, host);
  return { ts, program, errors: parsed.errors };
}

/** What is in the project itself and in our package, not in what it stands on. */
const isOwn = (project) => (file) => file === undefined || file.fileName.startsWith(`${project}/`);

/**
 * All that the compiler has to say, as `tsc` prints it; nothing is an empty text.
 * @param {{ version?: 'latest' | '5.0', ownOnly?: boolean, emit?: boolean }} [how] `ownOnly`: leaves out what
 * it says of files in other packages; `emit`: writes the output, too
 */
function compile(project, config, options, { version, ownOnly = false, emit = false } = {}) {
  const { ts, program, errors } = createProgram(project, config, options, version);
  if (emit) errors.push(...program.emit().diagnostics);
  const own = isOwn(project);
  const all = ownOnly
    ? [
        ...program.getOptionsDiagnostics(),
        ...program.getGlobalDiagnostics(),
        ...program
          .getSourceFiles()
          .filter(own)
          .flatMap((file) => [
            ...program.getSyntacticDiagnostics(file),
            ...program.getSemanticDiagnostics(file),
          ]),
      ]
    : ts.getPreEmitDiagnostics(program);
  return ts.formatDiagnostics([...errors, ...all], {
    getCurrentDirectory: () => project,
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  });
}

module.exports = {
  ALL,
  EXPRESS,
  FASTIFY,
  MORE,
  NODE,
  REDIS,
  RESOLUTIONS,
  VERSIONS,
  compile,
  createProgram,
  createProject,
};
