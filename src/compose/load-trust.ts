/**
 * From the configuration's `tls` to the certificates a broker trusts: reads the file that `tls.ca` names.
 *
 * It stands alone because brokers and the configuration touch no files. What is wrong with the file is told before anything
 * connects; what the file holds is never shown.
 */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isPem, type TlsConfig } from '../config/config.ts';
import { ConfigError } from '../core/errors.ts';
import type { TlsTrust } from '../redis/tls.ts';

/** A relative path is below `folder`. Throws `ConfigError` when there are no certificates. */
export async function loadTrust({ ca, insecure }: TlsConfig, folder: string): Promise<TlsTrust> {
  if (ca === undefined) return { insecure };
  if (isPem(ca)) return { insecure, authorities: certificatesIn(ca, 'a text') };
  const path = resolve(folder, ca);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw refused(`${path} (${code === 'ENOENT' ? 'nothing is there' : code})`);
  });
  return { insecure, authorities: certificatesIn(text, path) };
}

/** The text itself, when each certificate in it can be read. */
function certificatesIn(text: string, from: string): string {
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw refused(`${from} (no certificate in it)`);
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch {
    throw refused(`${from} (a certificate that cannot be read)`);
  }
  return certificates.join('\n');
}

function refused(got: string): ConfigError {
  return new ConfigError([
    `expected tls.ca (REDIS_TLS_CA) to be certificates in PEM form, or a file with them, got: ${got}`,
  ]);
}
