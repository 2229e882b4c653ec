/**
 * The programs that classic clients run in: PHP with Predis, Python with redis-py.
 *
 * `npm test` installs them where it may. Where they are missing, tests that need them are skipped and say why; in CI they fail instead.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type Language = 'php' | 'python';

const probes: Readonly<Record<Language, readonly string[]>> = {
  php: ['-r', "require 'Predis/Autoloader.php';"],
  python: ['-c', 'import redis'],
};

/** A Python that has redis-py: the first on the PATH may be another one than the system's. */
function find(language: Language): string | undefined {
  const names = language === 'php' ? ['php'] : ['python3', 'python'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).filter((path) => existsSync(path));
  return found.find((path) => spawnSync(path, [...probes[language]], { stdio: 'ignore' }).status === 0);
}

const programs = { php: find('php'), python: find('python') } as const;

const wanted = 'php-cli, php-predis and python3-redis of Debian or Ubuntu';

/** Why the tests of these clients are skipped; undefined when they are to run. In CI they always run. */
export const missingClients: string | undefined =
  process.env['CI'] || (programs.php && programs.python)
    ? undefined
    : `needs ${[programs.php ? '' : 'php with Predis', programs.python ? '' : 'python3 with redis-py'].filter(Boolean).join(' and ')}: install ${wanted}`;

/** The path of the program that has the client of Redis. */
export function programOf(language: Language): string {
  const program = programs[language];
  if (program !== undefined) return program;
  throw new Error(`expected ${language} to have its Redis client, got: none; install ${wanted}`);
}
