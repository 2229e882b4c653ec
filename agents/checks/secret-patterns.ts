/**
 * What a secret looks like, and how to show a text without the secrets in it.
 *
 * Kept apart from the check because every message of every check passes through `redact`: a note or a commit title can
 * quote a line that holds a password. Patterns have bounded repetition. They are written so that none matches itself.
 */
export interface Secret {
  readonly kind: string;
  /** Where in the line the secret begins and ends. */
  readonly start: number;
  readonly end: number;
  /** Certain by its form, or only likely. */
  readonly certain: boolean;
}

interface Pattern {
  readonly kind: string;
  /** The group `secret` holds what must not be shown. */
  readonly pattern: RegExp;
  readonly certain: boolean;
  readonly accepts?: (secret: string) => boolean;
}

const NAMED = [
  { kind: 'private key', pattern: /(?<secret>-{5}BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-{5}.*)/dg },
  { kind: 'AWS access key id', pattern: /\b(?<secret>(?:AKIA|ASIA)[0-9A-Z]{16})\b/dg },
  { kind: 'GitHub token', pattern: /\b(?<secret>gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{30,255})/dg },
  { kind: 'Slack token', pattern: /\b(?<secret>xox[abeoprs]-[A-Za-z0-9-]{10,250})/dg },
  { kind: 'Stripe key', pattern: /\b(?<secret>[rs]k_live_[A-Za-z0-9]{16,250})/dg },
  { kind: 'Google API key', pattern: /\b(?<secret>AIza[\w-]{35})/dg },
  { kind: 'npm token', pattern: /\b(?<secret>npm_[A-Za-z0-9]{36})\b/dg },
  { kind: 'API key', pattern: /\b(?<secret>sk-[A-Za-z0-9_-]{32,250})/dg },
  { kind: 'JSON web token', pattern: /\b(?<secret>eyJ[\w-]{15,400}\.eyJ[\w-]{10,2000}\.[\w-]{20,1000})/dg },
] as const;

const URL = /\b[a-z][a-z0-9+.-]{1,20}:\/\/(?:[^\s:@/'"`<>]{0,64}):(?<secret>[^\s@/'"`]{1,256})@/dgi;
const ASSIGNED_NAME =
  /(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)s?["'`\]]{0,3}/;
const ASSIGNED_VALUE = /["'`][^"'`\s]{8,256}["'`]|[^"'`\s,;(){}[\]]{16,256}(?![^\s,;])/;
const ASSIGNMENT = new RegExp(
  `${ASSIGNED_NAME.source}\\s{0,8}(?:=>|:=|=|:)\\s{0,8}(?<secret>${ASSIGNED_VALUE.source})`,
  'dgi',
);

const PATTERNS: readonly Pattern[] = [
  ...NAMED.map((named) => ({ ...named, certain: true })),
  { kind: 'password in a URL', pattern: URL, certain: false, accepts: (secret) => !isPlaceholder(secret) },
  { kind: 'assigned secret', pattern: ASSIGNMENT, certain: false, accepts: (secret) => looksRandom(secret) },
];

const PLACEHOLDER =
  /^(?:[*x.•]+|pass(?:word|wd)?|pwd|secret|token|changeme|example|redacted|hidden|user|pw|\.\.\.|…)$/i;
/** No pattern fits a shorter line. */
const SHORTEST = 12;
/** Bits per character; English words stay below, random letters and digits above. */
const RANDOM_ENTROPY = 3.3;

/** The secrets of one line, in order, without overlaps. */
export function secretsIn(line: string): Secret[] {
  const found: Secret[] = [];
  if (line.length < SHORTEST) return found;
  for (const { kind, pattern, certain, accepts } of PATTERNS) {
    for (const match of line.matchAll(pattern)) {
      const [start, end] = match.indices?.groups?.['secret'] ?? [0, 0];
      const secret = match.groups?.['secret'] ?? '';
      if (accepts !== undefined && !accepts(secret)) continue;
      if (!found.some((other) => start < other.end && other.start < end)) found.push({ kind, start, end, certain });
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

/** The text with every secret, placeholder or not, replaced by `[redacted]`. */
export function redact(text: string): string {
  let shown = text;
  for (const { pattern } of PATTERNS) {
    shown = shown.replace(pattern, (...match: unknown[]) => {
      const groups = match.at(-1) as { secret: string };
      return String(match[0]).replace(groups.secret, () => '[redacted]');
    });
  }
  return shown;
}

function isPlaceholder(secret: string): boolean {
  return PLACEHOLDER.test(secret) || /[${}<>]|%[sdv]/.test(secret) || new Set(secret).size < 3;
}

function looksRandom(raw: string): boolean {
  const isQuoted = /^["'`]/.test(raw);
  const secret = isQuoted ? raw.slice(1, -1) : raw;
  if (isPlaceholder(secret) || /^(?:https?:\/\/|\.{0,2}\/)/.test(secret)) return false;
  // Names in code have no digits, or dots between words; a random string has a digit and another kind of character.
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(secret)).length;
  if (!/\d/.test(secret) || kinds < 2) return false;
  if (!isQuoted && /[.?!\\|]|::|->/.test(secret)) return false;
  return entropy(secret) >= (secret.length < 12 ? 2.9 : RANDOM_ENTROPY);
}

function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
