'use strict';

// Answers as text, for the frameworks whose own JSON differs from that of Express and Fastify, and the metadata
// document for the requests and responses of Node.js.

/**
 * @import { IncomingMessage, ServerResponse } from 'node:http'
 * @import { Headers } from '../core/challenge.js'
 * @import { Reply } from './error-response.js'
 * @import { MetadataAnswers, Served } from './resource-metadata.js'
 */

const { stringify } = JSON;

/**
 * A refusal with its body as JSON, and the content type of Express and Fastify unless it has its own.
 * @param {Reply} reply
 * @returns {Served}
 */
function serialized({ status, body, headers }) {
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type');
  /** @type {Headers[number]} */
  const type = ['Content-Type', 'application/json; charset=utf-8'];
  return { status, headers: hasType ? headers : [type, ...headers], body: stringify(body) };
}

/**
 * The metadata document as middleware of the form `(request, response, next)`.
 * @param {MetadataAnswers} answerTo
 */
function nodeMetadata(answerTo) {
  /**
   * @param {IncomingMessage & { originalUrl?: string }} request
   * @param {ServerResponse} response
   * @param {() => void} next
   */
  return function metadata(request, response, next) {
    const served = answerTo(request.method, request.originalUrl ?? request.url);
    if (served === undefined) return next();
    response.statusCode = served.status;
    for (const [name, value] of served.headers) response.setHeader(name, value);
    response.end(served.body);
  };
}

module.exports = { nodeMetadata, serialized };
