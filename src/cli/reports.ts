/**
 * The diagnostic reports of node processes that hung, kept in `.runtime/reports/`: the newest ones, without secrets.
 *
 * The form is Node's own (https://nodejs.org/api/report.html); `javascriptStack` says where the process was.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { redact } from '../core/errors.ts';

const kept = 20;
const ending = '.json';

export interface KeptReport {
  readonly file: string;
  /** Where it was: `EchoAgent.spin (agents/echo-agent.ts:5:28)`. */
  readonly at: string | undefined;
}

/** Keeps `report` of the node process `name`; the oldest ones beyond the limit are removed. */
export function keepReport(folder: string, name: string, report: string, clock: Clock): KeptReport {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const moment = new Date(clock.now()).toISOString().replace(/[:.]/g, '-');
  const file = join(folder, `hang-${moment}-${name.replace(/[^\w.@-]/g, '_')}${ending}`);
  const found = JSON.parse(redact(report)) as Report;
  const stack = interrupted(found.javascriptStack?.stack ?? []);
  const whole = { ...found, javascriptStack: { ...found.javascriptStack, stack } };
  writeFileSync(file, `${JSON.stringify(whole, null, 2)}\n`, { mode: 0o600 });
  const names = readdirSync(folder).filter((entry) => entry.startsWith('hang-') && entry.endsWith(ending));
  for (const old of names.sort().slice(0, -kept)) rmSync(join(folder, old), { force: true });
  return { file, at: stack[0]?.replace(/^at /, '') };
}

interface Report {
  readonly javascriptStack?: { readonly stack?: readonly string[] };
}

/** Without the frames on top that are the report's own: `getReport`, and the expression that called it. */
function interrupted(stack: readonly string[]): readonly string[] {
  return stack.slice(stack.findLastIndex((line) => line.startsWith('at eval (')) + 1);
}
