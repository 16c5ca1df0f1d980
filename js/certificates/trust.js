'use strict';

// The option `trustProxy`: from which peers a certificate header is accepted. The peer's address is that of the
// connection, never one from a header.

const { BlockList, isIP } = require('node:net');

const { MonoCloudValidationError } = require('../errors.js');

// Captured when the module is loaded, because a program can replace them later.
const { isArray } = Array;
const { apply } = Reflect;
const { addSubnet, check } = BlockList.prototype;

/**
 * @template R the framework's request
 * @typedef {(request: R) => ((address: string) => boolean) | undefined} FrameworkTrust
 */

/**
 * The names of address ranges in Express and Fastify.
 * @typedef {'loopback' | 'linklocal' | 'uniquelocal'} RangeName
 * @type {Record<RangeName, string[]> & { __proto__: null }}
 */
const RANGES = {
  __proto__: null,
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

/** An address that no connection has. A setting that trusts it trusts every peer. */
const NOBODY = '0.0.0.0';

/** Bounds the loop over an array whose `length` is untrusted. */
const MOST_PROXIES = 10_000;

/**
 * The option as a function of request and address. Only the result `true` means trusted: a function of the
 * program's may return anything, also a promise.
 *
 * @template R the framework's request
 * @param {unknown} trustProxy
 * @param {FrameworkTrust<R>} frameworkTrust what `true` means
 * @returns {(request: R, address: string) => unknown}
 */
function readTrust(trustProxy, frameworkTrust) {
  if (trustProxy === true) return trustOfFramework(frameworkTrust);
  if (typeof trustProxy === 'function') return (_request, address) => trustProxy(address, 0);
  const list = typeof trustProxy === 'string' ? trustProxy.split(',') : trustProxy;
  // Read once: a Proxy object may return another length each time.
  const length = isArray(list) ? list.length : 0;
  if (length === 0 || length > MOST_PROXIES) {
    throw new MonoCloudValidationError(
      '"trustProxy" is required: the addresses and CIDR ranges of your proxies, a function, or true ' +
        "for the framework's own setting",
    );
  }
  const proxies = new BlockList();
  for (let i = 0; i < length; i += 1) add(proxies, /** @type {unknown[]} */ (list)[i]);
  return (_request, address) => has(proxies, address);
}

/**
 * @param {BlockList} proxies
 * @param {unknown} entry
 */
function add(proxies, entry) {
  const text = typeof entry === 'string' ? entry.trim() : '';
  const ranges = RANGES[/** @type {RangeName} */ (text)];
  if (ranges !== undefined) {
    for (let i = 0; i < ranges.length; i += 1) add(proxies, ranges[i]);
    return;
  }
  const parts = text.split('/');
  const address = parts[0];
  const prefix = parts.length > 1 ? parts[1] : undefined;
  const family = familyOf(address);
  const bits = family === 'ipv4' ? 32 : 128;
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
  if (family === undefined || parts.length > 2 || length < 0 || length > bits) {
    throw new MonoCloudValidationError(
      `"trustProxy" must name addresses and CIDR ranges; ${JSON.stringify(entry)} is neither`,
    );
  }
  apply(addSubnet, proxies, [address, length, family]);
}

/**
 * Whether the list contains the peer. An IPv4 address may have the form `::ffff:10.0.0.1`.
 * @param {BlockList} proxies
 * @param {string} peer
 */
function has(proxies, peer) {
  const address = peer.split('%', 1)[0];
  const family = familyOf(address);
  return family !== undefined && apply(check, proxies, [address, family]);
}

/** @param {string} address */
function familyOf(address) {
  const version = isIP(address);
  if (version === 4) return 'ipv4';
  return version === 6 ? 'ipv6' : undefined;
}

/**
 * The framework's setting. One that trusts every peer names no proxy, and is not accepted.
 * @template R
 * @param {FrameworkTrust<R>} frameworkTrust
 * @returns {(request: R, address: string) => boolean}
 */
function trustOfFramework(frameworkTrust) {
  let warned = false;
  return (request, address) => {
    const trusts = frameworkTrust(request);
    if (address === '' || typeof trusts !== 'function' || trusts(address) !== true) return false;
    if (trusts(NOBODY) !== true) return true;
    if (!warned) {
      warned = true;
      process.emitWarning(
        'certificateFromHeader() with "trustProxy": true believes no header here, because the ' +
          "framework's own setting trusts every peer. Have that name the proxies' addresses.",
      );
    }
    return false;
  };
}

module.exports = { NOBODY, readTrust };
