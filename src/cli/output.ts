/**
 * Where the command line prints: lines for people and programs on `out`, remarks and errors on `err`, and a few live lines
 * at the bottom of a terminal.
 *
 * Everything that is printed goes through this one interface, so that tests see it and nothing else writes in between the
 * live lines.
 */
import { stripVTControlCharacters } from 'node:util';

export interface Output {
  out(line: string): void;
  err(line: string): void;
  /** Replaces the live lines below everything else; `''` removes them. Does nothing where there is no terminal. */
  live(text: string): void;
  /** Live lines can be shown. */
  readonly isTty: boolean;
  readonly columns: number;
  readonly rows: number;
  readonly colours: boolean;
}

export interface OutputOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  /** No live lines and no colours, whatever the terminal can do. */
  readonly plain: boolean;
}

export async function terminalOutput({ stdout, stderr, env, plain }: OutputOptions): Promise<Output> {
  const isTty = stdout.isTTY && !plain && env['TERM'] !== 'dumb';
  const colours = wantsColours(env, isTty);
  const painter = isTty ? (await import('log-update')).createLogUpdate(stdout) : undefined;
  let shown = '';
  const above = (stream: NodeJS.WriteStream, line: string): void => {
    if (shown !== '') painter?.clear();
    stream.write(`${colours ? line : stripVTControlCharacters(line)}\n`);
    if (shown !== '') painter?.(shown);
  };
  return {
    isTty,
    colours,
    get columns() {
      return stdout.columns ?? 120;
    },
    get rows() {
      return stdout.rows ?? 40;
    },
    out: (line) => above(stdout, line),
    err: (line) => above(stderr, line),
    live(text) {
      if (painter === undefined || text === shown) return;
      const visible = colours ? text : stripVTControlCharacters(text);
      if (visible === '') painter.clear();
      else painter(visible);
      if (visible === '') painter.done();
      shown = visible;
    },
  };
}

/** https://no-color.org: any value that is not empty switches colours off. */
function wantsColours(env: NodeJS.ProcessEnv, isTty: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  return forced === undefined ? isTty : forced !== '0' && forced !== 'false';
}
