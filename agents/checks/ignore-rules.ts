/**
 * What an audit does not look at: tool folders by name, and the plain part of `.gitignore`.
 *
 * Supported: comments, `!` (the last match wins; nothing comes back out of an ignored directory), a trailing `/` for
 * directories, a leading or inner `/` for paths from the file's own folder, `*`, `?`, a leading `**` and a trailing
 * `**` segment, in every folder. Not supported: character classes, backslash escapes, `**` in mid-path,
 * `.git/info/exclude` and the user's global excludes; such patterns match nothing or only literally.
 * Patterns come from the audited tree, so matching is two-pointer wildcard search, not a regular expression.
 */
const TOOL_FOLDERS: ReadonlySet<string> = new Set(
  (
    '.git .hg .svn node_modules bower_components vendor dist build .runtime report coverage .nyc_output .next .nuxt ' +
    '.turbo .cache .parcel-cache .venv venv .tox __pycache__ .mypy_cache .pytest_cache .ruff_cache .gradle .idea .terraform'
  ).split(' '),
);

const MAX_RULES = 1000;

/** Whether a directory of this name (or the `.git` file of a work tree) belongs to a tool. */
export function isToolFolder(name: string): boolean {
  return TOOL_FOLDERS.has(name);
}

export interface IgnoreRule {
  /** Folder of the `.gitignore`, relative to the root: `''` or `a/b/`. */
  readonly base: string;
  readonly negated: boolean;
  readonly directoriesOnly: boolean;
  /** Matched against the whole path below `base`, else against its end. */
  readonly anchored: boolean;
  /** Everything below the pattern, as `logs/**` says. */
  readonly below: boolean;
  readonly segments: readonly string[];
}

export function parseIgnoreRules(text: string, base: string): IgnoreRule[] {
  const rules: IgnoreRule[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (rules.length >= MAX_RULES) break;
    rules.push(parseRule(line, base));
  }
  return rules;
}

function parseRule(line: string, base: string): IgnoreRule {
  const negated = line.startsWith('!');
  let pattern = negated ? line.slice(1) : line;
  const directoriesOnly = pattern.endsWith('/');
  if (directoriesOnly) pattern = pattern.slice(0, -1);
  const below = pattern.endsWith('/**');
  if (below) pattern = pattern.slice(0, -3);
  const floating = pattern.startsWith('**/');
  if (floating) pattern = pattern.slice(3);
  const anchored = !floating && (pattern.includes('/') || below);
  const segments = pattern.split('/').filter((segment) => segment !== '');
  return { base, negated, directoriesOnly, anchored, below, segments };
}

/** `path` is relative to the root, with `/`; rules of deeper folders come later and win. */
export function isIgnored(path: string, isDirectory: boolean, rules: readonly IgnoreRule[]): boolean {
  for (let index = rules.length - 1; index >= 0; index -= 1) {
    const rule = rules[index];
    if (rule !== undefined && matches(rule, path, isDirectory)) return !rule.negated;
  }
  return false;
}

function matches(rule: IgnoreRule, path: string, isDirectory: boolean): boolean {
  if (!path.startsWith(rule.base) || rule.segments.length === 0) return false;
  if (rule.directoriesOnly && !isDirectory) return false;
  const parts = path.slice(rule.base.length).split('/');
  if (rule.below) parts.pop();
  const start = parts.length - rule.segments.length;
  if (start < 0 || (rule.anchored && start > 0)) return false;
  return rule.segments.every((segment, index) => wildcard(segment, parts[start + index] ?? ''));
}

function wildcard(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < name.length; ) {
    if (pattern[at] === '*') {
      star = at;
      resume = index;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      index = resume;
    } else return false;
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
