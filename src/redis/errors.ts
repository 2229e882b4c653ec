/**
 * What Redis and its client throw, turned into the errors of the project.
 *
 * It stands alone because the client's error objects carry the arguments of the command, and those may hold a password:
 * nothing but their redacted message leaves this folder.
 */
import { BrokerError, type BrokerCode, redact } from '../core/errors.ts';
import { certificateError } from './tls.ts';

const codes: Readonly<Record<string, BrokerCode>> = {
  OOM: 'full',
  BUSY: 'overloaded',
  MISCONF: 'overloaded',
  NOREPLICAS: 'overloaded',
  LOADING: 'unreachable',
  READONLY: 'unreachable',
  MASTERDOWN: 'unreachable',
  CLUSTERDOWN: 'unreachable',
  TRYAGAIN: 'unreachable',
  MOVED: 'unreachable',
  ASK: 'unreachable',
};

/** The error of a command. `written`: it had been handed to a link that was up, so the server may have carried it out. */
export function brokerError(error: unknown, { what, written }: { what: string; written: boolean }): BrokerError {
  if (error instanceof BrokerError) return error;
  const message = safeMessage(error);
  const options = { cause: new Error(message) };
  if (error instanceof Error && error.name === 'ReplyError') {
    const code = codes[/^[A-Z]+/.exec(message)?.[0] ?? ''] ?? 'refused';
    const remedy = code === 'full' ? '\nIt is full: let it hand out what it has, or raise its maxmemory.' : '';
    return new BrokerError(code, `expected Redis to accept ${what}, got: ${message}${remedy}`, options);
  }
  const untrusted = written ? undefined : certificateError(error, what);
  if (untrusted !== undefined) return untrusted;
  const wasSent = written && !message.startsWith("Stream isn't writeable");
  return wasSent
    ? new BrokerError('unknown-outcome', `expected a reply of Redis to ${what}, got: ${message}`, options)
    : new BrokerError('unreachable', `expected Redis to be reachable for ${what}, got: ${message}`, options);
}

/** True when the server says that it is not, or no longer, one that takes writes: look for another (or a new) one. */
export function isMisplaced(error: unknown): boolean {
  return error instanceof Error && /^(READONLY|MASTERDOWN|LOADING)\b/.test(error.message);
}

/** The script that was called by its hash is not known to the server (it was restarted, or its scripts were flushed). */
export function isMissingScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

/** The consumer group, or the whole stream, is not there. */
export function isMissingGroup(error: unknown): boolean {
  return error instanceof Error && /\b(NOGROUP|UNBLOCKED)\b/.test(error.message);
}

/** What an error says, without what must not be shown. */
export function safeMessage(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return redact(text)
    .replace(/, with args beginning with:[\s\S]*/, '')
    .slice(0, 500);
}
