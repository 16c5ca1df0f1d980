'use strict';

// An npm registry on loopback with the tarballs of this package and of its platform packages, so that any package
// manager installs them as a user would, before they are published. Other packages are answered with 404.

const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { gunzipSync } = require('node:zlib');

const { npm } = require('./npm');

const ROOT = path.join(__dirname, '..');
const SCOPE = '@monocloud';

/** The files of a tarball. npm's tarballs have short names, so extended headers are not read. */
function readTarball(tarball) {
  const tar = gunzipSync(tarball);
  const files = new Map();
  const field = (at, length) => tar.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12), 8);
    const prefix = field(at + 345, 155);
    const name = field(at, 100);
    files.set(prefix ? `${prefix}/${name}` : name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

const manifestOf = (tarball) =>
  JSON.parse(readTarball(tarball).get('package/package.json').toString());

/**
 * The packages of the platforms that this machine can't build for, without their addons: a package
 * manager that does its work reads in the registry that they are for others, and leaves them there.
 * @param {string} out the directory for the tarballs
 * @param {string} name this machine's platform
 */
function packOthers(out, name) {
  const others = fs.readdirSync(path.join(ROOT, 'npm')).filter((each) => each !== name);
  const directories = others.map((each) => `./npm/${each}`);
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', out, ...directories];
  return JSON.parse(npm(args, { cwd: ROOT })).map(({ filename }) => path.join(out, filename));
}

/** The registry's document about a package with one version. */
function packument(tarball, url) {
  const manifest = manifestOf(tarball);
  const { name, version } = manifest;
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const shasum = createHash('sha1').update(tarball).digest('hex');
  // An old date: package managers may refuse versions that are younger than a day.
  const published = '2020-01-01T00:00:00.000Z';
  return {
    _id: name,
    name,
    'dist-tags': { latest: version },
    versions: {
      [version]: {
        ...manifest,
        _id: `${name}@${version}`,
        dist: { integrity, shasum, tarball: `${url}/${name}/-/${fileName(name, version)}` },
      },
    },
    time: { created: published, modified: published, [version]: published },
  };
}

const fileName = (name, version) => `${name.split('/').pop()}-${version}.tgz`;

/**
 * @param {string[]} tarballs their paths
 * @returns {Promise<{ url: string, requests: string[], npmrc: string, close: () => Promise<void> }>}
 *   `requests`: the paths that were asked for, each time; `npmrc`: what a project's `.npmrc` needs, so
 *   that this scope comes from here and everything else from where it always does
 */
async function startRegistry(tarballs) {
  const packages = new Map();
  const requests = [];
  let url;
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, url);
    const [name, file] = decodeURIComponent(pathname).slice(1).split('/-/');
    requests.push(file === undefined ? name : `${name}/-/${file}`);
    const tarball = packages.get(name);
    if (tarball === undefined || !/^(GET|HEAD)$/.test(request.method)) {
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"error":"Not found"}');
    } else if (file === undefined) {
      // Another registry may have the same port later, and npm's cache goes by address.
      const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
      response.writeHead(200, headers);
      response.end(JSON.stringify(packument(tarball, url)));
    } else {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.end(tarball);
    }
  });
  for (const file of tarballs) {
    const tarball = fs.readFileSync(file);
    packages.set(manifestOf(tarball).name, tarball);
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    requests,
    npmrc: `${SCOPE}:registry=${url}/\n`,
    close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    },
  };
}

module.exports = { SCOPE, packOthers, readTarball, startRegistry };
