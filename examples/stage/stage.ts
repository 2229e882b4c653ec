/**
 * What an example runs on: a private Redis, a node of the fleet in this process, programs in other languages beside it.
 *
 * Whatever becomes of the example (its end, its failure, Ctrl-C), all that it has started is ended before the process is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { styleText } from 'node:util';
import { type Fleet, type RuntimeOptions, startFleet } from 'agent-runtime';
import { Guard } from './guard.ts';
import { type Interpreters, Program } from './program.ts';
import { type Server, startServer } from './server.ts';

export interface Stage {
  /** This process becomes a node of the fleet. */
  fleet(config: RuntimeOptions): Promise<Fleet>;
  /** Starts an agent in a process of its own, from a script of the example: .php, .py or .ts. It gets its name and then `args`. */
  start(name: string, script: string, ...args: readonly string[]): Program;
  /** The folder that was named on the command line, else this one. */
  folder(otherwise: string): string;
  say(text: string): void;
}

/** The story of one example. */
export type Example = (stage: Stage) => Promise<void>;

export interface Place {
  /** The folder of the example. */
  readonly home: string;
  /** Paths on the command line are relative to it. */
  readonly cwd: string;
  readonly folder: string | undefined;
  readonly redisServer: string;
  readonly interpreters: Interpreters;
}

const nameWidth = 8;
type Colour = 'cyan' | 'magenta' | 'red' | 'yellow';
const colours: Readonly<Record<string, Colour>> = { '.php': 'magenta', '.py': 'yellow' };

/** Runs an example; resolves to the exit code when nothing of it is left. */
export async function perform(example: Example, place: Place): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'example-'));
  const guard = new Guard(folder);
  const server = await startServer(place.redisServer, folder, guard);
  const stage = new RealStage({ ...place, server, guard });
  try {
    stage.say(`a Redis of its own is up at ${server.url} (pid ${server.pid})`);
    const outcome = await Promise.race([example(stage).then(() => 0), stage.failed, stopSignal()]);
    if (outcome !== 0) stage.say('stopped: ending what was started');
    return outcome;
  } catch (error) {
    console.error(styled('red', error instanceof Error ? error.message : String(error)));
    return 1;
  } finally {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
    guard.dismiss();
  }
}

/** Resolves with the exit code of the first Ctrl-C, or of the like; the second one ends the process at once. Nobody reading is the like. */
function stopSignal(): Promise<number> {
  return new Promise((resolve) => {
    process.stdout.on('error', () => resolve(128 + 13));
    for (const [signal, number] of [
      ['SIGINT', 2],
      ['SIGTERM', 15],
      ['SIGHUP', 1],
    ] as const) {
      let times = 0;
      process.on(signal, () => (++times === 1 ? resolve(128 + number) : process.exit(128 + number)));
    }
  });
}

interface StageDeps extends Place {
  readonly server: Server;
  readonly guard: Guard;
}

class RealStage implements Stage {
  readonly #deps: StageDeps;
  readonly #programs: Program[] = [];
  readonly #stops: (() => Promise<void>)[] = [];
  #closing = false;
  #fail: (error: Error) => void = () => {};
  /** Rejects when something that should go on has ended. */
  readonly failed: Promise<never>;

  constructor(deps: StageDeps) {
    this.#deps = deps;
    this.failed = new Promise((_, reject) => (this.#fail = reject));
    this.failed.catch(() => {}); // it is raced
  }

  async fleet(config: RuntimeOptions): Promise<Fleet> {
    const { home, server } = this.#deps;
    const running = await startFleet({ ...config, redis: server.url }, { projectDir: home });
    this.#stops.push(() => running.stop({ graceMs: 0 }));
    void running.ended.then(({ reason }) => this.#onEnd(new Error(`the fleet has ended: ${reason}`)));
    this.say(`node ${running.node} of the fleet is up, in this process (pid ${process.pid})`);
    return running.fleet;
  }

  start(name: string, script: string, ...args: readonly string[]): Program {
    if (this.#closing) throw new Error(`${name} is not started: the example is ending`);
    const { home: cwd, interpreters, server, guard } = this.#deps;
    const env = { ...process.env, REDIS_URL: server.url, PYTHONUNBUFFERED: '1' };
    const colour = colours[extname(script)] ?? 'cyan';
    const show = (line: string): void => this.#show(colour, name, line);
    const program = new Program({ name, script, args: [name, ...args], cwd, env, interpreters, guard, show });
    this.#programs.push(program);
    this.say(`${name} is ${script} (pid ${program.pid})`);
    program.finished().catch((error: Error) => this.#onEnd(error));
    return program;
  }

  folder(otherwise: string): string {
    const { folder, cwd } = this.#deps;
    return folder === undefined ? otherwise : resolve(cwd, folder);
  }

  say(text: string): void {
    this.#show('cyan', 'example', text);
  }

  /** Programs first, then the fleet, and last what all of them talk to. */
  async close(): Promise<void> {
    this.#closing = true;
    process.on('unhandledRejection', () => {}); // what the example still waits for is told that it is over
    await Promise.all(this.#programs.map((program) => program.kill()));
    await Promise.all(this.#stops.map((stop) => stop()));
    await this.#deps.server.stop();
  }

  #show(colour: Colour, name: string, line: string): void {
    if (!this.#closing) console.log(`${styled(colour, name.padEnd(nameWidth))} ${line}`);
  }

  #onEnd(error: Error): void {
    if (!this.#closing) this.#fail(error);
  }
}

function styled(colour: Colour, text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? styleText(colour, text) : text;
}
