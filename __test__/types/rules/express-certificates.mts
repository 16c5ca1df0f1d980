// The ready certificate resolvers, for Express.
import express, { type Request } from 'express';
import {
  certificateFromHeader,
  certificateFromSocket,
  protectApi,
  type CertificateFromHeaderOptions,
  type CertificateHeaderFormat,
  type ClientCertificateResolver,
} from '@monocloud/backend-node/express';

const app = express();
const socket: ClientCertificateResolver<Request> = certificateFromSocket();
protectApi({ certificateResolver: socket });
protectApi({ certificateResolver: certificateFromSocket() });

const formats: CertificateHeaderFormat[] = [
  'nginx',
  'aws-alb',
  'envoy',
  'haproxy',
  'apache',
  'rfc9440',
];
for (const format of formats) {
  const options: CertificateFromHeaderOptions = { format, trustProxy: '10.0.0.0/8' };
  const certificateResolver = certificateFromHeader(options);
  app.use(protectApi({ certificateResolver })({ validateCertificateBinding: true }));
}
certificateFromHeader({ format: 'nginx', header: 'X-Cert', trustProxy: ['::1', '10.0.0.0/8'] });
certificateFromHeader({ format: 'nginx', trustProxy: ['::1'] as const });
certificateFromHeader({ format: 'nginx', trustProxy: true });
certificateFromHeader({ format: 'nginx', trustProxy: app.get('trust proxy fn') });
certificateFromHeader({ format: 'nginx', trustProxy: (address) => address.startsWith('10.') });
const trust = (address: string, hop: number): boolean => address === '::1' && hop === 0;
certificateFromHeader({ format: 'nginx', trustProxy: trust });

// @ts-expect-error nobody is trusted by default
certificateFromHeader({ format: 'nginx' });
// @ts-expect-error a format has to be named
certificateFromHeader({ trustProxy: true });
// @ts-expect-error and has to be one of them
certificateFromHeader({ format: 'squid', trustProxy: true });
// @ts-expect-error `false` says nothing
certificateFromHeader({ format: 'nginx', trustProxy: false });
// @ts-expect-error a number of hops does not say who the first one is
certificateFromHeader({ format: 'nginx', trustProxy: 1 });
// @ts-expect-error it takes no options
certificateFromSocket({});
