/**
 * TLS to Redis: whom a link trusts, and what it says of a certificate that it does not.
 *
 * It stands alone because this is where a check could be lost: certificates are always verified here, whatever the URL or
 * NODE_TLS_REJECT_UNAUTHORIZED says, unless the one option for it is set.
 */
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { BrokerError } from '../core/errors.ts';

/** Whom a link to `rediss://` trusts. */
export interface TlsTrust {
  /** Certificates as PEM text: these alone are trusted. Absent: those that Node trusts. */
  readonly authorities?: string | undefined;
  /** Trusts whoever answers. */
  readonly insecure: boolean;
}

/** What the client needs to speak TLS with `host`; `preset` is what the URL brought along. */
export function tlsOptions(host: string | undefined, trust: TlsTrust | undefined, preset: unknown): ConnectionOptions {
  const given = typeof preset === 'object' && preset !== null ? (preset as ConnectionOptions) : {};
  return {
    ...given,
    ...(host !== undefined && isIP(host) === 0 && { servername: host }), // hosts that serve many names ask for it (SNI)
    ...(trust?.authorities !== undefined && { ca: trust.authorities }),
    rejectUnauthorized: trust?.insecure !== true,
  };
}

/** For people who read the start of a fleet; nothing when certificates are checked. */
export function trustWarnings(trust: TlsTrust | undefined): readonly string[] {
  if (trust?.insecure !== true) return [];
  return ['The certificate of Redis is not checked (tls.insecure): whoever answers at its address gets the password.'];
}

/** The error of a connection that was ended for the server's certificate; undefined for any other. */
export function certificateError(error: unknown, what: string): BrokerError | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  const isOurs = code === 'ERR_TLS_CERT_ALTNAME_INVALID' || !code.startsWith('ERR_'); // else the server refused us
  if (!isOurs || !/CERT|^UNABLE_TO_|^INVALID_|^PATH_LENGTH|^HOSTNAME/.test(code)) return undefined;
  const message = `expected the certificate of Redis to be trusted by ${what}, got: ${error.message.replaceAll('\n', ' ')}`;
  return new BrokerError('refused', `${message}\n${mendOf(code)}`, { cause: new Error(error.message) });
}

function mendOf(code: string): string {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return 'Renew the certificate of the server, or set the clock of this machine.';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH')
    return 'Write the host of the URL as the certificate names it.';
  return 'Name the CA that signed it with tls.ca (REDIS_TLS_CA).';
}
