/**
 * Certificate authorities and server certificates, made by the test that needs them: X.509 version 3 (RFC 5280) in DER,
 * signed with P-256. In pure Node, so that it works where no `openssl` is installed; no key is ever kept.
 */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Certificate {
  /** Both as PEM text. */
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** A certificate for a host name; with `until`, one that was valid up to that year only. */
  issue(host: string, options?: { readonly until?: number }): Certificate;
}

interface Request {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly until: number;
  readonly extensions: readonly Buffer[];
}

const farYear = 2049;

export function createAuthority(name: string): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const base = { issuer: name, signer: own.privateKey };
  const isAuthority = extension('551d13', sequence(der(0x01, Buffer.from([0xff]))));
  const certificate = createCertificate({
    ...base,
    subject: name,
    publicKey: own.publicKey,
    until: farYear,
    extensions: [isAuthority],
  });
  const issue: Authority['issue'] = (host, { until = farYear } = {}) => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = extension('551d11', sequence(der(0x82, Buffer.from(host, 'ascii'))));
    const { publicKey } = pair;
    const issued = createCertificate({ ...base, subject: host, publicKey, until, extensions: [names] });
    return { certificate: issued, key: pemOf(pair.privateKey) };
  };
  return { certificate, key: pemOf(own.privateKey), issue };
}

function createCertificate({ subject, issuer, publicKey, signer, until, extensions }: Request): string {
  const body = sequence(
    der(0xa0, integer(2)), // version 3
    integer(nextSerial++),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(yearStart(2000), yearStart(until)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, signer)]));
  const base64 = sequence(body, ecdsaWithSha256, signature).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

let nextSerial = 1;

function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

/** Below 128. */
function integer(value: number): Buffer {
  return der(0x02, Buffer.from([value]));
}

function identifier(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function extension(id: string, content: Buffer): Buffer {
  return sequence(identifier(id), der(0x04, content));
}

function nameOf(text: string): Buffer {
  const commonName = sequence(identifier('550403'), der(0x0c, Buffer.from(text)));
  return sequence(der(0x31, commonName));
}

/** UTCTime, good up to 2049. */
function yearStart(year: number): Buffer {
  return der(0x17, Buffer.from(`${String(year % 100).padStart(2, '0')}0101000000Z`));
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'));
