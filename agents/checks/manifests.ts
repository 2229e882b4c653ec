/**
 * Reads what a project says it depends on: package.json, requirements files, composer.json.
 *
 * Pure functions from text to dependencies, each with its verdict on whether the version is pinned; which lock files
 * lie beside and what is imported is the check's business.
 */
export interface Dependency {
  readonly name: string;
  readonly version: string;
  /** `never` even a lock file does not say what is meant; `range` a lock file pins it. */
  readonly pinned: 'exactly' | 'range' | 'never';
  /** Needed at run time, as opposed to a tool. */
  readonly isRuntime: boolean;
  /** Counted from 1. */
  readonly line: number;
}

export interface Manifest {
  readonly dependencies: readonly Dependency[];
  /** Commands that may name a dependency's programme. */
  readonly commands: string;
}

const NOT_FROM_A_REGISTRY = /^(?:file:|link:|workspace:|portal:|catalog:|patch:|\.{0,2}\/)/;
const EXACT = /^(?:npm:(?:@[^@]+|[^@]+)@)?[v=]?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/;
const FROM_A_COMMIT = /#[0-9a-f]{7,40}$|\.(?:tgz|tar\.gz)$/;

/** @throws Error when the text is not JSON. */
export function readPackageJson(text: string): Manifest {
  const manifest = objectOf(JSON.parse(text.replace(/^\uFEFF/, '')));
  const scripts = Object.values(objectOf(manifest['scripts'])).filter((value) => typeof value === 'string');
  const read = (section: string, isRuntime: boolean): Dependency[] =>
    stringsOf(manifest[section]).map(([name, version]) => {
      return { name, version, pinned: pinnedInNpm(version), isRuntime, line: lineOf(text, section, name) };
    });
  return {
    dependencies: [
      ...read('dependencies', true),
      ...read('devDependencies', false),
      ...read('optionalDependencies', false),
    ],
    commands: scripts.join('\n'),
  };
}

function pinnedInNpm(version: string): Dependency['pinned'] {
  if (EXACT.test(version) || NOT_FROM_A_REGISTRY.test(version) || FROM_A_COMMIT.test(version)) return 'exactly';
  return /^(?:\*|x|latest|next|)$/i.test(version.trim()) ? 'never' : 'range';
}

/** @throws Error when the text is not JSON. */
export function readComposerJson(text: string): Manifest {
  const manifest = objectOf(JSON.parse(text.replace(/^\uFEFF/, '')));
  const read = (section: string, isRuntime: boolean): Dependency[] =>
    stringsOf(manifest[section])
      .filter(([name]) => name.includes('/'))
      .map(([name, version]) => {
        const pinned = /^[v=]?\d+(?:\.\d+){2,3}$|#[0-9a-f]{7,40}$/.test(version) ? 'exactly' : 'range';
        const moves = version.trim() === '*' || /^dev-|@dev$/.test(version);
        return {
          name,
          version,
          pinned: moves && pinned === 'range' ? 'never' : pinned,
          isRuntime,
          line: lineOf(text, section, name),
        };
      });
  return { dependencies: [...read('require', true), ...read('require-dev', false)], commands: '' };
}

export function readRequirements(text: string): Manifest {
  const dependencies: Dependency[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = (raw.split(/(?:^|\s)#/)[0] ?? '').trim();
    const name = /^[A-Za-z0-9][\w.-]*/.exec(line)?.[0];
    if (name === undefined) continue;
    const version =
      line
        .slice(name.length)
        .replace(/^\s*\[[^\]]*\]/, '')
        .split(';')[0]
        ?.trim() ?? '';
    const isExact = /^===?\s*[^\s*,]+(?:\s|$)/.test(version) || version.startsWith('@');
    dependencies.push({ name, version, pinned: isExact ? 'exactly' : 'never', isRuntime: true, line: index + 1 });
  }
  return { dependencies, commands: '' };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function stringsOf(value: unknown): [string, string][] {
  return Object.entries(objectOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
}

/** The line of a key within its section, found in the text because JSON.parse forgets it. */
function lineOf(text: string, section: string, name: string): number {
  const at = text.indexOf(`${JSON.stringify(name)}`, Math.max(0, text.indexOf(JSON.stringify(section))));
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}
