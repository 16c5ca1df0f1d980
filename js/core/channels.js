'use strict';

// What can be watched through `node:diagnostics_channel`. Free when nobody listens: a message is
// made only for a subscriber.

/** @import { DiagnosticsMessages } from '../../index.d.ts' */

const { channel } = require('node:diagnostics_channel');

const PREFIX = '@monocloud/backend-node:';

const channels = {
  cacheFault: channel(`${PREFIX}cache-fault`),
  refresh: channel(`${PREFIX}refresh`),
  refreshFailed: channel(`${PREFIX}refresh-failed`),
  refused: channel(`${PREFIX}refused`),
  replayStoreFault: channel(`${PREFIX}replay-store-fault`),
  staleUse: channel(`${PREFIX}stale-use`),
  unknownKey: channel(`${PREFIX}unknown-key`),
};

/**
 * @typedef {typeof channels} Channels
 * @typedef {{
 *   cacheFault: DiagnosticsMessages['@monocloud/backend-node:cache-fault'],
 *   refresh: DiagnosticsMessages['@monocloud/backend-node:refresh'],
 *   refreshFailed: DiagnosticsMessages['@monocloud/backend-node:refresh-failed'],
 *   refused: DiagnosticsMessages['@monocloud/backend-node:refused'],
 *   replayStoreFault: DiagnosticsMessages['@monocloud/backend-node:replay-store-fault'],
 *   staleUse: DiagnosticsMessages['@monocloud/backend-node:stale-use'],
 *   unknownKey: DiagnosticsMessages['@monocloud/backend-node:unknown-key'],
 * }} Messages
 */

/**
 * @template {keyof Messages} Name
 * @param {Name} name
 * @param {() => Messages[Name]} message
 */
function publish(name, message) {
  if (channels[name].hasSubscribers) channels[name].publish(message());
}

module.exports = { publish };
