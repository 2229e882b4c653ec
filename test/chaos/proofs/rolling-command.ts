/**
 * A fleet for the proof of the rolling restart as a user has one: `runtime start --nodes N` runs it, and `runtime restart --rolling`
 * restarts it.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { commandWith } from '../../support/entry.ts';
import { variable } from './child.ts';
import { Command } from './command.ts';
import type { FleetParameters, Restart, RollingFleet } from './rolling.ts';

const configModule = fileURLToPath(new URL('./rolling-config.ts', import.meta.url));

/** By name: what imports `module`. */
const configFiles = (module: string): Readonly<Record<string, string>> => ({
  'package.json': '{ "type": "module" }',
  'runtime.config.ts': `
    import { rollingConfig } from '${pathToFileURL(module).href}';
    export default rollingConfig();
  `,
});

export class CommandedFleet implements RollingFleet {
  readonly #parameters: FleetParameters;
  readonly #files = commandWith(configModule);
  #supervisor: Command | undefined;
  #restart: Command | undefined;

  constructor(parameters: FleetParameters) {
    this.#parameters = parameters;
  }

  async open(): Promise<void> {
    const { folder, nodes } = this.#parameters;
    for (const [path, text] of Object.entries(configFiles(this.#files.module)))
      await writeFile(join(folder, path), text);
    this.#supervisor = this.#command('start', '--nodes', String(nodes), '--plain');
    await this.#supervisor.says('the fleet is up');
  }

  async restartAll(): Promise<readonly Restart[]> {
    this.#restart = this.#command('restart', '--rolling', '--json');
    const code = await this.#restart.ended;
    const told = this.#restart.lines.map((line) => JSON.parse(line) as { readonly tookMs: number });
    if (code !== 0) this.#parameters.say(`the restart ended with ${code}:\n${this.#restart.errors}`);
    const restarts = told.map(({ tookMs }) => ({ code: 0, tookMs }));
    return code === 0 ? restarts : [...restarts, { code, tookMs: 0 }];
  }

  /** Also a node process that ended without being told to counts, though its supervisor process has replaced it. */
  async end(): Promise<readonly (number | null)[]> {
    const { errors = '' } = this.#supervisor ?? {};
    const failed = errors.split('\n').filter((line) => line.includes('; it restarts in'));
    for (const line of failed) this.#parameters.say(line);
    this.#supervisor?.signal('SIGTERM');
    return [(await this.#supervisor?.ended) ?? null, ...failed.map(() => null)];
  }

  /** The node processes end with their supervisor process. */
  async close(): Promise<void> {
    await this.#restart?.kill();
    await this.#supervisor?.kill();
  }

  #command(...words: readonly string[]): Command {
    const { folder, node } = this.#parameters;
    return new Command(words, { runtime: this.#files.runtime, cwd: folder, env: { [variable]: JSON.stringify(node) } });
  }
}
